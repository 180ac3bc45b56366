import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEventNode, type EventNode, type EventNodeOptions } from '../start.ts';

export interface Fixture {
  node: EventNode;
  client: EventStoreDBClient;
  dataDir: string;
  stop(): Promise<void>;
}

/** A node in a folder of its own and the official client on it. */
export const startFixture = async (options: EventNodeOptions = {}): Promise<Fixture> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'muster-event-node-'));
  const node = await startEventNode({ dataDir, ...options });
  const client = EventStoreDBClient.connectionString(node.connectionString);
  return {
    node,
    client,
    dataDir,
    stop: async () => {
      await client.dispose();
      await node.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
};

export const event = (n = 0, id: string = randomUUID()) => jsonEvent({ id, type: 'Noted', data: { n } });

export const take = async <T>(events: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const one of events) all.push(one);
  return all;
};

/** The data of a resolved event. */
export const dataOf = <T>({ event: recorded }: { event?: { data: unknown } }): T => {
  if (!recorded) throw new Error('The event is missing');
  return recorded.data as T;
};

/** Resolves when `condition` holds; fails after `timeoutMs`. */
export const until = async (condition: () => boolean, timeoutMs = 10_000): Promise<void> => {
  const deadline = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`Did not become true within ${timeoutMs} ms: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};
