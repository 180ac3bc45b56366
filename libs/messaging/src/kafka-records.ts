import {
  fromHeaders,
  InvalidEnvelope,
  keyFor,
  topicFor,
  topicNamed,
  upcast,
  validateEvent,
  isEventType,
  type Envelope,
} from '@muster/contracts';
import type { PersonalFields } from '@muster/event-store';
import type { KafkaMessage } from 'kafkajs';
import type { Unreadable } from './dead-messages.ts';
import type { Arrival, Message } from './message.ts';

/** A record, and where it stood. */
export interface Record {
  topic: string;
  partition: number;
  record: KafkaMessage;
}

export interface ReadRecords {
  arrivals: Arrival[];
  unreadable: Unreadable[];
}

/** The part of the event store that opens personal fields. */
export type Opener = Pick<PersonalFields, 'openAll'>;

interface Parsed {
  envelope: Envelope;
  arrival: Arrival;
  /** As it travelled; undefined if it cannot be used and the store is to be asked. */
  data: object | undefined;
}

/**
 * Takes records apart and opens their personal fields. A record whose headers name an event of this topic but whose value is no valid data of it
 * arrives without a message: the store is asked for it. One without such headers is unreadable.
 */
export async function readRecords(opener: Opener, records: readonly Record[]): Promise<ReadRecords> {
  const unreadable: Unreadable[] = [];
  const parsed: Parsed[] = [];
  for (const record of records) {
    const one = parse(record, unreadable);
    if (one) parsed.push(one);
  }
  const usable = parsed.filter((one): one is Parsed & { data: object } => one.data !== undefined);
  const opened = await opener.openAll(usable.map(({ envelope, data }) => ({ stream: envelope.stream, type: envelope.type, data })));
  for (const [at, { envelope, arrival }] of usable.entries()) {
    const { data, erased } = opened[at] as (typeof opened)[number];
    const message = toMessage(arrival, envelope, upcast(envelope.type, envelope.version, data), erased === true);
    if (message) arrival.message = message;
  }
  return { arrivals: parsed.map(({ arrival }) => arrival), unreadable };
}

function parse({ topic, partition, record }: Record, unreadable: Unreadable[]): Parsed | undefined {
  const refuse = (code: string, error: string): undefined => {
    unreadable.push({ topic, partition, offset: record.offset, code, error });
  };
  const envelope = readEnvelope(record);
  if (envelope instanceof InvalidEnvelope) return refuse('contract.envelope_invalid', namesOnly(envelope));
  if (topicFor(envelope.stream)?.name !== topic) return refuse('contract.envelope_invalid', 'The event does not belong on this topic.');
  const arrival = { topic, key: keyFor(envelope), stream: envelope.stream, revision: envelope.revision };
  return { envelope, arrival, data: parseValue(record.value) };
}

function readEnvelope(record: KafkaMessage): Envelope | InvalidEnvelope {
  try {
    return fromHeaders(record.headers ?? {});
  } catch (error) {
    if (error instanceof InvalidEnvelope) return error;
    throw error;
  }
}

// A header of a stranger may hold anything; its name is enough to find out.
const namesOnly = ({ problems }: InvalidEnvelope): string =>
  `Headers that are missing or wrong: ${problems.map((problem) => problem.split(' ')[0]).join(', ')}.`;

function parseValue(value: Buffer | null): object | undefined {
  if (!value) return undefined;
  try {
    const data: unknown = JSON.parse(value.toString());
    return typeof data === 'object' && data !== null && !Array.isArray(data) ? data : undefined;
  } catch {
    return undefined;
  }
}

function toMessage(arrival: Arrival, envelope: Envelope, data: object, erased: boolean): Message | undefined {
  if (
    isEventType(envelope.type) &&
    validateEvent(envelope.type, data, { erased: erased || topicNamed(arrival.topic)?.payload === 'plain' }).length > 0
  )
    return undefined;
  const message: Message = {
    topic: arrival.topic,
    key: arrival.key,
    stream: envelope.stream,
    revision: envelope.revision,
    position: envelope.position,
    id: envelope.id,
    type: envelope.type,
    occurredAt: envelope.occurredAt,
    recordedAt: envelope.recordedAt,
    correlationId: envelope.correlationId,
    data: data as { [name: string]: unknown },
  };
  if (envelope.causationId !== undefined) message.causationId = envelope.causationId;
  if (erased) message.erased = true;
  return message;
}
