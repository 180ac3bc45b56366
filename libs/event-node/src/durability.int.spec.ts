import { EventStoreDBClient, NO_STREAM, type JSONEventType } from '@eventstore/db-client';
import { afterEach, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtemp, open, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CannotOpen } from './database.ts';
import { startEventNode } from './start.ts';
import { startEventNodeWorker } from './start-worker.ts';
import { dataOf, event, take } from './testing/fixture.ts';
import { spawnEventNode, type SpawnedEventNode } from './testing/spawn.ts';

type Row = JSONEventType<string, { n: number }>;

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

const folder = async (): Promise<string> => {
  const path = await mkdtemp(join(tmpdir(), 'muster-durability-'));
  cleanUps.push(() => rm(path, { recursive: true, force: true }));
  return path;
};

const spawned = async (...options: Parameters<typeof spawnEventNode>): Promise<SpawnedEventNode> => {
  const node = await spawnEventNode(...options);
  cleanUps.push(() => node.kill());
  return node;
};

const connect = (connectionString: string): EventStoreDBClient => {
  const client = EventStoreDBClient.connectionString(connectionString);
  cleanUps.push(() => client.dispose());
  return client;
};

const WRITERS = 12;
const BATCH = 5;

/** Appends to streams of its own until the node goes; gives the last acknowledged revision of each. Few enough in flight for the client to survive. */
const writeUntilItGoes = async (client: EventStoreDBClient, round: number): Promise<Map<string, bigint>> => {
  const acknowledged = new Map<string, bigint>();
  await Promise.all(
    Array.from({ length: WRITERS }, async (_, writer) => {
      const stream = `writer-${round}.${writer}`;
      for (let n = 0; n < 100_000; n += BATCH) {
        const events = Array.from({ length: BATCH }, (__, i) => event(n + i));
        const expectedRevision = n === 0 ? NO_STREAM : BigInt(n - 1);
        const answer = await client.appendToStream(stream, events, { expectedRevision }).catch(() => undefined);
        if (!answer) return;
        acknowledged.set(stream, answer.nextExpectedRevision);
      }
    }),
  );
  return acknowledged;
};

/** Every stream holds n = revision without a gap, in whole appends, up to what was acknowledged at least; and $all is in order. */
const verify = async (client: EventStoreDBClient, acknowledged: ReadonlyMap<string, bigint>): Promise<void> => {
  for (const [stream, revision] of acknowledged) {
    const rows = await take(client.readStream<Row>(stream));
    expect(rows.map((row) => [Number(row.event?.revision), dataOf<{ n: number }>(row).n])).toEqual(rows.map((_, n) => [n, n]));
    expect(rows.length).toBeGreaterThanOrEqual(Number(revision) + 1);
    expect(rows.length % BATCH).toBe(0);
  }
  const positions = (await take(client.readAll())).map((row) => row.event?.position?.commit ?? 0n);
  expect(positions).toEqual(positions.toSorted((a, b) => (a < b ? -1 : 1)));
  expect(new Set(positions).size).toBe(positions.length);
};

describe('a node that is killed in the middle of appends', () => {
  it('has everything that it acknowledged, whole appends only, without a gap; four times over', async () => {
    const dataDir = await folder();
    const all = new Map<string, bigint>();
    for (let round = 0; round < 4; round++) {
      const node = await spawned({ dataDir });
      const client = connect(node.connectionString);
      setTimeout(() => void node.kill(), 150 + Math.random() * 400);
      const acknowledged = await writeUntilItGoes(client, round);
      expect(acknowledged.size).toBe(WRITERS);
      for (const entry of acknowledged) all.set(...entry);
      await client.dispose();
    }
    const node = await spawned({ dataDir });
    await verify(connect(node.connectionString), all);
  }, 60_000);

  it.each([
    ['half a page is missing at the end', async (wal: string, size: number) => truncate(wal, size - 2_000)],
    ['the last page is garbage', async (wal: string, size: number) => overwrite(wal, size - 1_000, Buffer.alloc(1_000, 0xa5))],
    ['something else follows', async (wal: string, size: number) => overwrite(wal, size, Buffer.alloc(5_000, 0x5a))],
  ])(
    'opens again when the tail of its log is torn: %s',
    async (_, tear) => {
      const dataDir = await folder();
      const node = await spawned({ dataDir });
      const client = connect(node.connectionString);
      for (let n = 0; n < 50; n += BATCH)
        await client.appendToStream(
          'torn-1',
          Array.from({ length: BATCH }, (__, i) => event(n + i)),
        );
      await client.dispose();
      await node.kill();
      const wal = join(dataDir, 'events.sqlite-wal');
      await tear(wal, (await stat(wal)).size);
      const again = await spawned({ dataDir });
      const reader = connect(again.connectionString);
      // At most the last append, which the tear hit, is missing.
      await verify(reader, new Map([['torn-1', BigInt(49 - BATCH)]]));
      const next = (await take(reader.readStream('torn-1'))).length;
      const { nextExpectedRevision } = await reader.appendToStream('torn-1', event(next), { expectedRevision: BigInt(next - 1) });
      expect(nextExpectedRevision).toBe(BigInt(next));
    },
    30_000,
  );
});

