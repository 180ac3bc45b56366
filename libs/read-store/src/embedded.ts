import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { findBinaries, type Binaries } from './embedded/binaries.ts';
import { reachableBinaries } from './embedded/reachable-binaries.ts';
import { runAs, type RunAs } from './embedded/run-as.ts';
import { clearStaleServer } from './embedded/stale-server.ts';

export interface EmbeddedPostgres {
  /** A superuser's connection string on 127.0.0.1, password included. */
  url: string;
  /** The server's process. */
  pid: number;
  /** Ends sessions, writes a checkpoint and waits until the server is gone. Close the pools first: open sessions get an error. Safe to repeat. */
  stop(): Promise<void>;
  /** Settles when the server has ended, for whatever reason. */
  ended: Promise<void>;
}

export interface EmbeddedOptions {
  /** Created if missing; holds the cluster, the password and the last port. */
  dataDir: string;
  /** Default: the port of the last start if it is free, else any free one. */
  port?: number;
}

const DATABASE = 'muster';
const START_TIMEOUT_MS = 30_000;

/**
 * Starts the PostgreSQL server that comes from npm on a folder, and creates cluster and database if they are missing. Every commit is on
 * disk when it is answered (fsync is on). A folder left behind by a kill -9, of the server or of its starter, is taken over: a server
 * that still runs on it is stopped first. Reached by TCP on 127.0.0.1 only, by password. Throws with the server's own log if it does not come up.
 */
export async function startEmbeddedPostgres({ dataDir, port }: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const folder = resolve(dataDir);
  await mkdir(folder, { recursive: true });
  const binaries = await reachableBinaries(await findBinaries());
  const user = await runAs([folder]);
  const cluster = join(folder, 'cluster');
  const password = await keptPassword(join(folder, 'password'));
  await clearStaleServer(cluster);
  await createCluster(binaries, user, { folder, cluster, password });
  const chosen = port ?? (await lastPortOrFree(join(folder, 'port')));
  const server = await startServer(binaries, user, { cluster, port: chosen });
  const address = `127.0.0.1:${chosen}`;
  try {
    await createDatabase(`postgres://postgres:${password}@${address}/postgres`);
    await writeFile(join(folder, 'port'), `${chosen}\n`);
  } catch (error) {
    await stopChild(server);
    throw error;
  }
  const ended = once(server, 'exit').then(() => {});
  return { url: `postgres://postgres:${password}@${address}/${DATABASE}`, pid: server.pid as number, stop: () => stopChild(server), ended };
}

async function keptPassword(file: string): Promise<string> {
  const kept = (await readFile(file, 'utf8').catch(() => '')).trim();
  if (kept) return kept;
  const made = randomBytes(24).toString('base64url');
  await writeFile(file, `${made}\n`, { mode: 0o600 });
  return made;
}

interface Cluster {
  folder: string;
  cluster: string;
  password: string;
}

/** The marker is written last: a cluster without it comes from an initdb that was cut off, and is made again. */
async function createCluster(binaries: Binaries, user: RunAs, { folder, cluster, password }: Cluster): Promise<void> {
  const marker = join(folder, 'cluster-is-complete');
  if (
    await stat(marker).then(
      () => true,
      () => false,
    )
  )
    return;
  await rm(cluster, { recursive: true, force: true });
  await mkdir(cluster, { mode: 0o700 });
  await user.own(cluster);
  const pwfile = join(cluster, '..', `.pw-${randomBytes(4).toString('hex')}`);
  await mkdir(pwfile, { mode: 0o700 });
  await writeFile(join(pwfile, 'pw'), `${password}\n`, { mode: 0o600 });
  await user.own(pwfile);
  try {
    await initdb(binaries, user, { cluster, passwordFile: join(pwfile, 'pw') });
  } finally {
    await rm(pwfile, { recursive: true, force: true });
  }
  await writeFile(marker, '');
}

async function initdb(
  binaries: Binaries,
  user: RunAs,
  { cluster, passwordFile }: { cluster: string; passwordFile: string },
): Promise<void> {
  const child = start(binaries.initdb, user, [
    `--pgdata=${cluster}`,
    '--username=postgres',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--no-instructions',
  ]);
  const log = tail(child);
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`PostgreSQL's initdb failed on ${cluster}: ${log()}`);
}

function start(program: string, user: RunAs, args: string[]): ChildProcess {
  const { file, args: all } = user.command(program, args);
  // A session of its own: Ctrl-C in a terminal must reach the services first, which still need the database to stop cleanly.
  return spawn(file, all, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
    ...(user.uid === undefined ? {} : { uid: user.uid, gid: user.gid as number }),
  });
}

function tail(child: ChildProcess): () => string {
  let text = '';
  const keep = (chunk: Buffer): void => {
    text = (text + chunk.toString()).slice(-4_000);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  return () => text.trim();
}

async function startServer(binaries: Binaries, user: RunAs, { cluster, port }: { cluster: string; port: number }): Promise<ChildProcess> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const server = start(binaries.postgres, user, [
      '-D',
      cluster,
      '-p',
      String(port),
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      'unix_socket_directories=',
      '-c',
      'max_connections=200',
      '-c',
      'log_min_messages=warning',
      '-c',
      'log_min_error_statement=panic',
    ]);
    const log = tail(server);
    if (await isReady(server, port, deadline)) return server;
    await stopChild(server);
    // Backends of a server that was killed let go of its shared memory only when they notice.
    const worthWaiting = /pre-existing shared memory|still in use/.test(log());
    if (!worthWaiting || Date.now() > deadline) throw new Error(`PostgreSQL did not start on ${cluster}: ${log()}`);
    await sleep(200);
  }
}

async function isReady(server: ChildProcess, port: number, deadline: number): Promise<boolean> {
  while (server.exitCode === null && server.signalCode === null && Date.now() < deadline) {
    if (await answers(port)) return true;
    await sleep(25);
  }
  return false;
}

/** A wrong password is an answer too: the server is up. While it recovers it refuses with 57P03. */
async function answers(port: number): Promise<boolean> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: 'postgres',
    password: 'none',
    database: 'postgres',
    connectionTimeoutMillis: 2_000,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.end();
    return true;
  } catch (error) {
    return (error as { code?: string }).code === '28P01';
  }
}

async function createDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const found = await client.query('select 1 from pg_database where datname = $1', [DATABASE]);
    if (found.rowCount === 0) await client.query(`create database ${DATABASE}`);
  } finally {
    await client.end();
  }
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGINT');
  const timer = setTimeout(() => child.kill('SIGQUIT'), START_TIMEOUT_MS);
  await gone;
  clearTimeout(timer);
}

async function lastPortOrFree(file: string): Promise<number> {
  const last = Number((await readFile(file, 'utf8').catch(() => '')).trim());
  if (Number.isInteger(last) && last > 0 && (await bind(last)) !== undefined) return last;
  const free = await bind(0);
  if (free === undefined) throw new Error('There is no free port on 127.0.0.1');
  return free;
}

function bind(port: number): Promise<number | undefined> {
  return new Promise((done) => {
    const probe = createServer();
    probe.once('error', () => done(undefined));
    probe.listen(port, '127.0.0.1', () => {
      const { port: bound } = probe.address() as { port: number };
      probe.close(() => done(bound));
    });
  });
}
