import { type Command, streamOf } from '@muster/contracts';
import { comparePositions, type EventStore, type Loaded, type RecordedEvent, StoreFault } from '@muster/event-store';
import {
  type Account,
  accountCategory,
  generationOf,
  hasEnded,
  type Identity,
  identityCategory,
  type Plan,
  planCategory,
  type PlanEvent,
  type Provisioning,
  provisioningCategory,
  type SendFacts,
  wantedCommand,
} from '@muster/identity';
import type { Following, StoreTail } from './store-tail.ts';

/** A command as one plan holds it, and where that plan stands. */
export interface Planned {
  readonly command: Command;
  readonly planId: string;
  readonly revision: number;
  readonly eventId: string;
  readonly correlationId: string;
}

/** More in a row mean that the stream is read from where it lags behind. */
const MOST_READS = 8;

interface Read {
  readonly stream: string;
  /** The revision that was read. */
  readonly known: number;
  readonly read: () => Promise<void>;
}

interface Known {
  /** Position of the first plan that held it. */
  readonly firstAt: string;
  readonly firstRecordedAt: string;
  /** One for each plan that held it, in order. */
  readonly versions: Planned[];
}

/** Whose facts, and what says which of their streams have moved. */
export interface FactsOf {
  readonly identityId: string;
  readonly connection: string;
  readonly tail: StoreTail;
}

/**
 * What the store says of one person, as far as one connection is concerned. Every read goes on where the last one ended, and only what has moved is read
 * again. To be closed.
 */
export class IdentityFacts implements SendFacts {
  readonly #store: EventStore;
  readonly #identityId: string;
  readonly #connection: string;
  readonly #tail: StoreTail;
  readonly #following: Following;
  readonly #commands = new Map<string, Known>();
  readonly #accounts = new Map<string, Loaded<Account>>();
  #identity: Loaded<Identity> = { state: identityCategory.initial, revision: -1 };
  #provisioning: Loaded<Provisioning> = { state: provisioningCategory.initial, revision: -1 };
  #plan: Loaded<Plan> = { state: planCategory.initial, revision: -1 };
  #reading: Promise<void> | undefined;

  private constructor(store: EventStore, { identityId, connection, tail }: FactsOf) {
    this.#store = store;
    this.#identityId = identityId;
    this.#connection = connection;
    this.#tail = tail;
    this.#following = tail.follow();
  }

