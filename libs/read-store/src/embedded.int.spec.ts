import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { startEmbeddedPostgres, type EmbeddedPostgres } from './embedded.ts';

const folders: string[] = [];
const running: EmbeddedPostgres[] = [];

afterEach(async () => {
  for (const server of running.splice(0)) await server.stop();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
}, 30_000);

async function newFolder(): Promise<string> {
  // mkdtemp makes folders that only their owner may enter: for root the server's user is another one.
  const folder = await mkdtemp(join(tmpdir(), 'muster-embedded-'));
  folders.push(folder);
  return join(folder, 'postgres');
}

async function start(dataDir: string, port?: number): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres(port === undefined ? { dataDir } : { dataDir, port });
  running.push(server);
  return server;
}

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(text)).rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}

const NOTE = "create table note (text text); insert into note values ('kept')";

describe('the embedded PostgreSQL', () => {
  it('keeps its data, its password and its port over a stop and a second start', async () => {
    const dataDir = await newFolder();
    const first = await start(dataDir);
    await query(first.url, NOTE);
    await first.stop();
    const second = await start(dataDir);
    expect(second.url).toBe(first.url);
    expect(await query(second.url, 'select text from note')).toEqual([{ text: 'kept' }]);
    expect(await query(second.url, 'show fsync')).toEqual([{ fsync: 'on' }]);
  }, 30_000);

  it('starts again after a kill -9 of the server, with everything that was committed', async () => {
    const dataDir = await newFolder();
    const first = await start(dataDir);
    await query(first.url, NOTE);
    process.kill(first.pid, 'SIGKILL');
    await first.ended;
    const second = await start(dataDir);
    expect(await query(second.url, 'select text from note')).toEqual([{ text: 'kept' }]);
  }, 40_000);

  it('takes over from a server whose starter was killed', async () => {
    const dataDir = await newFolder();
    const orphan = await start(dataDir);
    await query(orphan.url, NOTE);
    const second = await start(dataDir);
    expect(second.pid).not.toBe(orphan.pid);
    await orphan.ended;
    expect(await query(second.url, 'select text from note')).toEqual([{ text: 'kept' }]);
  }, 40_000);

  it('does not mistake another program for its server when the old pid was given again', async () => {
    const dataDir = await newFolder();
    const first = await start(dataDir);
    const pidFile = join(dataDir, 'cluster', 'postmaster.pid');
    const lines = await readFile(pidFile, 'utf8');
    await first.stop();
    await writeFile(pidFile, lines.replace(/^\d+/, String(process.pid)));
    const second = await start(dataDir);
    expect(await query(second.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  }, 40_000);

  it('takes another port when the last one is in use', async () => {
    const dataDir = await newFolder();
    const first = await start(dataDir);
    await first.stop();
    const port = Number(new URL(first.url).port);
    const squatter: Server = createServer().listen(port, '127.0.0.1');
    await once(squatter, 'listening');
    try {
      const second = await start(dataDir);
      expect(new URL(second.url).port).not.toBe(String(port));
    } finally {
      squatter.close();
    }
  }, 40_000);

  it('says what went wrong when a port that was asked for is in use', async () => {
    const squatter: Server = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    const { port } = squatter.address() as { port: number };
    try {
      await expect(start(await newFolder(), port)).rejects.toThrow(/did not start.*could not/s);
    } finally {
      squatter.close();
    }
    await sleep(0);
  }, 40_000);
});
