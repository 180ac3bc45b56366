import { binaryEvent, EventStoreDBClient } from '@eventstore/db-client';
import { afterEach, describe, expect, it } from '@jest/globals';
import { spawnEventNode, type SpawnedEventNode } from '@muster/event-node/testing';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StoreTimeout, StoreUnavailable } from './errors.ts';
import { EventStore } from './event-store.ts';
import type { NewEvent, RecordedEvent } from './port.ts';
import { InMemoryKeyRing } from './testing/key-rings.ts';
import { collect, noted, ns, privacy, until } from './testing/port-context.ts';
import { startTcpProxy } from './testing/tcp-proxy.ts';

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
}, 20_000);

const folder = async (): Promise<string> => {
  const path = await mkdtemp(join(tmpdir(), 'muster-robustness-'));
  cleanUps.push(() => rm(path, { recursive: true, force: true }));
  return path;
};

const spawned = async (options: { dataDir: string; port?: number }): Promise<SpawnedEventNode> => {
  const node = await spawnEventNode(options);
  cleanUps.push(() => node.kill());
  return node;
};

const connect = (connectionString: string, timeoutMs = 10_000): EventStore => {
  const store = EventStore.connect({ connectionString, keyRing: new InMemoryKeyRing(), privacy, timeoutMs });
  cleanUps.push(() => store.close());
  return store;
};

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const range = (length: number): number[] => Array.from({ length }, (_, n) => n);
const withId = (n: number): NewEvent => ({ ...noted(n), id: randomUUID() });

describe('a store that is killed and comes back', () => {
  it('has each append of many in flight exactly once, and the callers notice nothing', async () => {
    const dataDir = await folder();
    const first = await spawned({ dataDir });
    const store = connect(first.connectionString, 20_000);
    await store.append('warm-1', [noted(0)], 'none');
    const filler = 'x'.repeat(2_000);
    const appends = range(300).map((n) =>
      store.append(
        `flight-${n}`,
        range(10).map((i) => noted(i, { filler })),
        'none',
      ),
    );
    await sleep(20);
    await first.kill();
    await spawned({ dataDir, port: first.port });
    const answers = await Promise.all(appends);
    expect(answers.every(({ revision }) => revision === 9)).toBe(true);
    const counts = new Map<string, number>();
    for await (const { stream } of store.readAll({ prefixes: ['flight-'] })) counts.set(stream, (counts.get(stream) ?? 0) + 1);
    expect([...new Set(counts.values())]).toEqual([10]);
    expect(counts.size).toBe(300);
  }, 60_000);

  it('gives a subscription everything once and in order, over four kills', async () => {
    const dataDir = await folder();
    let node = await spawned({ dataDir });
    const store = connect(node.connectionString, 20_000);
    const got: RecordedEvent[] = [];
    const errors: unknown[] = [];
    const subscription = store.subscribe({
      from: 'start',
      prefixes: ['sub-'],
      onBatch: async (events) => {
        await sleep(1);
        got.push(...events);
      },
      onError: (error) => errors.push(error),
    });
    const total = 2_000;
    const writing = (async () => {
      for (let n = 0; n < total; n += 5)
        await store.append(
          'sub-1',
          range(5).map((i) => noted(n + i)),
          n === 0 ? 'none' : n - 1,
        );
    })();
    for (let kills = 0; kills < 4; kills++) {
      const reached = got.length;
      await until(() => got.length > reached + 50 || got.length === total, 20_000);
      await node.kill();
      node = await spawned({ dataDir, port: node.port });
    }
    await writing;
    await until(() => got.length >= total, 20_000);
    await subscription.stop();
    expect(ns(got)).toEqual(range(total));
    expect(errors.length).toBeGreaterThanOrEqual(4);
    expect(errors.every((error) => error instanceof StoreUnavailable)).toBe(true);
    expect(subscription.position).toBe(got.at(-1)?.position);
  }, 90_000);

  it('goes on with a long read where it broke off', async () => {
    const dataDir = await folder();
    const node = await spawned({ dataDir });
    const store = connect(node.connectionString, 20_000);
    for (let n = 0; n < 20_000; n += 500)
      await store.append(
        'long-1',
        range(500).map((i) => noted(n + i, { filler: 'x'.repeat(300) })),
        n === 0 ? 'none' : n - 1,
      );
    const got: unknown[] = [];
    let restarted: Promise<unknown> | undefined;
    for await (const event of store.readStream('long-1', { max: 19_000 })) {
      got.push(event.data['n']);
      if (got.length === 3_000) {
        await node.kill();
        restarted = spawned({ dataDir, port: node.port });
      }
    }
    await restarted;
    expect(got).toEqual(range(19_000));
  }, 60_000);

  it('does not take the process with it, however much is in flight', () => {
    const script = fileURLToPath(new URL('testing/killed-store.js', import.meta.url).href.replace('/src/', '/dist/'));
    const { status, stdout, stderr } = spawnSync(process.execPath, [script], { timeout: 30_000, encoding: 'utf8' });
    expect([status, stdout.trim(), stderr]).toEqual([0, '400 of 400 failed with StoreUnavailable', '']);
  }, 40_000);
});

