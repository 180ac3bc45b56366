import { keySubject, personalFields } from '@muster/contracts';
import { Connection } from './connection.ts';
import { appendEvents } from './append.ts';
import type { KeyRing } from './key-ring.ts';
import { PersonalFields, type Opened, type Privacy, type Sealed } from './personal-fields.ts';
import type {
  Appended,
  Category,
  Decided,
  EventShape,
  ExpectedRevision,
  Loaded,
  NewEvent,
  ReadAllOptions,
  ReadStreamOptions,
  RecordedEvent,
  Transacted,
} from './port.ts';
import { appendedSince, headPosition, readAll, readStream } from './read.ts';
import { Subscription, type SubscribeOptions } from './subscription.ts';
import { decide, load, transact, type TransactMeta } from './transact.ts';

export interface ConnectOptions {
  /** As the official client takes it: `esdb://host:port?tls=false`, `esdb+discover://...`. */
  connectionString: string;
  keyRing: KeyRing;
  /** Default: what the contracts say. */
  privacy?: Privacy;
  /** How long one operation may take before it fails, its own retries included. Default 10 s. */
  timeoutMs?: number;
}

/** The event store as services see it. One a process: `connect` throws StoreMisuse while another is open. */
export class EventStore {
  readonly #connection: Connection;
  readonly #fields: PersonalFields;
  readonly #subscriptions = new Set<Subscription>();

  private constructor(connection: Connection, fields: PersonalFields) {
    this.#connection = connection;
    this.#fields = fields;
  }

  /** Does not wait for the store: the first operation connects, and each one reconnects by itself. */
  static connect({ connectionString, keyRing, privacy = { personalFields, keySubject }, timeoutMs = 10_000 }: ConnectOptions): EventStore {
    return new EventStore(Connection.open(connectionString, timeoutMs), new PersonalFields({ keyRing, privacy }));
  }

  /** Encryption of personal fields, for stored data that came another way, and HMACs under the keys of the ring. */
  get personalFields(): PersonalFields {
    return this.#fields;
  }

  /**
   * Appends events of one stream, all or none, in order. Resolves when the store has them safely. Lost connections are retried with the same
   * event ids, which cannot write them twice. Throws WrongRevision, StreamDeleted, AccessDenied, AppendTooLarge, StoreUnavailable, StoreTimeout.
   */
  append(stream: string, events: readonly NewEvent[], expected: ExpectedRevision): Promise<Appended> {
    return appendEvents({ connection: this.#connection, fields: this.#fields }, stream, events, expected);
  }

  /** Events of one stream; none if it does not exist. Goes on by itself after a lost connection. */
  readStream(stream: string, options: ReadStreamOptions = {}): AsyncIterable<RecordedEvent> {
    return readStream(this.#connection, this.#fields, stream, options);
  }

  /** Events of all streams in store order. Goes on by itself after a lost connection. */
  readAll(options: ReadAllOptions = {}): AsyncIterable<RecordedEvent> {
    return readAll(this.#connection, this.#fields, options);
  }

  /**
   * Tells of every event that was appended after a position, in store order, without opening it: one read for whoever has many streams to keep up with.
   * Resolves with the position to go on from; everything that was acknowledged before the call was told.
   */
  appendedSince(position: string, note: (appended: { stream: string; revision: number }) => void): Promise<string> {
    return appendedSince(this.#connection, position, note);
  }

  /** Folds a stream, or goes on from a state that was folded before. */
  load<S, E extends EventShape>(category: Category<S, E>, stream: string, from?: Loaded<S>): Promise<Loaded<S>> {
    return load(this, category, stream, from);
  }

  /**
   * Folds the stream, lets `decide` say which events follow, and appends them at exactly the revision that was read; on a conflict it folds and
   * decides again, at most 10 times (TooMuchContention). `decide` must be pure: it may run several times. No events = nothing is written.
   * A state that was kept, given with the stream, spares the read; if it is old, that shows as a conflict.
   */
  transact<S, E extends EventShape>(
    category: Category<S, E>,
    stream: string | ({ stream: string } & Loaded<S>),
    decide: (state: S, revision: number) => readonly E[],
    meta: TransactMeta<E>,
  ): Promise<Transacted<S>> {
    return transact({ store: this, category, stream, decide, meta });
  }

  /** As `transact`, for callers that do not need the new state and the recorded events: it does not read them back. */
  decide<S, E extends EventShape>(
    category: Category<S, E>,
    stream: string | ({ stream: string } & Loaded<S>),
    decision: (state: S, revision: number) => readonly E[],
    meta: TransactMeta<E>,
  ): Promise<Decided> {
    return decide({ store: this, category, stream, decide: decision, meta });
  }

  /** Follows the store from a position, for ever; see SubscribeOptions. */
  subscribe(options: SubscribeOptions): Subscription {
    const subscription = new Subscription(this.#connection, this.#fields, options);
    this.#subscriptions.add(subscription);
    void subscription.done.finally(() => this.#subscriptions.delete(subscription));
    return subscription;
  }

  /** Position of the last event of the store; `0` if it is empty. */
  headPosition(): Promise<string> {
    return headPosition(this.#connection);
  }

  /** Resolves if the store answers a read within 2 s; else throws StoreUnavailable, StoreTimeout or AccessDenied. */
  async checkHealth(): Promise<{ position: string }> {
    return { position: await headPosition(this.#connection, 2_000) };
  }

  /** Opens the personal fields of stored data, such as a message from an internal topic carries. */
  decode(sealed: Sealed): Promise<Opened> {
    return this.#fields.open(sealed);
  }

  /** Stops subscriptions (waits for a handler that is running), lets appends in flight end, closes the connection. A new `connect` may follow. */
  async close(): Promise<void> {
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.stop()));
    await this.#connection.close();
  }
}
