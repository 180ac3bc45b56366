import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { keySubject, personalFields } from '@muster/contracts';
import { spawnEventNode, type SpawnedEventNode } from '@muster/event-node/testing';
import { EventStore } from '@muster/event-store';
import { PgKeyRing } from '@muster/read-store';
import { startTemporaryPostgres } from '@muster/read-store/testing';
import { sql } from 'kysely';
import {
  appendThings,
  countApplied,
  describeTransport,
  expectOnceInOrder,
  newName,
  streamsOf,
  until,
  type Fixture,
} from './testing/conformance.ts';
import { startRecordingConsumer } from './testing/recording-consumer.ts';

let folder: string;
let postgres: Awaited<ReturnType<typeof startTemporaryPostgres>>;
let node: SpawnedEventNode;
let keyRing: PgKeyRing;
let fixture: Fixture;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'muster-embedded-transport-'));
  postgres = await startTemporaryPostgres();
  node = await spawnEventNode({ dataDir: folder });
  const masterKeyFile = join(folder, 'master.key');
  keyRing = await PgKeyRing.open({ url: postgres.url, masterKeyFile, createMasterKeyIfMissing: true });
  const store = EventStore.connect({ connectionString: node.connectionString, keyRing, privacy: { personalFields, keySubject } });
  fixture = { databaseUrl: postgres.url, masterKeyFile, storeUrl: node.connectionString, store, publish: () => Promise.resolve() };
}, 60_000);

afterAll(async () => {
  await fixture.store.close();
  await keyRing.close();
  await node.stop();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}, 30_000);

describeTransport('the embedded transport', () => fixture);

describe('groups of one process on the embedded transport', () => {
  it('do not wait for a slow one among them, which gets everything in the end', async () => {
    const [slowName, fastName] = [newName(), newName()];
    const common = { databaseUrl: fixture.databaseUrl, store: fixture.store };
    const slow = await startRecordingConsumer({ ...common, name: slowName, slowness: 500 });
    const fast = await startRecordingConsumer({ ...common, name: fastName });
    const streams = streamsOf(fastName, 20);
    try {
      // More than the window that the groups share holds.
      await appendThings(fixture, streams, 150);
      await until('the fast group has all', async () => (await countApplied(fast.database, `group-test.${fastName}.`)) === 3_000);
      expect(await countApplied(slow.database, `group-test.${fastName}.`)).toBeLessThan(3_000);
      await until('the slow group has all', async () => (await countApplied(slow.database, `group-test.${fastName}.`)) === 3_000, 40_000);
      await expectOnceInOrder(slow.database, streams, 150);
      await expectOnceInOrder(fast.database, streams, 150);
    } finally {
      await slow.stop();
      await fast.stop();
    }
  }, 90_000);

  it('have their checkpoint in the transaction of the batch', async () => {
    const name = newName();
    const consumer = await startRecordingConsumer({ databaseUrl: fixture.databaseUrl, store: fixture.store, name });
    try {
      await appendThings(fixture, streamsOf(name, 1), 5);
      await until('applied', async () => (await countApplied(consumer.database, `group-test.${name}.`)) === 5);
      const { rows } = await sql<{ together: boolean }>`
        select (select xmin::text::bigint from checkpoint) = (select max(xmin::text::bigint) from applied) as together`.execute(
        consumer.database.db,
      );
      expect(rows).toEqual([{ together: true }]);
    } finally {
      await consumer.stop();
    }
  }, 30_000);
});
