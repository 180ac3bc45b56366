import { createServer } from 'node:net';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startKafka } from '@muster/kafka-local';
import {
  askAdmin,
  type DataFolder,
  environmentOf,
  type Parts,
  type Sandboxes,
  type ServiceEnvironment,
  startSandboxes,
} from '@muster/local';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@muster/read-store/embedded';
import { KeptProcess } from './kept-process.ts';
import { StoreLedger } from './store-ledger.ts';
import { serviceVictim, total, TransactionsOpen, type Unacknowledged, type Victim } from './victims.ts';

const SERVICES = [
  'hr-ingestion',
  'okta-ingestion',
  'azure-ad-ingestion',
  'reconciliation',
  'provisioning',
  'audit-projection',
  'event-relay',
] as const;

/** Who is at work already when the hires begin. */
export const COMPANY = { workers: 20, groups: 30, apps: 8 };

/** The product on Kafka, every part a process that can be killed and comes back on the same data, port and settings. */
export interface Installation {
  readonly victims: readonly Victim[];
  readonly sandboxes: Sandboxes;
  readonly console: { readonly url: string; readonly token: string };
  readonly ledger: StoreLedger;
}

const scriptOf = (name: string): string => fileURLToPath(import.meta.resolve(`@muster/${name}`)).replace(/index\.js$/, 'main.js');

/** Starts everything. What was started is in `parts`, also when this fails half-way. */
export async function install(parts: Parts, data: DataFolder, timeFactor: number): Promise<Installation> {
  const ports = await freePorts(SERVICES.length + 2);
  const postgres = await startPostgres(parts, data);
  const store = await startStore(parts, data, ports.pop() ?? 0);
  const kafka = await parts.start(
    'Kafka',
    () => startKafka({ dataDir: data.folder('kafka') }),
    (broker) => broker.stop(),
  );
  const sandboxes = await parts.start(
    'sandboxes',
    () => startSandboxes(data, timeFactor),
    ({ child }) => child.stop(),
  );
  // Before anything reads: an empty system is not believed.
  await askAdmin(sandboxes, '/seed', { announce: true, ...COMPANY });
  const environment = environmentOf({
    data,
    options: { transport: 'kafka', config: undefined, timeFactor },
    database: postgres.url,
    store: store.connectionString,
    kafka: kafka.brokers,
    sandboxes,
  });
  const services = await startServices(parts, data, { environment, ports });
  const serviceVictims = services.map(({ process: kept, url }) => serviceVictim(kept, url));
  const consoleUrl = services.find(({ name }) => name === 'console')?.url ?? '';
  return {
    victims: [...serviceVictims, whileOthersWork(store.victim, serviceVictims), postgres.victim],
    sandboxes,
    console: { url: consoleUrl, token: data.token('token') },
    ledger: store.ledger,
  };
}

async function startPostgres(parts: Parts, data: DataFolder): Promise<{ url: string; victim: Victim }> {
  const dataDir = data.folder('postgres');
  let server: EmbeddedPostgres = await parts.start(
    'PostgreSQL',
    () => startEmbeddedPostgres({ dataDir }),
    () => server.stop(),
  );
  const { url } = server;
  const open = new TransactionsOpen(url);
  await parts.start(
    'its sessions',
    async () => open,
    (sessions) => sessions.close(),
  );
  const victim: Victim = {
    name: 'PostgreSQL',
    look: () => open.look(),
    async kill() {
      process.kill(server.pid, 'SIGKILL');
      await server.ended;
      await open.close();
    },
    async untilBack() {
      server = await startEmbeddedPostgres({ dataDir, port: Number(new URL(url).port) });
    },
    ownEnds: () => 0,
  };
  return { url, victim };
}

/** The ledger always has appends under way: the store is worth killing when services have unacknowledged work, too. */
function whileOthersWork(store: Victim, services: readonly Victim[]): Victim {
  return {
    ...store,
    async look() {
      const others = await Promise.all(services.map((service) => service.look().catch((): Unacknowledged => ({}))));
      const inServices = others.reduce((sum, seen) => sum + total(seen), 0);
      const own = await store.look();
      return total(own) > 0 && inServices > 0 ? { ...own, 'in services': inServices } : {};
    },
  };
}

async function startStore(
  parts: Parts,
  data: DataFolder,
  port: number,
): Promise<{ connectionString: string; ledger: StoreLedger; victim: Victim }> {
  const node = new KeptProcess('event store', {
    script: scriptOf('event-node'),
    args: ['--data', makeFolder(data.file('events')), '--port', String(port)],
    env: process.env,
    logFile: data.file('event-node.log'),
  });
  await startKept(parts, node);
  const connectionString = `esdb://127.0.0.1:${port}?tls=false`;
  const ledger = await parts.start(
    'ledger',
    async () => new StoreLedger(connectionString),
    async (opened) => {
      await opened.stop();
      await opened.close();
    },
  );
  const victim: Victim = {
    name: node.name,
    look: async () => ({ append: ledger.inFlight }),
    kill: () => node.kill(),
    untilBack: () => node.untilReady(),
    ownEnds: () => node.ownEnds,
  };
  return { connectionString, ledger, victim };
}

/** A part that fails to start is stopped, too: its supervisor would go on trying. */
async function startKept(parts: Parts, kept: KeptProcess): Promise<void> {
  await parts.start(
    kept.name,
    async () => kept,
    (one) => one.stop(),
  );
  await kept.start();
}

interface Addressed {
  readonly name: string;
  readonly url: string;
  readonly process: KeptProcess;
}

async function startServices(
  parts: Parts,
  data: DataFolder,
  { environment, ports }: { environment: ServiceEnvironment; ports: readonly number[] },
): Promise<Addressed[]> {
  const addressed = [...SERVICES, 'console'].map((name, at): Addressed => {
    const port = String(ports[at]);
    const env = { ...process.env, ...environment, MUSTER_HTTP_PORT: port };
    const kept = new KeptProcess(name, { script: scriptOf(name), args: [], env, logFile: data.file(`${name}.log`) });
    return { name, url: `http://127.0.0.1:${port}`, process: kept };
  });
  const behind = addressed.filter(({ name }) => name !== 'console');
  writeFileSync(data.file('services.json'), JSON.stringify(Object.fromEntries(behind.map(({ name, url }) => [name, url]))), {
    mode: 0o600,
  });
  await Promise.all(addressed.map(({ process: kept }) => startKept(parts, kept)));
  return addressed;
}

function makeFolder(path: string): string {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return path;
}

/** Ports that were free just now, all different. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer().once('error', reject);
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
