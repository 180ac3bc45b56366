import { type Command, streamOf } from '@muster/contracts';
import { comparePositions, type EventStore, type Loaded, type RecordedEvent } from '@muster/event-store';
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

/** A command as one plan holds it, and where that plan stands. */
export interface Planned {
  readonly command: Command;
  readonly planId: string;
  readonly revision: number;
  readonly eventId: string;
  readonly correlationId: string;
}

interface Known {
  /** Position of the first plan that held it. */
  readonly firstAt: string;
  readonly firstRecordedAt: string;
  /** One for each plan that held it, in order. */
  readonly versions: Planned[];
}

/** What the store says of one person, as far as one connection is concerned. Every read goes on where the last one ended. */
export class IdentityFacts implements SendFacts {
  readonly #store: EventStore;
  readonly #identityId: string;
  readonly #connection: string;
  readonly #commands = new Map<string, Known>();
  readonly #accounts = new Map<string, Loaded<Account>>();
  #identity: Loaded<Identity> = { state: identityCategory.initial, revision: -1 };
  #provisioning: Loaded<Provisioning> = { state: provisioningCategory.initial, revision: -1 };
  #plan: Loaded<Plan> = { state: planCategory.initial, revision: -1 };

  private constructor(store: EventStore, identityId: string, connection: string) {
    this.#store = store;
    this.#identityId = identityId;
    this.#connection = connection;
  }

  static async load(store: EventStore, { identityId, connection }: { identityId: string; connection: string }): Promise<IdentityFacts> {
    const facts = new IdentityFacts(store, identityId, connection);
    await facts.refresh();
    return facts;
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

  /** Reads what was appended since. Throws what the store throws. */
  async refresh(): Promise<void> {
    const id = this.#identityId;
    const [identity, provisioning] = await Promise.all([
      this.#store.load(identityCategory, streamOf.identity(id), this.#identity),
      this.#store.load(provisioningCategory, streamOf.provisioning(id), this.#provisioning),
      this.#readPlan(),
      ...[...this.#accounts.keys()].map((accountId) => this.#readAccount(accountId)),
    ]);
    this.#identity = identity;
    this.#provisioning = provisioning;
  }

  /** The account as ingestion recorded it; kept up to date by every later `refresh`. */
  async account(accountId: string): Promise<Account> {
    if (!this.#accounts.has(accountId)) await this.#readAccount(accountId);
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
