import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { EventStore } from '@muster/event-store';
import { openReadStore, type ReadStore } from '@muster/read-store';
import { sql } from 'kysely';
import { listDeadMessages, retryDeadMessages } from '../dead-messages.ts';
import { recordingTables, startRecordingConsumer, type RecordingConsumer } from './recording-consumer.ts';
import type { ProcessSettings } from './consumer-process.ts';

/** A transport with its real parts, and the ways to use it. */
export interface Fixture {
  databaseUrl: string;
  masterKeyFile: string;
  storeUrl: string;
  store: EventStore;
  brokers?: string[];
  /** Called after appends: whatever has to happen until they reach consumers (Kafka: publish). */
  publish(): Promise<void>;
}

const metadata = { correlationId: 'c', occurredAt: '2026-01-01T00:00:00Z', schema: 'muster:source/thing-seen.v1', actor: 'spec' };

/** Appends `count` events to each stream, all streams at the same time, in appends of one to three events. */
export async function appendThings(fixture: Fixture, streams: readonly string[], count: number): Promise<void> {
  const appendTo = async (stream: string): Promise<void> => {
    for (let done = 0; done < count;) {
      const size = Math.min(count - done, 1 + ((done + stream.length) % 3));
      const events = Array.from({ length: size }, (_, n) => ({
        type: 'ThingSeen',
        data: { secret: 'input of the message', n: done + n },
        metadata,
      }));
      await fixture.store.append(stream, events, 'any');
      done += size;
    }
  };
  await Promise.all(streams.map(appendTo));
  await fixture.publish();
}

let serial = 0;
export const newName = (): string => `consumer_${process.pid}_${(serial += 1)}`;
export const streamsOf = (name: string, count: number): string[] => Array.from({ length: count }, (_, n) => `group-test.${name}.${n}`);

export async function until(what: string, condition: () => Promise<boolean>, timeoutMs = 20_000): Promise<void> {
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline;) {
    if (await condition()) return;
    await sleep(30);
  }
  throw new Error(`Within ${timeoutMs} ms it did not come to this: ${what}`);
}

