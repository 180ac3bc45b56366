import {
  BACKWARDS,
  END,
  FORWARDS,
  START,
  StreamNotFoundError,
  type ResolvedEvent,
  type RecordedEvent as ClientEvent,
} from '@eventstore/db-client';
import { ChunkReader, type ObjectStream } from './chunk-reader.ts';
import type { Connection } from './connection.ts';
import { StoreFault } from './errors.ts';
import { isLost, toPortError } from './faults.ts';
import type { PersonalFields } from './personal-fields.ts';
import type { EventMetadata, ReadAllOptions, ReadStreamOptions, RecordedEvent } from './port.ts';
import { comparePositions, decodePosition, encodePosition, START_POSITION } from './positions.ts';
import { pause } from './wait.ts';

/** How many events may wait in memory for the consumer of a read. */
export const READ_AHEAD = 500;

/** An event as the client gives it, its personal fields still closed. */
export type SealedEvent = Omit<RecordedEvent, 'erased'>;

export const toSealed = ({ event }: ResolvedEvent): SealedEvent => {
  if (!event) throw new StoreFault('The event store sent a link to an event that is gone: Muster writes no links, this is another store');
  const recorded = event as ClientEvent;
  return {
    id: recorded.id,
    type: recorded.type,
    stream: recorded.streamId,
    revision: Number(recorded.revision),
    position: recorded.position ? encodePosition(recorded.position) : START_POSITION,
    recordedAt: recorded.created.toISOString(),
    data: recorded.data as Record<string, unknown>,
    metadata: recorded.metadata as unknown as EventMetadata,
  };
};

/** Opens the personal fields of events, in order. */
export const openEvents = async (fields: PersonalFields, sealed: readonly SealedEvent[]): Promise<RecordedEvent[]> => {
  const opened = await fields.openAll(sealed);
  return sealed.map((event, index) => ({ ...event, ...opened[index] }));
};

interface Reading {
  doing: string;
  stream: string;
  timeoutMs: number;
  /** Opens the read behind the last of `given` events that were given out, or at its beginning. undefined: nothing is left to read. */
  open(last: SealedEvent | undefined, given: number): ObjectStream | undefined;
}

/** Chunks of a read that goes on behind the last event given out when the connection is lost. Fails after `timeoutMs` without progress. */
async function* chunks(connection: Connection, reading: Reading): AsyncGenerator<SealedEvent[]> {
  const progress = { last: undefined as SealedEvent | undefined, given: 0, deadline: Date.now() + reading.timeoutMs };
  for (let delay = 20; ; delay = Math.min(delay * 2, 1_000)) {
    connection.ensureOpen();
    const source = reading.open(progress.last, progress.given);
    if (!source) return;
    try {
      yield* drain(new ChunkReader(source), reading, progress);
      return;
    } catch (error) {
      if (error instanceof StreamNotFoundError) return;
      const failure = toPortError(error, reading.doing, reading.stream);
      if (!isLost(failure) || connection.closed || Date.now() + delay >= progress.deadline) throw failure;
    }
    await pause(delay);
  }
}

async function* drain(
  reader: ChunkReader,
  reading: Reading,
  progress: { last: SealedEvent | undefined; given: number; deadline: number },
): AsyncGenerator<SealedEvent[]> {
  try {
    for (;;) {
      const { events: taken, ended } = await reader.next({ max: READ_AHEAD, timeoutMs: Math.max(progress.deadline - Date.now(), 1) });
      if (taken.length === 0 && ended) return;
      const events = taken.map(toSealed);
      progress.last = events.at(-1) ?? progress.last;
      progress.given += events.length;
      yield events;
      progress.deadline = Date.now() + reading.timeoutMs;
    }
  } finally {
    reader.cancel();
  }
}

const openStream = (connection: Connection, stream: string, options: ReadStreamOptions): Reading['open'] => {
  const { from, backwards = false, max = Number.MAX_SAFE_INTEGER } = options;
  return (last, given) => {
    const next = last ? last.revision + (backwards ? -1 : 1) : from;
    if (given >= max || (next ?? 0) < 0) return undefined;
    const fromRevision = next === undefined ? (backwards ? END : START) : BigInt(next);
    return connection.client.readStream(
      stream,
      { fromRevision, direction: backwards ? BACKWARDS : FORWARDS, maxCount: max - given },
      { highWaterMark: READ_AHEAD },
    );
  };
};

const streamChunks = (connection: Connection, stream: string, options: ReadStreamOptions): AsyncGenerator<SealedEvent[]> =>
  chunks(connection, { doing: `read ${stream}`, stream, timeoutMs: connection.timeoutMs, open: openStream(connection, stream, options) });

