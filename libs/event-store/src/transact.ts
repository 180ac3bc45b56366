import { randomUUID } from 'node:crypto';
import { StoreFault, TooMuchContention, WrongRevision } from './errors.ts';
import type {
  Appended,
  Category,
  Decided,
  EventMetadata,
  EventShape,
  ExpectedRevision,
  Loaded,
  NewEvent,
  ReadStreamOptions,
  RecordedEvent,
  Transacted,
} from './port.ts';
import { pause } from './wait.ts';

/** What folding and transacting need of a store. */
interface Store {
  append(stream: string, events: readonly NewEvent[], expected: ExpectedRevision): Promise<Appended>;
  readStream(stream: string, options: ReadStreamOptions): AsyncIterable<RecordedEvent>;
}

/** The metadata of what is appended: the same for all events, or made for each. */
export type TransactMeta<E extends EventShape> = EventMetadata | ((event: E) => EventMetadata);

const ATTEMPTS = 10;

const fold = <S, E extends EventShape>(category: Category<S, E>, state: S, event: RecordedEvent): S =>
  category.types && !category.types.includes(event.type) ? state : category.evolve(state, event as RecordedEvent & E);

/** See EventStore.load. */
export const load = async <S, E extends EventShape>(
  store: Pick<Store, 'readStream'>,
  category: Category<S, E>,
  stream: string,
  from?: Loaded<S>,
): Promise<Loaded<S>> => {
  let { state, revision } = from ?? { state: category.initial, revision: -1 };
  for await (const event of store.readStream(stream, { from: revision + 1 })) {
    revision = event.revision;
    state = fold(category, state, event);
  }
  return { state, revision };
};

export interface Transaction<S, E extends EventShape> {
  store: Store;
  category: Category<S, E>;
  stream: string | ({ stream: string } & Loaded<S>);
  decide: (state: S, revision: number) => readonly E[];
  meta: TransactMeta<E>;
}

/** What was decided on, and where the events went; nothing was appended if `appended` is absent. */
interface Settled<S> {
  stream: string;
  known: Loaded<S>;
  appended?: Appended;
  decided?: readonly Identified[];
}

type Identified = NewEvent & { id: string };

const toNewEvents = <E extends EventShape>(events: readonly E[], meta: TransactMeta<E>): Identified[] =>
  events.map((event) => ({
    id: randomUUID(),
    type: event.type,
    data: event.data,
    metadata: typeof meta === 'function' ? meta(event) : meta,
  }));

/** One decision on a state. `conflict`: the stream has moved on, so the state has to be loaded again. */
const attempt = async <S, E extends EventShape>(
  { store, decide, meta }: Transaction<S, E>,
  stream: string,
  { state, revision }: Loaded<S>,
): Promise<{ appended?: Appended; decided?: readonly Identified[]; conflict?: WrongRevision }> => {
  const decided = toNewEvents(decide(state, revision), meta);
  if (decided.length === 0) return {};
  try {
    return { appended: await store.append(stream, decided, revision < 0 ? 'none' : revision), decided };
  } catch (error) {
    if (error instanceof WrongRevision) return { conflict: error };
    throw error;
  }
};

const settle = async <S, E extends EventShape>(transaction: Transaction<S, E>): Promise<Settled<S>> => {
  const { store, category, stream: given } = transaction;
  const stream = typeof given === 'string' ? given : given.stream;
  // A state that was kept is tried as it is: the exact revision proves that it was the newest. Only "nothing to do" has to be checked by a read.
  let known: Loaded<S> = typeof given === 'string' ? await load(store, category, stream) : given;
  let checked = typeof given === 'string';
  let conflict: unknown;
  for (let attempts = 0; attempts < ATTEMPTS; attempts++) {
    const outcome = await attempt(transaction, stream, known);
    if (outcome.appended) return { stream, known, appended: outcome.appended, decided: outcome.decided ?? [] };
    if (!outcome.conflict && checked) return { stream, known };
    conflict = outcome.conflict;
    if (attempts > 1) await pause(Math.random() * 5 * attempts);
    known = await load(store, category, stream, known);
    checked = true;
  }
  throw new TooMuchContention(stream, ATTEMPTS, conflict);
};

/** See EventStore.decide. */
export const decide = async <S, E extends EventShape>(transaction: Transaction<S, E>): Promise<Decided> => {
  const { known, appended } = await settle(transaction);
  return appended ?? { revision: known.revision };
};

/** The state after what was just appended, without a read. */
const foldOn = <S, E extends EventShape>(
  category: Category<S, E>,
  { stream, known, appended, decided }: Required<Settled<S>>,
): Transacted<S> => {
  const recordedAt = new Date().toISOString();
  const events = decided.map((event, index): RecordedEvent => {
    const data = event.data as RecordedEvent['data'];
    return { ...event, data, stream, revision: known.revision + 1 + index, position: appended.position, recordedAt };
  });
  const state = events.reduce((before, event) => fold(category, before, event), known.state);
  return { state, ...appended, events };
};

/** See EventStore.transact. */
export const transact = async <S, E extends EventShape>(transaction: Transaction<S, E>): Promise<Transacted<S>> => {
  const { stream, known, appended, decided = [] } = await settle(transaction);
  if (!appended) return { ...known, events: [] };
  if (transaction.category.timeless) return foldOn(transaction.category, { stream, known, appended, decided });
  // Folded as the store recorded it: a state folded from guesses at `recordedAt` would differ from a replay.
  const events: RecordedEvent[] = [];
  let { state } = known;
  const { revision, position } = appended;
  for await (const event of transaction.store.readStream(stream, { from: known.revision + 1, max: revision - known.revision })) {
    events.push(event);
    state = fold(transaction.category, state, event);
  }
  if (events.at(-1)?.revision !== revision)
    throw new StoreFault(`${stream} does not show revision ${revision}, which was just written: read from the leader`);
  return { state, revision, events, position };
};
