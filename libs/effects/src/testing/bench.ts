import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import { spawnEventNode, type SpawnedEventNode } from '@muster/event-node/testing';
import { EventStore } from '@muster/event-store';
import { InMemoryKeyRing } from '@muster/event-store/testing';
import { startTemporaryPostgres } from '@muster/read-store/testing';
import { create, OnePerson } from './one-person.ts';
import { ToyVendor } from './toy-vendor.ts';

const SETTLE_MS = 400;

/** An event node and a PostgreSQL for one spec file; a vendor and a person for each of its tests. */
export interface Bench {
  store: EventStore;
  databaseUrl: string;
  vendor: ToyVendor;
  person: OnePerson;
  settleMs: number;
  /** Waits until every replica agrees. */
  settled(): Promise<void>;
  /** Gives the person an account of ours, `toy-1`; its calls are not counted. */
  employ(): Promise<void>;
}

export function openBench(): Bench {
  let folder: string;
  let postgres: Awaited<ReturnType<typeof startTemporaryPostgres>>;
  let node: SpawnedEventNode;
  const bench = {
    settleMs: SETTLE_MS,
    settled: () => sleep(SETTLE_MS + 50),
    employ: async () => {
      await bench.person.release([create()]);
      await bench.person.pass();
      bench.vendor.calls.length = 0;
    },
  } as Bench;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'muster-effects-'));
    [postgres, node] = await Promise.all([startTemporaryPostgres(), spawnEventNode({ dataDir: folder })]);
    bench.databaseUrl = postgres.url;
    bench.store = EventStore.connect({ connectionString: node.connectionString, keyRing: new InMemoryKeyRing() });
  }, 60_000);
  beforeEach(async () => {
    bench.vendor = new ToyVendor(SETTLE_MS, () => new Date());
    bench.person = await OnePerson.begin(bench.store, bench.databaseUrl, bench.vendor);
  });
  afterEach(() => bench.person.close());
  afterAll(async () => {
    await bench.store.close();
    await node.stop();
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  }, 30_000);
  return bench;
}
