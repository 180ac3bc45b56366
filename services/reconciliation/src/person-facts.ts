import { type InputRef, streamOf } from '@muster/contracts';
import type { EventMetadata, EventStore, Loaded } from '@muster/event-store';
import {
  type Account,
  accountCategory,
  type Case,
  caseCategory,
  type Claim,
  claimCategory,
  fold,
  type Identity,
  identityCategory,
  type Plan,
  planCategory,
  type Provisioning,
  provisioningCategory,
  type Step,
  type StreamCategory,
  type Worker,
  workerCategory,
} from '@muster/identity';
import type { KeptStreams } from './kept-streams.ts';

type Decided = { type: string; data: object };

/** How steps come true: written to the store, or, for a dry run, only in what has been loaded. */
export type Writing = { readonly live: (type: string) => EventMetadata } | 'dry';

/** What became of a decision. `overtaken`: it was made on facts that were no longer the newest, and on those it changes nothing. */
export type Applied = 'changed' | 'overtaken' | 'nothing';

/**
 * The streams that one decision about one person reads, each loaded once, from the store itself. Remembers what it read and up to which revision: that
 * is recorded with the plan.
 */
export class PersonFacts {
  private readonly loaded = new Map<string, Loaded<unknown>>();
  private readonly loading = new Map<string, Promise<Loaded<unknown>>>();

  constructor(
    private readonly from: { readonly store: EventStore; readonly streams: KeptStreams },
    private readonly writing: Writing,
    private readonly asOf: string,
  ) {}

  worker = (stream: string): Promise<Worker> => this.load(workerCategory, stream);
  identity = (identityId: string): Promise<Identity> => this.load(identityCategory, streamOf.identity(identityId));
  claim = (stream: string): Promise<Claim> => this.load(claimCategory, stream);
  account = (connection: string, accountId: string): Promise<Account> =>
    this.load(accountCategory, streamOf.account(connection, accountId));
  provisioning = (identityId: string): Promise<Provisioning> => this.load(provisioningCategory, streamOf.provisioning(identityId));
  plan = (identityId: string): Promise<Plan> => this.load(planCategory, streamOf.plan(identityId));
  case = (stream: string): Promise<Case> => this.load(caseCategory, stream);

  /** What every decision about a person reads, loaded together. */
  async prepare(identityId: string, workerStream: string): Promise<void> {
    await Promise.all([this.worker(workerStream), this.identity(identityId), this.provisioning(identityId), this.plan(identityId)]);
  }

  /** A claim that was loaded before, as it stands now. */
  claimAsLoaded = (stream: string): Claim => (this.loaded.get(stream) as Loaded<Claim> | undefined)?.state ?? claimCategory.initial;

  /** Every stream that was read and held something, with its revision. */
  inputs(): InputRef[] {
    return [...this.loaded]
      .filter(([, { revision }]) => revision >= 0)
      .map(([stream, { revision }]) => ({ stream, revision }))
      .toSorted((a, b) => (a.stream < b.stream ? -1 : 1));
  }

  /** Takes a step. What its stream held is loaded anew if somebody else wrote there. */
  apply(step: Step): Promise<Applied> {
    switch (step.category) {
      case 'claim':
        return this.change(claimCategory, step.stream, step.decide);
      case 'identity':
        return this.change(identityCategory, step.stream, step.decide);
      case 'case':
        return this.change(caseCategory, step.stream, step.decide);
    }
  }

  async change<S, E extends Decided>(category: StreamCategory<S, E>, stream: string, decide: (state: S) => readonly E[]): Promise<Applied> {
    const before = await this.loadWhole(category, stream);
    if (this.writing === 'dry') {
      const events = decide(before.state);
      const recorded = events.map((event, index) => ({ ...event, id: '', revision: before.revision + 1 + index, recordedAt: this.asOf }));
      this.loaded.set(stream, { state: fold(category, recorded, before.state), revision: before.revision + events.length });
      return events.length > 0 ? 'changed' : 'nothing';
    }
    // What was just read and asks for nothing need not be read again to know that.
    if (decide(before.state).length === 0) return 'nothing';
    const { live } = this.writing;
    const { state, revision, events } = await this.from.store.transact(category, { stream, ...before }, decide, (event) =>
      live(event.type),
    );
    this.remember(stream, { state, revision });
    if (events.length > 0) return 'changed';
    return revision === before.revision ? 'nothing' : 'overtaken';
  }

  private async load<S, E extends Decided>(category: StreamCategory<S, E>, stream: string): Promise<S> {
    return (await this.loadWhole(category, stream)).state;
  }

  private async loadWhole<S, E extends Decided>(category: StreamCategory<S, E>, stream: string): Promise<Loaded<S>> {
    const known = this.loaded.get(stream) as Loaded<S> | undefined;
    if (known) return known;
    const { store, streams } = this.from;
    const loading = this.loading.get(stream) ?? store.load(category, stream, streams.find<S>(stream));
    this.loading.set(stream, loading);
    const read = (await loading) as Loaded<S>;
    if (!this.loaded.has(stream)) this.remember(stream, read);
    return this.loaded.get(stream) as Loaded<S>;
  }

  private remember(stream: string, loaded: Loaded<unknown>): void {
    this.loaded.set(stream, loaded);
    this.from.streams.keep(stream, loaded);
  }
}