export async function countApplied(database: ReadStore, prefix: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*)::int as count from applied where starts_with(stream, ${prefix})`.execute(
    database.db,
  );
  return rows[0]?.count ?? 0;
}

/** Every stream complete, once, and in order. */
export async function expectOnceInOrder(database: ReadStore, streams: readonly string[], count: number): Promise<void> {
  const { rows } = await sql<{
    stream: string;
    revision: number;
  }>`select stream, revision from applied where stream = any(${[...streams]}::text[]) order by id`.execute(database.db);
  const byStream = Map.groupBy(rows, ({ stream }) => stream);
  const expected = Array.from({ length: count }, (_, n) => n);
  for (const stream of streams)
    expect({ stream, revisions: byStream.get(stream)?.map(({ revision }) => revision) }).toEqual({ stream, revisions: expected });
}

const CONSUMER = fileURLToPath(new URL('../../dist/testing/consumer-process.js', import.meta.url));

export interface ConsumerProcess {
  pid: number;
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** The recording consumer as a process of its own; run `tsc -b` first. */
export async function spawnConsumer(fixture: Fixture, settings: Partial<ProcessSettings> & { name: string }): Promise<ConsumerProcess> {
  const { databaseUrl, masterKeyFile, storeUrl, brokers } = fixture;
  const all = { databaseUrl, masterKeyFile, storeUrl, ...(brokers ? { brokers } : {}), ...settings };
  const child: ChildProcess = spawn(process.execPath, [CONSUMER, JSON.stringify(all)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const exited = once(child, 'exit');
  await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), 'line', { signal: AbortSignal.timeout(20_000) });
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await exited;
  };
  return { pid: child.pid as number, kill: () => end('SIGKILL'), stop: () => end('SIGTERM') };
}

/** What every transport promises, whatever carries the messages. `fixture` is asked for in each test, after its parts were started. */
export function describeTransport(name: string, fixture: () => Fixture): void {
  const consumers: RecordingConsumer[] = [];
  const processes: ConsumerProcess[] = [];
  const observers: ReadStore[] = [];

  afterEach(async () => {
    for (const one of processes.splice(0)) await one.kill();
    for (const one of consumers.splice(0)) await one.stop();
    for (const one of observers.splice(0)) await one.close();
  });

  const start = async (options: { name: string; slowness?: number }): Promise<RecordingConsumer> => {
    const { databaseUrl, store, brokers } = fixture();
    const consumer = await startRecordingConsumer({ databaseUrl, store, ...(brokers ? { brokers } : {}), ...options });
    consumers.push(consumer);
    return consumer;
  };
  const observe = async (schema: string): Promise<ReadStore> => {
    const database = await openReadStore({ url: fixture().databaseUrl, schema, migrations: recordingTables, poolSize: 2 });
    observers.push(database);
    return database;
  };
  const stop = async (consumer: RecordingConsumer): Promise<void> => {
    consumers.splice(consumers.indexOf(consumer), 1);
    await consumer.stop();
  };
  const applied = (database: ReadStore, prefix: string, count: number): Promise<void> =>
    until(`${count} messages applied`, async () => (await countApplied(database, prefix)) >= count);

  describe(name, () => {
    it('brings every event of its topics once and in the order of its stream', async () => {
      const group = newName();
      const { database } = await start({ name: group });
      const streams = streamsOf(group, 20);
      await appendThings(fixture(), streams, 30);
      await applied(database, `group-test.${group}.`, 600);
      await expectOnceInOrder(database, streams, 30);
    }, 40_000);

    it('goes on where it stopped, with what came meanwhile', async () => {
      const group = newName();
      const streams = streamsOf(group, 5);
      const first = await start({ name: group });
      await appendThings(fixture(), streams, 10);
      await applied(first.database, `group-test.${group}.`, 50);
      await stop(first);
      await appendThings(fixture(), streams, 10);
      const { database } = await start({ name: group });
      await applied(database, `group-test.${group}.`, 100);
      await expectOnceInOrder(database, streams, 20);
    }, 40_000);

    it('survives a kill -9 of the consumer in the middle of its work: nothing lost, nothing twice', async () => {
      const group = newName();
      const streams = streamsOf(group, 10);
      const prefix = `group-test.${group}.`;
      const database = await observe(group);
      let unacknowledged = 0;
      for (let round = 1; round <= 3; round++) {
        const killed = await spawnConsumer(fixture(), { name: group, slowness: 60, sessionTimeoutMs: 1_500 });
        processes.push(killed);
        await appendThings(fixture(), streams, 40);
        const before = await countApplied(database, prefix);
        await until('some of it applied', async () => (await countApplied(database, prefix)) > before - 1, 15_000);
        await killed.kill();
        if ((await countApplied(database, prefix)) < round * 400) unacknowledged += 1;
      }
      expect(unacknowledged).toBeGreaterThan(0);
      processes.push(await spawnConsumer(fixture(), { name: group, sessionTimeoutMs: 1_500 }));
      await applied(database, prefix, 1_200);
      await expectOnceInOrder(database, streams, 120);
    }, 90_000);

    it('puts a poisonous message aside, and what follows of its key; everything else flows', async () => {
      const group = newName();
      const { database } = await start({ name: group });
      const [poisoned, ...others] = streamsOf(group, 6) as [string, ...string[]];
      await sql`insert into poison (stream) values (${poisoned})`.execute(database.db);
      await appendThings(fixture(), [poisoned, ...others], 12);
      await applied(database, `group-test.${group}.`, 60);
      await expectOnceInOrder(database, others, 12);
      await until('all of the poisoned stream put aside', async () => (await listDeadMessages(database)).length === 12);
      const dead = await listDeadMessages(database);
      expect(dead.map(({ state, reference }) => [state, (reference as { revision: number }).revision])).toEqual([
        ['open', 0],
        ...Array.from({ length: 11 }, (_, n) => ['later', n + 1]),
      ]);
      expect(dead[0]).toMatchObject({ source: 'message', key: poisoned, attempts: 3, code: 'internal.bug' });
      const kept = await sql`select d::text from dead_message d`.execute(database.db);
      expect(JSON.stringify(kept.rows)).not.toContain('input of the message');
    }, 40_000);

    it('puts dead messages through the same handler when asked, in order, with what waited and what came meanwhile', async () => {
      const group = newName();
      const { database } = await start({ name: group });
      const [poisoned] = streamsOf(group, 1) as [string];
      await sql`insert into poison (stream) values (${poisoned})`.execute(database.db);
      await appendThings(fixture(), [poisoned], 6);
      await until('six put aside', async () => (await listDeadMessages(database)).length === 6);

      expect(await retryDeadMessages(database, { code: 'internal.bug' })).toBe(1);
      await until('a second failure', async () => (await listDeadMessages(database))[0]?.attempts === 6);
      expect((await listDeadMessages(database)).map(({ state }) => state)).toEqual(['open', 'later', 'later', 'later', 'later', 'later']);

      await sql`delete from poison`.execute(database.db);
      const more = appendThings(fixture(), [poisoned], 6);
      await retryDeadMessages(database, { id: (await listDeadMessages(database))[0]?.id ?? '' });
      await more;
      await applied(database, poisoned, 12);
      await expectOnceInOrder(database, [poisoned], 12);
      expect(await listDeadMessages(database)).toEqual([]);
      await appendThings(fixture(), [poisoned], 3);
      await applied(database, poisoned, 15);
    }, 40_000);

    it('keeps messages of one key behind a dead one even if they are of another stream', async () => {
      const group = newName();
      const { database } = await start({ name: group });
      const [first, second, other] = [`provisioning-${group}`, `ticket-${group}`, `ticket-other${group}`];
      await sql`insert into poison (stream) values (${first})`.execute(database.db);
      await appendThings(fixture(), [first], 1);
      await until('one put aside', async () => (await listDeadMessages(database)).length === 1);
      await appendThings(fixture(), [second, other], 1);
      await applied(database, other, 1);
      await until('the second put aside', async () => (await listDeadMessages(database)).length === 2);
      expect(await countApplied(database, second)).toBe(0);
    }, 40_000);

    it('waits for a database that went away, and repeats nothing when it is back', async () => {
      const group = newName();
      const { database, strategy } = await start({ name: group, slowness: 20 });
      const streams = streamsOf(group, 8);
      const cut = sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = ${`muster ${group}`} and pid <> pg_backend_pid()`;
      const appending = appendThings(fixture(), streams, 40);
      for (let times = 0; times < 5; times++) {
        await sleep(60);
        await cut.execute(database.db).catch(() => {});
      }
      await appending;
      await until('320 messages applied', async () => (await countApplied(database, `group-test.${group}.`).catch(() => 0)) >= 320);
      await expectOnceInOrder(database, streams, 40);
      await until('healthy again', () =>
        strategy.checkHealth().then(
          () => true,
          () => false,
        ),
      );
    }, 40_000);

    it('gives a consumer that is new, or lost its schema, everything from the beginning', async () => {
      const group = newName();
      const streams = streamsOf(group, 4);
      const first = await start({ name: group });
      await appendThings(fixture(), streams, 10);
      await applied(first.database, `group-test.${group}.`, 40);
      await sql`drop schema ${sql.id(group)} cascade`.execute(first.database.db);
      await stop(first);
      const { database } = await start({ name: group });
      await applied(database, `group-test.${group}.`, 40);
      await expectOnceInOrder(database, streams, 10);
    }, 40_000);
  });
}