/** True for events that a read `until` leaves out. */
const beyond = ({ revision, time }: NonNullable<ReadStreamOptions['until']>): ((event: SealedEvent) => boolean) => {
  const instant = time === undefined ? Infinity : Date.parse(time);
  if (Number.isNaN(instant)) throw new RangeError(`"${time}" is not a time of RFC 3339`);
  return (event) => event.revision > (revision ?? Infinity) || Date.parse(event.recordedAt) > instant;
};

/** See EventStore.readStream. */
export async function* readStream(
  connection: Connection,
  fields: PersonalFields,
  stream: string,
  options: ReadStreamOptions,
): AsyncGenerator<RecordedEvent> {
  const isBeyond = beyond(options.until ?? {});
  for await (const chunk of streamChunks(connection, stream, options)) {
    const wanted = chunk.filter((event) => !isBeyond(event));
    yield* await openEvents(fields, wanted);
    if (!options.backwards && wanted.length < chunk.length) return;
  }
}

const isWanted = (prefixes: readonly string[] | undefined): ((event: SealedEvent) => boolean) => {
  if (!prefixes) return ({ stream }) => !stream.startsWith('$');
  return ({ stream }) => prefixes.some((prefix) => stream.startsWith(prefix));
};

const openAllFrom = (connection: Connection, from: string): Reading['open'] => {
  // Reads include the position they start at, subscriptions do not; whoever reads on has that event already.
  return (last) => {
    const position = last?.position ?? from;
    const fromPosition = position === START_POSITION ? START : decodePosition(position);
    return connection.client.readAll({ fromPosition, direction: FORWARDS }, { highWaterMark: READ_AHEAD });
  };
};

/** See EventStore.readAll. */
export async function* readAll(connection: Connection, fields: PersonalFields, options: ReadAllOptions): AsyncGenerator<RecordedEvent> {
  const { from = START_POSITION, until, max = Infinity, prefixes } = options;
  const wants = isWanted(prefixes);
  let seen = from;
  let left = max;
  for await (const chunk of chunks(connection, {
    doing: 'read $all',
    stream: '$all',
    timeoutMs: connection.timeoutMs,
    open: openAllFrom(connection, from),
  })) {
    const behind = seen;
    const fresh = chunk.filter(({ position }) => comparePositions(position, behind) > 0);
    seen = fresh.at(-1)?.position ?? seen;
    const within = until === undefined ? fresh : fresh.filter(({ position }) => comparePositions(position, until) <= 0);
    const wanted = within.filter(wants).slice(0, left);
    yield* await openEvents(fields, wanted);
    left -= wanted.length;
    if (left <= 0 || within.length < fresh.length) return;
  }
}

/** See EventStore.appendedSince. */
export const appendedSince = async (
  connection: Connection,
  from: string,
  note: (appended: { stream: string; revision: number }) => void,
): Promise<string> => {
  const reading = { doing: 'read $all', stream: '$all', timeoutMs: connection.timeoutMs, open: openAllFrom(connection, from) };
  let seen = from;
  for await (const chunk of chunks(connection, reading)) {
    for (const event of chunk) if (comparePositions(event.position, from) > 0) note(event);
    seen = chunk.at(-1)?.position ?? seen;
  }
  return seen;
};

/** Position of the last event of the store. */
export const headPosition = async (connection: Connection, timeoutMs = connection.timeoutMs): Promise<string> => {
  connection.ensureOpen();
  const open = (): ObjectStream => connection.client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1 });
  for await (const [last] of chunks(connection, { doing: 'read the head position', stream: '$all', timeoutMs, open }))
    return last?.position ?? START_POSITION;
  return START_POSITION;
};

/** Position of the event at a revision. Throws StoreFault if it is not there. */
export const positionAt = async (connection: Connection, stream: string, revision: number): Promise<string> => {
  for await (const [event] of streamChunks(connection, stream, { from: revision, max: 1 }))
    if (event?.revision === revision) return event.position;
  throw new StoreFault(`${stream} has no event at revision ${revision}, which was just written: another store answers now`);
};

const LOOK_BACK = 2_000;

/** Looks for an event among the last 2,000 of a stream. `head`: revision of the last one, -1 if there is none. */
export const findEvent = async (
  connection: Connection,
  stream: string,
  id: string,
): Promise<{ head: number; found: number | undefined }> => {
  let head = -1;
  for await (const chunk of streamChunks(connection, stream, { backwards: true, max: LOOK_BACK })) {
    if (head < 0) head = chunk[0]?.revision ?? -1;
    const found = chunk.find((event) => event.id === id);
    if (found) return { head, found: found.revision };
  }
  return { head, found: undefined };
};