  static async load(store: EventStore, of: FactsOf): Promise<IdentityFacts> {
    const facts = new IdentityFacts(store, of);
    try {
      await Promise.all(facts.#own().map(({ stream }) => facts.#following.add(stream)));
      await Promise.all(facts.#own().map(({ read }) => read()));
      return facts;
    } catch (error) {
      facts.close();
      throw error;
    }
  }

  close(): void {
    this.#following.end();
  }

  get identity(): Identity {
    return this.#identity.state;
  }

  get plan(): Plan {
    return this.#plan.state;
  }

  get provisioning(): Provisioning {
    return this.#provisioning.state;
  }

  /** The results, to go on from. */
  get results(): Loaded<Provisioning> {
    return this.#provisioning;
  }

  /** Knows, when it resolves, everything that was appended before it was called. Throws what the store throws. */
  async refresh(): Promise<void> {
    await this.#tail.catchUp();
    for (let reads = 0; this.#moved().length > 0; reads += 1) {
      if (reads === MOST_READS) throw new StoreFault(`${this.#moved()[0]?.stream} does not show what was appended: read from the leader`);
      // A read that is under way may have begun too early: then one more follows.
      this.#reading ??= this.#readMoved().finally(() => (this.#reading = undefined));
      await this.#reading;
    }
  }

  /** Results that were recorded just now, so that they need not be read again. */
  learn(results: Loaded<Provisioning>): void {
    if (results.revision > this.#provisioning.revision) this.#provisioning = results;
  }

  /** The account as ingestion recorded it; kept up to date by every later `refresh`. */
  async account(accountId: string): Promise<Account> {
    if (!this.#accounts.has(accountId)) {
      await this.#following.add(streamOf.account(this.#connection, accountId));
      await this.#readAccount(accountId);
    }
    return this.#accounts.get(accountId)?.state ?? accountCategory.initial;
  }

  /** As of the last read, without reading. */
  accountAsKnown(accountId: string): Account {
    return this.#accounts.get(accountId)?.state ?? accountCategory.initial;
  }

  /** A command as it is wanted now, or else as the last plan that held it had it. */
  planned(commandId: string): Planned | undefined {
    return this.#commands.get(commandId)?.versions.at(-1);
  }

  /** A command as the plan of that revision had it. */
  plannedAt(commandId: string, revision: number): Planned | undefined {
    return this.#commands.get(commandId)?.versions.findLast((version) => version.revision <= revision);
  }

  /** When the first plan that held the command was released, by the store's clock. */
  firstPlanned(commandId: string): string | undefined {
    return this.#commands.get(commandId)?.firstRecordedAt;
  }

  /** Whether a plan at or before this position held the command. */
  wasPlannedBy(commandId: string, position: string): boolean {
    const known = this.#commands.get(commandId);
    return known !== undefined && comparePositions(known.firstAt, position) <= 0;
  }

  /**
   * Ids of the commands of this connection that have not ended: those wanted, and those that an earlier plan wanted while nothing of their object and field
   * has ended since.
   */
  open(): string[] {
    const { provisioning, plan } = this;
    return [...this.#commands.keys()].filter((commandId) => {
      const command = this.planned(commandId)?.command;
      if (command === undefined || hasEnded(provisioning, command)) return false;
      const mayBeOpen = commandId in provisioning.open || command.generation === generationOf(provisioning, command);
      return wantedCommand(plan, commandId) !== undefined || mayBeOpen;
    });
  }

  #own(): Read[] {
    const id = this.#identityId;
    return [
      { stream: streamOf.identity(id), known: this.#identity.revision, read: () => this.#readIdentity() },
      { stream: streamOf.provisioning(id), known: this.#provisioning.revision, read: () => this.#readResults() },
      { stream: streamOf.plan(id), known: this.#plan.revision, read: () => this.#readPlan() },
    ];
  }

  /** What was appended to since it was read. */
  #moved(): Read[] {
    const accounts = [...this.#accounts].map(([accountId, { revision }]) => ({
      stream: streamOf.account(this.#connection, accountId),
      known: revision,
      read: () => this.#readAccount(accountId),
    }));
    return [...this.#own(), ...accounts].filter(({ stream, known }) => this.#following.heardOf(stream) > known);
  }

  async #readMoved(): Promise<void> {
    await Promise.all(this.#moved().map(({ read }) => read()));
  }

  async #readIdentity(): Promise<void> {
    this.#identity = await this.#store.load(identityCategory, streamOf.identity(this.#identityId), this.#identity);
  }

  async #readResults(): Promise<void> {
    this.learn(await this.#store.load(provisioningCategory, streamOf.provisioning(this.#identityId), this.#provisioning));
  }

  async #readAccount(accountId: string): Promise<void> {
    const stream = streamOf.account(this.#connection, accountId);
    this.#accounts.set(accountId, await this.#store.load(accountCategory, stream, this.#accounts.get(accountId)));
  }

  async #readPlan(): Promise<void> {
    let { state, revision } = this.#plan;
    for await (const event of this.#store.readStream(streamOf.plan(this.#identityId), { from: revision + 1 })) {
      revision = event.revision;
      if (!planCategory.types.includes(event.type as PlanEvent['type'])) continue;
      state = planCategory.evolve(state, event as RecordedEvent & PlanEvent);
      if (event.type === 'PlanReleased' && state.released) this.#note(event, state.released.planId, state.released.commands);
    }
    this.#plan = { state, revision };
  }

  #note({ id, revision, position, recordedAt, metadata }: RecordedEvent, planId: string, commands: readonly Command[]): void {
    const { correlationId } = metadata;
    for (const command of commands) {
      if (command.connection !== this.#connection) continue;
      const known = this.#commands.get(command.commandId) ?? { firstAt: position, firstRecordedAt: recordedAt, versions: [] };
      this.#commands.set(command.commandId, known);
      known.versions.push({ command, planId, revision, eventId: id, correlationId });
    }
  }
}
