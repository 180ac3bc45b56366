import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Kafka, logLevel } from 'kafkajs';
import { kafkaJars, requireJava } from './jars.ts';

const run = promisify(execFile);

export interface KafkaBroker {
  /** `127.0.0.1:port`. */
  brokers: string;
  /** The broker's process. */
  pid: number;
  /** Stops the broker and waits until it is gone. Safe to repeat. */
  stop(): Promise<void>;
  /** Settles when the broker has ended, for whatever reason. */
  ended: Promise<void>;
}

export interface KafkaLocalOptions {
  /** Created if missing; topics, offsets and the ports of the last start are kept in it. */
  dataDir: string;
  /** Default: the port of the last start if it is free, else any free one. */
  port?: number;
}

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 20_000;
const HEAP = ['-Xms256m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'];

/**
 * Starts a single real Kafka broker on this machine, for development and tests, without Docker. It listens on 127.0.0.1 only, in plain text. A folder left behind
 * by a kill -9, of the broker or of its starter, is taken over. Resolves when the broker answers. Throws CannotRunKafka without Java 17 or,
 * at the first start, Maven.
 */
export async function startKafka({ dataDir, port }: KafkaLocalOptions): Promise<KafkaBroker> {
  await requireJava();
  const jars = await kafkaJars();
  const folder = resolve(dataDir);
  await mkdir(folder, { recursive: true });
  await stopOrphan(folder);
  const { id, ...ports } = await choosePorts(folder, port);
  const properties = join(folder, 'server.properties');
  await writeFile(properties, serverProperties(join(folder, 'logs'), ports));
  await format(jars, properties, id);
  const broker = launch(jars, properties);
  await writeFile(join(folder, 'broker.pid'), `${broker.child.pid}\n`);
  const brokers = `127.0.0.1:${ports.broker}`;
  try {
    await untilAnswering(brokers, broker);
  } catch (error) {
    await stopChild(broker.child);
    throw error;
  }
  const ended = once(broker.child, 'exit').then(() => {});
  return { brokers, pid: broker.child.pid as number, stop: () => stopChild(broker.child), ended };
}

interface Ports {
  broker: number;
  controller: number;
}

const serverProperties = (logs: string, { broker, controller }: Ports): string =>
  Object.entries({
    'process.roles': 'broker,controller',
    'node.id': '1',
    listeners: `PLAINTEXT://127.0.0.1:${broker},CONTROLLER://127.0.0.1:${controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${broker}`,
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.bootstrap.servers': `127.0.0.1:${controller}`,
    'log.dirs': logs,
    'offsets.topic.num.partitions': '1',
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'default.replication.factor': '1',
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '1000',
    'auto.create.topics.enable': 'false',
    'log.cleaner.dedupe.buffer.size': '4194304',
    'num.network.threads': '2',
    'num.io.threads': '2',
  })
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');

/** What a folder remembers of its last start: the cluster's id must stay, the address should. */
async function choosePorts(folder: string, asked: number | undefined): Promise<Ports & { id: string }> {
  const file = join(folder, 'broker.json');
  const last = JSON.parse(await readFile(file, 'utf8').catch(() => '{}')) as Partial<Ports> & { id?: string };
  const broker = asked ?? (await portOrFree(last.broker));
  const controller = await portOrFree(last.controller, broker);
  const chosen = { id: last.id ?? randomBytes(16).toString('base64url'), broker, controller };
  await writeFile(file, JSON.stringify(chosen));
  return chosen;
}

async function portOrFree(wanted: number | undefined, taken?: number): Promise<number> {
  if (wanted !== undefined && wanted !== taken && (await bind(wanted)) !== undefined) return wanted;
  for (let tries = 0; tries < 10; tries++) {
    const free = await bind(0);
    if (free !== undefined && free !== taken) return free;
  }
  throw new Error('There is no free port on 127.0.0.1');
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

async function format(jars: string, properties: string, id: string): Promise<void> {
  await run('java', [
    '-Xmx256m',
    '-XX:TieredStopAtLevel=1',
    '-cp',
    join(jars, '*'),
    'kafka.tools.StorageTool',
    'format',
    '--standalone',
    '-t',
    id,
    '-c',
    properties,
    '--ignore-formatted',
  ]).catch((cause: { stderr?: string; stdout?: string }) => {
    throw new Error(`Kafka's storage could not be prepared: ${`${cause.stdout ?? ''}${cause.stderr ?? ''}`.trim().slice(-600)}`, { cause });
  });
}

interface Launched {
  child: ChildProcess;
  log: () => string;
}

function launch(jars: string, properties: string): Launched {
  // A session of its own: Ctrl-C in a terminal must reach the services first, which still commit their offsets.
  const child = spawn('java', [...HEAP, '-cp', join(jars, '*'), 'kafka.Kafka', properties], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const keep = (chunk: Buffer): void => {
    text = (text + chunk.toString()).slice(-4_000);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  return { child, log: () => text.trim() };
}

async function untilAnswering(brokers: string, { child, log }: Launched): Promise<void> {
  const kafka = new Kafka({
    clientId: 'muster-kafka-local',
    brokers: [brokers],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1_000,
    retry: { retries: 0 },
  });
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline && child.exitCode === null && child.signalCode === null) {
    const admin = kafka.admin();
    try {
      await admin.connect();
      await admin.listTopics();
      return;
    } catch {
      await sleep(150);
    } finally {
      await admin.disconnect().catch(() => {});
    }
  }
  throw new Error(`Kafka did not start: ${log()}`);
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await gone;
  clearTimeout(timer);
}

/** A broker whose starter was killed still holds the folder's lock. */
async function stopOrphan(folder: string): Promise<void> {
  const file = join(folder, 'broker.pid');
  const pid = Number((await readFile(file, 'utf8').catch(() => '')).trim());
  if (!Number.isSafeInteger(pid) || pid <= 0) return;
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (!(await isBrokerOf(pid, folder))) break;
    process.kill(pid, signal);
    for (const deadline = Date.now() + STOP_TIMEOUT_MS; Date.now() < deadline && (await isBrokerOf(pid, folder));) await sleep(100);
  }
  await rm(file, { force: true });
}

async function isBrokerOf(pid: number, folder: string): Promise<boolean> {
  const words = await commandOf(pid);
  return words.includes('kafka.Kafka') && words.includes(join(folder, 'server.properties'));
}

async function commandOf(pid: number): Promise<string> {
  if (process.platform === 'linux') return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ');
  return (await run('ps', ['-o', 'command=', '-p', String(pid)]).catch(() => ({ stdout: '' }))).stdout;
}
