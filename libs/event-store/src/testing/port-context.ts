import { randomUUID } from 'node:crypto';
import type { EventStore } from '../event-store.ts';
import type { EventMetadata, NewEvent, RecordedEvent } from '../port.ts';
import type { InMemoryKeyRing } from './key-rings.ts';

/** What the suites of the port share. Streams have fresh names, so that a store may be used again. */
export interface PortContext {
  readonly store: EventStore;
  readonly ring: InMemoryKeyRing;
  fresh: () => string;
}

const run = randomUUID().slice(0, 8);
let streams = 0;

/** The name of a stream that nobody has used. */
export const freshStream = (): string => `test${run}-${++streams}.`;

export const metadata: EventMetadata = {
  correlationId: 'c-1',
  occurredAt: '2026-03-01T08:00:00.000Z',
  schema: 'muster:test/noted.v1',
  actor: 'test',
};

export const noted = (n: number, more: object = {}): NewEvent => ({ type: 'Noted', data: { n, ...more }, metadata });

/** Personal: `name` and `mail` of every event; each stream is its own subject. */
export const privacy = { personalFields: () => ['name', 'mail'], keySubject: (stream: string) => stream };

export const collect = async (events: AsyncIterable<RecordedEvent>): Promise<RecordedEvent[]> => {
  const all: RecordedEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
};

/** Resolves when `condition` holds; fails after `timeoutMs`. */
export const until = async (condition: () => boolean, timeoutMs = 10_000): Promise<void> => {
  const deadline = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`Did not become true within ${timeoutMs} ms: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

/** What was noted, in order. */
export const ns = (events: readonly RecordedEvent[]): unknown[] => events.map(({ data }) => data['n']);