const overwrite = async (file: string, at: number, bytes: Buffer): Promise<void> => {
  const handle = await open(file, 'r+');
  await handle.write(bytes, 0, bytes.length, at);
  await handle.close();
};

describe('a write to disk that fails', () => {
  const fill = async (client: EventStoreDBClient): Promise<number> => {
    let acknowledged = 0;
    for (; acknowledged < 2_000; acknowledged++) {
      const written = await client
        .appendToStream('full-1', { ...event(acknowledged), data: { n: acknowledged, text: 'x'.repeat(5_000) } })
        .catch(() => undefined);
      if (!written) break;
    }
    return acknowledged;
  };

  it('stops the process in words, and nothing acknowledged is missing afterwards', async () => {
    const dataDir = await folder();
    // A limit on the size of files makes the write fail as a broken disk does.
    const node = await spawned({ dataDir, through: ['bash', '-c', 'ulimit -f 2000; exec "$@"', 'bash'] });
    const client = connect(node.connectionString);
    const acknowledged = await fill(client);
    expect(acknowledged).toBeGreaterThan(10);
    expect(acknowledged).toBeLessThan(2_000);
    const { code, errors } = await node.ended;
    expect(code).toBe(70);
    expect(errors).toMatch(/write to disk failed/);
    await client.dispose();
    const again = await spawned({ dataDir });
    const rows = await take(connect(again.connectionString).readStream('full-1'));
    expect(rows.length).toBeGreaterThanOrEqual(acknowledged);
    expect(rows.map((row) => dataOf<{ n: number }>(row).n)).toEqual(rows.map((_, n) => n));
  }, 60_000);

  const traces = spawnSync('strace', ['-f', '-e', 'trace=fsync,fdatasync', '-o', '/dev/null', 'true']).status === 0;
  if (!traces) process.stderr.write('\nSKIPPED: the event node under injected sync errors; it needs strace and the right to trace\n');
  // In CI nothing may be missing: there it runs, and fails.
  (traces || process.env['CI'] ? it : it.skip)(
    'stops the process when a sync fails, before it acknowledges',
    async () => {
      const dataDir = await folder();
      const node = await spawned({
        dataDir,
        through: [
          'strace',
          '-D',
          '-f',
          '-qq',
          '-o',
          '/dev/null',
          '-e',
          'trace=fsync,fdatasync',
          '-e',
          'inject=fsync,fdatasync:error=EIO:when=40+',
        ],
      });
      const client = connect(node.connectionString);
      const acknowledged = await fill(client);
      expect(acknowledged).toBeGreaterThan(5);
      expect(acknowledged).toBeLessThan(60);
      const { code } = await node.ended;
      expect(code).toBe(70);
    },
    60_000,
  );
});

describe('the file of events', () => {
  it('is refused in words while another process holds it, and free again once that was killed', async () => {
    const dataDir = await folder();
    const node = await spawned({ dataDir });
    await expect(startEventNode({ dataDir })).rejects.toThrow(/held by another process/);
    await expect(startEventNodeWorker({ dataDir })).rejects.toThrow(CannotOpen);
    await expect(spawnEventNode({ dataDir })).rejects.toThrow(/ended with 2.*held by another process/s);
    await node.kill();
    await (await startEventNode({ dataDir })).close();
  }, 30_000);

  it('is refused if it is a database of something else, or none', async () => {
    const dataDir = await folder();
    const file = join(dataDir, 'events.sqlite');
    await writeFile(file, 'not a database at all, and long enough to be looked at as one'.repeat(20));
    await expect(startEventNode({ file })).rejects.toThrow(CannotOpen);
    expect((await readFile(file, 'utf8')).startsWith('not a database')).toBe(true);
  });

  it('keeps positions, revisions and times over a restart', async () => {
    const dataDir = await folder();
    const read = async () => {
      const node = await startEventNode({ dataDir });
      const client = EventStoreDBClient.connectionString(node.connectionString);
      const { position } = await client.appendToStream('kept-1', event(1));
      const rows = await take(client.readAll());
      await client.dispose();
      await node.close();
      return { rows, position };
    };
    const first = await read();
    const second = await read();
    expect(second.rows.slice(0, 1)).toEqual(first.rows);
    expect(second.position?.commit).toBeGreaterThan(first.position?.commit ?? 0n);
  });
});

describe('a node that is stopped', () => {
  it.each([
    ['in this thread', startEventNode],
    ['in a thread of its own', startEventNodeWorker],
  ])('%s ends open calls with CANCELLED', async (_, start) => {
    const node = await start({ dataDir: await folder() });
    const client = connect(node.connectionString);
    await client.appendToStream('stop-1', event(1));
    const ended = new Promise<unknown>((resolve) => {
      const subscription = client.subscribeToAll();
      subscription.on('error', resolve);
      subscription.on('data', () => void node.close());
    });
    expect(await ended).toMatchObject({ type: 'cancelled' });
    await node.close();
  });

  it('as a process ends with 0 on SIGTERM and leaves one whole file', async () => {
    const dataDir = await folder();
    const node = await spawned({ dataDir });
    const client = connect(node.connectionString);
    await client.appendToStream('stop-2', event(1));
    await node.stop();
    expect((await node.ended).code).toBe(0);
    expect(await stat(join(dataDir, 'events.sqlite-wal')).catch(() => 'gone')).toBe('gone');
  }, 20_000);
});
