import { randomUUID } from 'node:crypto';
import { StoreFault, TooMuchContention, WrongRevision } from './errors.ts';
import type {
  Appended,
  Category,
  EventMetadata,
  EventShape,
  ExpectedRevision,
  Loaded,
  NewEvent,
  ReadStreamOptions,
  RecordedEvent,
  Transacted,
} from './port.ts';

/** What folding and transacting need of a store. */
interface Store {
  append(stream: string, events: readonly NewEvent[], expected: ExpectedRevision): Promise<Appended>;
  readStream(stream: string, options: ReadStreamOptions): AsyncIterable<RecordedEvent>;
}

/** The metadata of what is appended: the same for all events, or made for each. */
export type TransactMeta<E extends EventShape> = EventMetadata | ((event: E) => EventMetadata);

const ATTEMPTS = 10;

/** See EventStore.load. */
export const load = async <S, E extends EventShape>(
  store: Store,
  category: Category<S, E>,
  stream: string,
  from?: Loaded<S>,
): Promise<Loaded<S>> => {
  let { state, revision } = from ?? { state: category.initial, revision: -1 };
  for await (const event of store.readStream(stream, { from: revision + 1 })) {
    revision = event.revision;
    if (category.types && !category.types.includes(event.type)) continue;
    state = category.evolve(state, event as RecordedEvent & E);
  }
  return { state, revision };
};

interface Transaction<S, E extends EventShape> {
  store: Store;
  category: Category<S, E>;
  stream: string | ({ stream: string } & Loaded<S>);
  decide: (state: S, revision: number) => readonly E[];
  meta: TransactMeta<E>;
}

const toNewEvents = <E extends EventShape>(events: readonly E[], meta: TransactMeta<E>): (NewEvent & { id: string })[] =>
  events.map((event) => ({
    id: randomUUID(),
    type: event.type,
    data: event.data,
    metadata: typeof meta === 'function' ? meta(event) : meta,
  }));

/** See EventStore.transact. */
export const transact = async <S, E extends EventShape>({
  store,
  category,
  stream: given,
  decide,
  meta,
}: Transaction<S, E>): Promise<Transacted<S>> => {
  const stream = typeof given === 'string' ? given : given.stream;
  let known: Loaded<S> | undefined = typeof given === 'string' ? undefined : given;
  let conflict: unknown;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    known = await load(store, category, stream, known);
    const decided = decide(known.state, known.revision);
    if (decided.length === 0) return { ...known, events: [] };
    const events = toNewEvents(decided, meta);
    try {
      const { revision, position } = await store.append(stream, events, known.revision < 0 ? 'none' : known.revision);
      return await appended({ store, category, stream, known, revision, position });
    } catch (error) {
      if (!(error instanceof WrongRevision)) throw error;
      conflict = error;
    }
  }
  throw new TooMuchContention(stream, ATTEMPTS, conflict);
};

interface Done<S, E extends EventShape> {
  store: Store;
  category: Category<S, E>;
  stream: string;
  known: Loaded<S>;
  revision: number;
  position: string;
}

/** Folds what was appended as the store recorded it: a state folded from guesses at `recordedAt` would differ from a replay. */
const appended = async <S, E extends EventShape>({
  store,
  category,
  stream,
  known,
  revision,
  position,
}: Done<S, E>): Promise<Transacted<S>> => {
  const events: RecordedEvent[] = [];
  let { state } = known;
  for await (const event of store.readStream(stream, { from: known.revision + 1, until: { revision } })) {
    events.push(event);
    state = category.evolve(state, event as RecordedEvent & E);
  }
  if (events.length < revision - known.revision)
    throw new StoreFault(`${stream} does not show revision ${revision}, which was just written: read from the leader`);
  return { state, revision, events, position };
};
