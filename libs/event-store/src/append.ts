import { randomUUID } from 'node:crypto';
import { Appender } from './appender.ts';
import type { Connection } from './connection.ts';
import { AppendTooLarge, EventStoreError, StoreFault, StoreTimeout, StoreUnavailable, WrongRevision } from './errors.ts';
import { isLost, toPortError } from './faults.ts';
import type { PersonalFields } from './personal-fields.ts';
import type { Appended, ExpectedRevision, NewEvent } from './port.ts';
import { findEvent, positionAt } from './read.ts';
import { pause } from './wait.ts';
import type { WireEvent } from './wire.ts';

/** What EventStoreDB takes in one append by default. Counted here: data, metadata and type. */
export const MAX_APPEND_BYTES = 1024 * 1024;

interface Session {
  connection: Connection;
  fields: PersonalFields;
}

const appenders = new WeakMap<Connection, Appender>();

const appenderOf = (connection: Connection): Appender => {
  let appender = appenders.get(connection);
  if (!appender) {
    appender = new Appender(connection);
    appenders.set(connection, appender);
  }
  return appender;
};

const toWire = async (fields: PersonalFields, stream: string, event: NewEvent): Promise<WireEvent> => ({
  id: event.id ?? randomUUID(),
  type: event.type,
  data: Buffer.from(JSON.stringify(await fields.seal({ stream, type: event.type, data: event.data }))),
  metadata: Buffer.from(JSON.stringify(event.metadata)),
});

const sizeOf = (events: readonly WireEvent[]): number =>
  events.reduce((sum, { data, metadata, type }) => sum + data.length + metadata.length + type.length, 0);

/** See EventStore.append. */
export const appendEvents = async (
  { connection, fields }: Session,
  stream: string,
  events: readonly NewEvent[],
  expected: ExpectedRevision,
): Promise<Appended> => {
  connection.ensureOpen();
  if (events.length === 0) throw new TypeError(`An append to ${stream} needs at least one event`);
  const wire = await Promise.all(events.map((event) => toWire(fields, stream, event)));
  const size = sizeOf(wire);
  if (size > MAX_APPEND_BYTES) throw new AppendTooLarge(stream, size, MAX_APPEND_BYTES);
  return new Attempt(connection, stream, wire, expected).run();
};

/** One append over all its tries. */
class Attempt {
  readonly #connection: Connection;
  readonly #stream: string;
  readonly #events: readonly WireEvent[];
  readonly #deadline: number;
  #expected: ExpectedRevision;
  #sent = false;

  constructor(connection: Connection, stream: string, events: readonly WireEvent[], expected: ExpectedRevision) {
    this.#connection = connection;
    this.#stream = stream;
    this.#events = events;
    this.#expected = expected;
    this.#deadline = Date.now() + connection.timeoutMs;
  }

  async run(): Promise<Appended> {
    for (let delay = 20; ; delay = Math.min(delay * 2, 1_000)) {
      try {
        return await this.#send();
      } catch (error) {
        const failure = toPortError(error, `append to ${this.#stream}`, this.#stream);
        if (!isLost(failure)) throw failure;
        if (Date.now() + delay >= this.#deadline || this.#connection.closed) throw this.#givenUp(failure);
        await pause(delay);
        const found = await this.#settleAny();
        if (found) return found;
      }
    }
  }

  async #send(): Promise<Appended> {
    const remaining = this.#deadline - Date.now();
    const answer = await appenderOf(this.#connection).send(
      { stream: this.#stream, events: this.#events, expected: this.#expected, timeoutMs: remaining },
      () => (this.#sent = true),
    );
    if (answer.outcome === 'conflict') return this.#conflict(answer.actual);
    // The store leaves the position out when it recognises a repetition that it has to look up on disk.
    const position = answer.position ?? (await positionAt(this.#connection, this.#stream, answer.revision));
    return { revision: answer.revision, position };
  }

  async #conflict(actual: number | undefined): Promise<Appended> {
    if (this.#expected === 'any' || this.#fixed === undefined) throw new WrongRevision(this.#stream, this.#expected, actual);
    const found = await this.#settleAny();
    return found ?? this.#send();
  }

  #fixed: number | undefined;

  /**
   * The answer to an append at `any` was lost. The store recognises repeated ids there for a short while only, so look whether it is written, and
   * if not go on at the exact revision that was seen: from then on the store compares ids for ever, and what is still on its way cannot follow it.
   */
  async #settleAny(): Promise<Appended | undefined> {
    if (!this.#sent || (this.#expected !== 'any' && this.#fixed === undefined)) return undefined;
    const first = this.#events[0] as WireEvent;
    const { found, head } = await findEvent(this.#connection, this.#stream, first.id);
    if (found !== undefined) {
      const revision = found + this.#events.length - 1;
      return { revision, position: await positionAt(this.#connection, this.#stream, revision) };
    }
    this.#fixed = head;
    this.#expected = head < 0 ? 'none' : head;
    return undefined;
  }

  #givenUp(cause: EventStoreError): EventStoreError {
    const options = { cause, outcomeUnknown: this.#sent };
    const outcome = this.#sent ? 'its outcome is unknown, repeating it with the same event ids is safe' : 'nothing was written';
    const message = `Append to ${this.#stream} was given up after ${this.#connection.timeoutMs} ms; ${outcome}`;
    if (cause instanceof StoreTimeout) return new StoreTimeout(message, options);
    if (cause instanceof StoreUnavailable) return new StoreUnavailable(message, options);
    return new StoreFault(message, options);
  }
}
