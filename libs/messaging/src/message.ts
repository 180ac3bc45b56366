import { keyFor, topicFor } from '@muster/contracts';
import type { RecordedEvent } from '@muster/event-store';
import type { Transaction } from 'kysely';

/** An event as a handler gets it, whatever carried it here. Personal fields are open. */
export interface Message<D extends object = Record<string, unknown>> {
  topic: string;
  /** The message key: messages of one key come in order. */
  key: string;
  stream: string;
  revision: number;
  /** Opaque; see `comparePositions` of the event store. */
  position: string;
  id: string;
  type: string;
  /** RFC 3339: when it was true. */
  occurredAt: string;
  /** RFC 3339: when the store took it. */
  recordedAt: string;
  correlationId: string;
  causationId?: string;
  data: D;
  /** The personal fields are gone for ever. */
  erased?: true;
}

/** What a handler works with. */
export interface BatchContext<T = unknown> {
  /** The batch's transaction: everything a handler does, it does here. It commits after the handler, together with the note that these messages are done. */
  readonly transaction: Transaction<T>;
  /** The consumer group: the service's name. */
  readonly consumer: string;
}

/**
 * A handler: an `@EventPattern<string>(topic)` method of `(@Payload() batch, @Ctx() context)`. It gets messages of its topic in order (per key and stream), each revision of a stream exactly
 * once as far as its transaction is concerned, at most 500 at a time. It touches the database only and calls nobody; it may be run again after a rollback.
 */
export type BatchHandler = (batch: Message[], context: BatchContext) => Promise<void>;

/** A place in a stream that has arrived. Without a message it could not be read from the topic, and is read from the store instead. */
export interface Arrival {
  topic: string;
  key: string;
  stream: string;
  revision: number;
  message?: Message;
}

/** How a message is made of an event of the store; undefined for streams that travel on no topic. */
export function toMessage(event: RecordedEvent): Message | undefined {
  const topic = topicFor(event.stream);
  return topic && toMessageOn(topic.name, event);
}

/** The same, where the topic is known already. */
export function toMessageOn(topic: string, event: RecordedEvent): Message {
  const { metadata } = event;
  const message: Message = {
    topic,
    key: keyFor(event),
    stream: event.stream,
    revision: event.revision,
    position: event.position,
    id: event.id,
    type: event.type,
    occurredAt: metadata.occurredAt,
    recordedAt: event.recordedAt,
    correlationId: metadata.correlationId,
    data: event.data,
  };
  if (metadata.causationId !== undefined) message.causationId = metadata.causationId;
  if (event.erased) message.erased = true;
  return message;
}

export const toArrival = (message: Message): Arrival => ({
  topic: message.topic,
  key: message.key,
  stream: message.stream,
  revision: message.revision,
  message,
});
