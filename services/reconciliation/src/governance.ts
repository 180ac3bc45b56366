import type { CaseOpened, CaseResolved, FlowDocument, FlowPublished, FlowRetired } from '@muster/contracts';
import type { EventStore, RecordedEvent, Subscription } from '@muster/event-store';
import { type CompiledFlow, compileFlow } from '@muster/flow';
import type { Logger } from 'pino';

/** A question to a person, as it stands. */
export interface KnownCase {
  readonly opened: CaseOpened;
  readonly openedAt: string;
  /** Absent while it is open. */
  readonly answer?: string;
}

/** What a change of governance means: everybody is looked at again, or some people are. */
export type GovernanceChange = 'everybody' | readonly string[];

/**
 * What decisions need beside facts about people: the flow versions in force, and the cases. Followed in the store from its start and kept in memory: there
 * is little of it, and a restart reads it again.
 */
export class Governance {
  readonly #store: EventStore;
  readonly #logger: Logger;
  readonly #onChange: (change: GovernanceChange) => Promise<void>;
  readonly #flows = new Map<string, CompiledFlow>();
  readonly #cases = new Map<string, KnownCase>();
  readonly #caughtUp = Promise.withResolvers<void>();
  #subscription: Subscription | undefined;

  constructor(store: EventStore, logger: Logger, onChange: (change: GovernanceChange) => Promise<void>) {
    this.#store = store;
    this.#logger = logger;
    this.#onChange = onChange;
  }

  start(): void {
    let live = false;
    this.#subscription = this.#store.subscribe({
      from: 'start',
      prefixes: ['flow-', 'case-'],
      onBatch: async (events) => {
        for (const event of events) this.#fold(event);
        if (live) await this.#announce(events);
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
    return [...this.#cases.values()].filter(({ opened }) => opened.identityId === identityId);
  }

  find(caseId: string): KnownCase | undefined {
    return this.#cases.get(caseId);
  }

  #fold({ type, data, recordedAt }: RecordedEvent): void {
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
        this.#cases.set(opened.caseId, { opened, openedAt: recordedAt });
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

  async #announce(events: readonly RecordedEvent[]): Promise<void> {
    if (events.some(({ type }) => type.startsWith('Flow'))) return this.#onChange('everybody');
    const concerned = events.flatMap(({ data }) => this.#cases.get(data.caseId as string)?.opened.identityId ?? []);
    if (concerned.length > 0) await this.#onChange([...new Set(concerned)]);
  }
}
