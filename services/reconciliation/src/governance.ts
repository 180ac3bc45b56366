import type { CaseOpened, CaseResolved, FlowDocument, FlowPublished, FlowRetired } from '@muster/contracts';
import { comparePositions, type EventStore, type RecordedEvent, type Subscription } from '@muster/event-store';
import { type CompiledFlow, compileFlow } from '@muster/flow';
import type { Logger } from 'pino';
import type { Cause } from './dirty.ts';

/** A question to a person, as it stands. */
export interface KnownCase {
  readonly opened: CaseOpened;
  readonly openedAt: string;
  /** The event that opened it. */
  readonly cause: Cause;
  /** Absent while it is open. */
  readonly answer?: string;
}

/** A flow version that came into force, or was taken out of it. */
export interface FlowChange {
  readonly flow: string;
  readonly version: number;
  readonly retired: boolean;
  readonly cause: Cause;
}

const causeOf = ({ id, metadata }: Pick<RecordedEvent, 'id' | 'metadata'>): Cause => ({ id, correlationId: metadata.correlationId });

/** Who is told of a change. */
export interface GovernanceListener {
  /** A flow is about to change: until this is done, plans are made with what was in force before. */
  beforeFlow(change: FlowChange): Promise<void>;
  /** A flow has changed: everybody is to be looked at again. */
  afterFlows(cause: Cause): Promise<void>;
  /** Up to which position flows were heard of before this start; undefined: never, or it is not known any more. */
  heardUpTo(): Promise<string | undefined>;
  /** Flows were heard of up to here, and whoever had to be told was. */
  heard(position: string): Promise<void>;
  /** A case of a person was opened or answered. */
  onCase(identityId: string, cause: Cause): Promise<void>;
}

/**
 * What decisions need beside facts about people: the flow versions in force, and the cases. Followed in the store from its start and kept in memory: there
 * is little of it, and a restart reads it again.
 */
export class Governance {
  readonly #store: EventStore;
  readonly #logger: Logger;
  readonly #listener: GovernanceListener;
  readonly #flows = new Map<string, CompiledFlow>();
  readonly #cases = new Map<string, KnownCase>();
  readonly #casesOf = new Map<string, Set<string>>();
  readonly #caughtUp = Promise.withResolvers<void>();
  #subscription: Subscription | undefined;

  constructor(store: EventStore, logger: Logger, listener: GovernanceListener) {
    this.#store = store;
    this.#logger = logger;
    this.#listener = listener;
  }

  start(): void {
    let live = false;
    let before: { upTo: string | undefined } | undefined;
    this.#subscription = this.#store.subscribe({
      from: 'start',
      prefixes: ['flow-', 'case-'],
      onBatch: async (events) => {
        before ??= { upTo: await this.#listener.heardUpTo() };
        const { upTo } = before;
        // What was published while nobody listened takes as much from people as what is published now.
        const news = events.filter(({ position }) => live || (upTo !== undefined && comparePositions(position, upTo) > 0));
        await this.#foretell(news);
        for (const event of events) this.#fold(event);
        await this.#announce(news);
        const last = events.findLast(({ type }) => type.startsWith('Flow'));
        if (last) await this.#listener.heard(last.position);
      },
      onCaughtUp: () => {
        live = true;
        this.#caughtUp.resolve();
      },
      onError: (error) => this.#logger.warn({ error: String(error) }, 'flows and cases cannot be followed; trying again'),
    });
  }

  async stop(): Promise<void> {
    await this.#subscription?.stop();
    this.#caughtUp.resolve();
  }

  /** Resolves once everything that was published before the start is known: no plan is made before. */
  get ready(): Promise<void> {
    return this.#caughtUp.promise;
  }

  get flows(): readonly CompiledFlow[] {
    return [...this.#flows.values()];
  }

  /** Cases that nobody answered yet, the oldest first. */
  openCases(): KnownCase[] {
    return [...this.#cases.values()].filter(({ answer }) => answer === undefined).toSorted((a, b) => (a.openedAt < b.openedAt ? -1 : 1));
  }

  casesOf(identityId: string): KnownCase[] {
    return [...(this.#casesOf.get(identityId) ?? [])].flatMap((caseId) => this.#cases.get(caseId) ?? []);
  }

  find(caseId: string): KnownCase | undefined {
    return this.#cases.get(caseId);
  }

  #fold({ id, type, data, recordedAt, metadata }: RecordedEvent): void {
    switch (type) {
      case 'FlowPublished': {
        const { flowId, document, version } = data as unknown as FlowPublished;
        this.#flows.set(flowId, compileFlow({ ...(document as unknown as FlowDocument), version }));
        break;
      }
      case 'FlowRetired':
        this.#flows.delete((data as unknown as FlowRetired).flowId);
        break;
      case 'CaseOpened': {
        const opened = data as unknown as CaseOpened;
        this.#cases.set(opened.caseId, { opened, openedAt: recordedAt, cause: causeOf({ id, metadata }) });
        this.#remember(opened);
        break;
      }
      case 'CaseResolved': {
        const { caseId, answer } = data as unknown as CaseResolved;
        const known = this.#cases.get(caseId);
        if (known) this.#cases.set(caseId, { ...known, answer });
        break;
      }
      default:
    }
  }

  #remember({ caseId, identityId }: CaseOpened): void {
    if (identityId === undefined) return;
    const theirs = this.#casesOf.get(identityId) ?? new Set();
    this.#casesOf.set(identityId, theirs.add(caseId));
  }

  async #foretell(events: readonly RecordedEvent[]): Promise<void> {
    for (const { id, type, data, metadata } of events) {
      if (type !== 'FlowPublished' && type !== 'FlowRetired') continue;
      const { flowId, version } = data as unknown as FlowPublished | FlowRetired;
      await this.#listener.beforeFlow({ flow: flowId, version, retired: type === 'FlowRetired', cause: causeOf({ id, metadata }) });
    }
  }

  async #announce(events: readonly RecordedEvent[]): Promise<void> {
    const flow = events.findLast(({ type }) => type.startsWith('Flow'));
    if (flow) await this.#listener.afterFlows(causeOf(flow));
    for (const event of events) {
      const identityId = event.type.startsWith('Case') ? this.#cases.get(event.data['caseId'] as string)?.opened.identityId : undefined;
      if (identityId !== undefined) await this.#listener.onCase(identityId, causeOf(event));
    }
  }
}
