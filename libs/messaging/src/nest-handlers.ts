import { topicNamed, type Topic } from '@muster/contracts';
import type { MessageHandler } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import type { BatchHandler } from './message.ts';
import { ErrorsAreHidden, isHidden } from './original-errors.ts';

/**
 * The `@EventPattern` methods of a service by topic. Throws for a pattern that is no topic of events, and for two methods on one topic: which goes
 * first would be chance.
 */
export function batchHandlers(registered: ReadonlyMap<string, MessageHandler>): Map<string, BatchHandler> {
  const handlers = new Map<string, BatchHandler>();
  for (const [pattern, handler] of registered) {
    const topic = topicNamed(pattern);
    if (!topic || topic.foldOf) throw new TypeError(`@EventPattern('${pattern}') is not a topic of events: use a name of the topic map`);
    if (handler.next) throw new TypeError(`Two methods handle ${pattern}: let one call both`);
    handlers.set(pattern, (batch, context) => callHandler(handler, batch, context));
  }
  return handlers;
}

/** Nest's handlers never reject: what the method threw comes as an observable that fails on subscription. Who does not subscribe commits over errors. */
async function callHandler(handler: MessageHandler, ...[batch, context]: Parameters<BatchHandler>): Promise<void> {
  const answer: unknown = await handler(batch, context);
  if (!isObservable(answer)) return;
  try {
    await lastValueFrom(answer, { defaultValue: undefined });
  } catch (error) {
    throw isHidden(error) ? new ErrorsAreHidden() : error;
  }
}

export const topicsOf = (handlers: ReadonlyMap<string, BatchHandler>): Topic[] =>
  [...handlers.keys()].map((name) => topicNamed(name) as Topic);