describe('an append whose answer is lost', () => {
  const setUp = async () => {
    const node = await spawned({ dataDir: await folder() });
    const proxy = await startTcpProxy(node.port);
    const store = connect(`esdb://127.0.0.1:${proxy.port}?tls=false`, 15_000);
    cleanUps.push(() => proxy.close());
    await store.append('lost-1', [noted(0)], 'none');
    const direct = EventStoreDBClient.connectionString(node.connectionString);
    cleanUps.push(() => direct.dispose());
    /** Lets the request through, swallows its answer, breaks the connection, and keeps it broken while `meanwhile` runs. */
    const lose = async <T>(append: Promise<T>, meanwhile: () => Promise<unknown> = async () => undefined): Promise<T> => {
      await sleep(150);
      proxy.cut();
      await meanwhile();
      proxy.mend();
      return append;
    };
    return { store, proxy, direct, lose };
  };

  it.each([
    ['an exact revision', 0 as const],
    ['any revision', 'any' as const],
  ])(
    'at %s is written once and answered with where it went',
    async (_, expected) => {
      const { store, proxy, lose } = await setUp();
      proxy.swallowAnswers();
      const answer = await lose(store.append('lost-1', [noted(1), noted(2)], expected));
      const events = await collect(store.readStream('lost-1'));
      expect(ns(events)).toEqual([0, 1, 2]);
      expect(answer).toEqual({ revision: 2, position: events.at(-1)?.position });
    },
    30_000,
  );

  it('at any revision is written once even when the store has forgotten its ids, and others wrote behind it', async () => {
    const { store, proxy, direct, lose } = await setUp();
    proxy.swallowAnswers();
    const answer = await lose(store.append('lost-1', [noted(1)], 'any'), async () => {
      await direct.appendToStream('lost-1', binaryEvent({ type: 'Other', data: Uint8Array.of(1) }));
      // More than the node remembers.
      for (let n = 0; n < 7; n++)
        await direct.appendToStream(
          'noise-1',
          range(3_000).map(() => binaryEvent({ type: 'Noise', data: Uint8Array.of(1) })),
        );
    });
    expect(answer.revision).toBe(1);
    expect((await collect(store.readStream('lost-1'))).map(({ type }) => type)).toEqual(['Noted', 'Noted', 'Other']);
  }, 60_000);

  it('that never arrived is written when the connection is back', async () => {
    const { store, proxy, lose } = await setUp();
    proxy.swallowAnswers();
    proxy.cut();
    expect((await lose(store.append('lost-1', [noted(1)], 'any'))).revision).toBe(1);
    expect(ns(await collect(store.readStream('lost-1')))).toEqual([0, 1]);
  }, 30_000);
});

describe('a store that is frozen', () => {
  it('makes every operation fail in time and in words, and is used again when it thaws', async () => {
    const node = await spawned({ dataDir: await folder() });
    const store = connect(node.connectionString, 1_500);
    await store.append('cold-1', [noted(0)], 'none');
    node.signal('SIGSTOP');
    const began = Date.now();
    const event = withId(1);
    const [append, read, health] = await Promise.all(
      [store.append('cold-1', [event], 0), collect(store.readStream('cold-1')), store.checkHealth()].map((operation) =>
        Promise.resolve<unknown>(operation).catch((error: unknown) => error),
      ),
    );
    expect(Date.now() - began).toBeLessThan(4_000);
    expect(append).toBeInstanceOf(StoreTimeout);
    expect(append).toMatchObject({ outcomeUnknown: true, code: 'store.timeout' });
    expect(String(append)).toMatch(/cold-1.*outcome is unknown.*same event ids is safe/);
    expect(read).toBeInstanceOf(StoreTimeout);
    expect(health).toBeInstanceOf(StoreTimeout);
    node.signal('SIGCONT');
    expect(await store.append('cold-1', [event], 0)).toMatchObject({ revision: 1 });
    expect(ns(await collect(store.readStream('cold-1')))).toEqual([0, 1]);
  }, 30_000);
});

describe('a store that is not there', () => {
  it('makes appends fail in words, and subscriptions wait for it', async () => {
    const dataDir = await folder();
    const node = await spawned({ dataDir });
    await node.kill();
    const store = connect(node.connectionString, 700);
    const failure = await store.append('absent-1', [noted(0)], 'none').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StoreUnavailable);
    expect(failure).toMatchObject({ code: 'store.unavailable' });
    await expect(store.checkHealth()).rejects.toThrow(StoreUnavailable);
    const got: unknown[] = [];
    const subscription = store.subscribe({ from: 'start', prefixes: ['absent-'], onBatch: async (events) => void got.push(...ns(events)) });
    await until(() => subscription.failure !== undefined);
    await spawned({ dataDir, port: node.port });
    await until(() => subscription.failure === undefined, 15_000);
    await store.append('absent-1', [noted(5)], 'none');
    await until(() => got.length === 1);
    expect(got).toEqual([5]);
  }, 30_000);
});

it('more reads at once than a connection has streams all end', async () => {
  const node = await spawned({ dataDir: await folder() });
  const store = connect(node.connectionString, 20_000);
  await Promise.all(range(50).map((n) => store.append(`many-${n}`, [noted(n)], 'none')));
  const reads = await Promise.all(range(600).map((n) => collect(store.readStream(`many-${n % 50}`))));
  expect(reads.map(([event]) => event?.data['n'])).toEqual(range(600).map((n) => n % 50));
}, 30_000);

it('what is personal is nowhere in the files of the store', async () => {
  const dataDir = await folder();
  const node = await spawned({ dataDir });
  const store = connect(node.connectionString);
  await store.append('secret-1', [noted(1, { name: 'Canary Birdwood', open: 'visible-marker' })], 'none');
  const [event] = await collect(store.readStream('secret-1'));
  expect(event?.data['name']).toBe('Canary Birdwood');
  await node.stop();
  const files = await Promise.all((await readdir(dataDir)).map((name) => readFile(join(dataDir, name), 'latin1')));
  expect(files.join('')).toContain('visible-marker');
  expect(files.join('')).not.toContain('Canary');
}, 20_000);
