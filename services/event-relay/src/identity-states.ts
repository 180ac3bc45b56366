import type { EventStore, RecordedEvent } from '@muster/event-store';
import { type Identity, identityCategory, type IdentityEvent } from '@muster/identity';
import { type CurrentState, type Database, loadStates, saveStates } from '@muster/read-store';

/** Raise it when the fold of an identity changes. */
const FOLD = 1;
const KEPT = 20_000;

/** An identity up to and including a revision. */
export interface FoldedIdentity {
  revision: number;
  state: Identity;
}

/** An identity before its first event. */
export const nothingYet: FoldedIdentity = { revision: -1, state: identityCategory.initial };

const isKnown = (event: { type: string }): event is { type: IdentityEvent['type'] } =>
  (identityCategory.types as readonly string[]).includes(event.type);

/**
 * The folds of identities, behind the events that were relayed: in memory, then in PostgreSQL, else made again from the store. Never behind what an event says: a
 * hole before it is read from the store.
 */
export class IdentityStates {
  readonly #store: Pick<EventStore, 'load'>;
  readonly #db: Database;
  readonly #folded = new Map<string, FoldedIdentity>();
  readonly #unsaved = new Map<string, FoldedIdentity>();

  constructor(store: Pick<EventStore, 'load'>, db: Database) {
    this.#store = store;
    this.#db = db;
  }

  /** Folds events of identities, in order; answers the state of each identity that they moved, and the event that moved it last. */
  async fold(events: readonly RecordedEvent[]): Promise<Map<string, { last: RecordedEvent; state: Identity }>> {
    await this.#fetch([...new Set(events.map(({ stream }) => stream))]);
    const moved = new Map<string, { last: RecordedEvent; state: Identity }>();
    for (const event of events) {
      const before = this.#folded.get(event.stream) ?? nothingYet;
      if (event.revision <= before.revision) continue;
      const after =
        event.revision === before.revision + 1
          ? foldIdentity(before, event)
          : await this.#store.load(identityCategory, event.stream, before);
      this.#keep(event.stream, after);
      moved.set(event.stream, { last: event, state: after.state });
    }
    return moved;
  }

  /** Saves what was folded since the last time; it may be lost before, and is folded again then. */
  async save(db: Database): Promise<void> {
    const unsaved = [...this.#unsaved];
    const rows: CurrentState<Identity>[] = unsaved.map(([stream, { revision, state }]) => ({ stream, revision, state }));
    await saveStates(db, FOLD, rows);
    for (const [stream, folded] of unsaved) if (this.#unsaved.get(stream) === folded) this.#unsaved.delete(stream);
  }

  async #fetch(streams: readonly string[]): Promise<void> {
    const missing = streams.filter((stream) => !this.#folded.has(stream));
    for (const [stream, { revision, state }] of await loadStates<Identity>(this.#db, FOLD, missing))
      this.#remember(stream, { revision, state });
  }

  #keep(stream: string, folded: FoldedIdentity): void {
    this.#unsaved.set(stream, folded);
    this.#remember(stream, folded);
  }

  #remember(stream: string, folded: FoldedIdentity): void {
    this.#folded.delete(stream);
    this.#folded.set(stream, folded);
    if (this.#folded.size <= KEPT) return;
    for (const oldest of this.#folded.keys()) {
      if (this.#unsaved.has(oldest)) continue;
      this.#folded.delete(oldest);
      return;
    }
  }
}

/** The next event of an identity on what was folded before; events that the fold does not know move its revision only. */
export function foldIdentity({ state }: FoldedIdentity, event: RecordedEvent): FoldedIdentity {
  const { id, revision, recordedAt, data } = event;
  const next = isKnown(event)
    ? identityCategory.evolve(state, { ...event, data, id, revision, recordedAt } as never)
    : { ...state, revision };
  return { revision, state: next };
}
