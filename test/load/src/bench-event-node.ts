import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ANY, EventStoreDBClient, FORWARDS, jsonEvent, START } from '@eventstore/db-client';
import { type Child, startChild } from '@muster/local';
import { keepResults, median, number, rawFileRate, REPEATS, sorted, timed, usage } from './measure.ts';

const EVENT_BYTES = 400;
const payload = { text: 'x'.repeat(EVENT_BYTES) };
const event = () => jsonEvent({ type: 'Noted', data: payload });

interface Shape {
  readonly name: string;
  /** Events of one run. */
  readonly events: number;
  run(client: EventStoreDBClient, stream: string): Promise<void>;
}

const append = async (client: EventStoreDBClient, stream: string, count: number): Promise<void> => {
  await client.appendToStream(stream, Array.from({ length: count }, event), { expectedRevision: ANY });
};

/** `appends` appends of `size` events, so many at a time. */
const appends = (appendCount: number, size: number, atOnce: number) => async (client: EventStoreDBClient, stream: string) => {
  let left = appendCount;
  const lane = async (number: number): Promise<void> => {
    while (left-- > 0) await append(client, `${stream}-${number}`, size);
  };
  await Promise.all(Array.from({ length: atOnce }, (_, number) => lane(number)));
};

const writes: readonly Shape[] = [
  { name: 'append 1, one at a time', events: 1_000, run: appends(1_000, 1, 1) },
  { name: 'append 1, 64 in flight', events: 6_400, run: appends(6_400, 1, 64) },
  { name: 'batches of 100', events: 10_000, run: appends(100, 100, 4) },
  { name: 'batches of 1,000', events: 20_000, run: appends(20, 1_000, 2) },
];

interface Measured {
  readonly median: number;
  readonly worst: number;
  readonly serverCpuSeconds: number;
  readonly clientCpuSeconds: number;
  readonly serverRssMib: number;
}

async function measure(server: Child, client: EventStoreDBClient, shape: Shape): Promise<Measured> {
  await shape.run(client, `warm-${performance.now()}`);
  const rates: number[] = [];
  const [serverBefore, clientBefore] = [usage(server.pid), usage(process.pid)];
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    rates.push(shape.events / (await timed(() => shape.run(client, `bench-${performance.now()}`))));
  }
  const [serverAfter, clientAfter] = [usage(server.pid), usage(process.pid)];
  return {
    median: median(rates),
    worst: sorted(rates)[0] ?? 0,
    serverCpuSeconds: serverAfter.cpuSeconds - serverBefore.cpuSeconds,
    clientCpuSeconds: clientAfter.cpuSeconds - clientBefore.cpuSeconds,
    serverRssMib: serverAfter.rssMib,
  };
}

const READS = 20_000;
const reads: readonly Shape[] = [
  {
    name: 'read $all',
    events: READS,
    async run(client) {
      let seen = 0;
      for await (const { event: one } of client.readAll({ direction: FORWARDS, fromPosition: START, maxCount: READS })) if (one) seen++;
      if (seen !== READS) throw new Error(`read ${seen} of ${READS} events`);
    },
  },
  {
    name: 'subscribe from the start',
    events: READS,
    async run(client) {
      const subscription = client.subscribeToAll({ fromPosition: START });
      let seen = 0;
      for await (const { event: one } of subscription) if (one && ++seen === READS) break;
      await subscription.unsubscribe();
    },
  },
];

const script = (name: string): string =>
  name === 'dropping-server'
    ? fileURLToPath(new URL('./dropping-server.js', import.meta.url))
    : fileURLToPath(import.meta.resolve('@muster/event-node')).replace(/index\.js$/, 'main.js');

async function withServer<T>(name: string, folder: string, work: (server: Child, client: EventStoreDBClient) => Promise<T>): Promise<T> {
  const args = name === 'dropping-server' ? [] : ['--data', folder, '--port', '0', '--max-append', String(8 * 1024 * 1024)];
  const server = await startChild(script(name), args, { env: process.env, logFile: join(folder, `${name}.log`) });
  const client = EventStoreDBClient.connectionString(server.firstLine);
  try {
    return await work(server, client);
  } finally {
    await client.dispose();
    await server.stop();
  }
}

const all = async (shapes: readonly Shape[], server: Child, client: EventStoreDBClient): Promise<Record<string, Measured>> => {
  const results: Record<string, Measured> = {};
  for (const shape of shapes) results[shape.name] = await measure(server, client, shape);
  return results;
};

/** Appends, reads and subscriptions of the official client on the event node, between two runs of a server that drops the data and of a raw file. */
export async function benchEventNode(say: (line: string) => void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'muster-bench-'));
  try {
    const floor = async () => ({
      dropping: await withServer('dropping-server', folder, (server, client) => all(writes, server, client)),
      rawFileSyncsASecond: median([
        await rawFileRate(folder, EVENT_BYTES, 1_000),
        await rawFileRate(folder, EVENT_BYTES, 1_000),
        await rawFileRate(folder, EVENT_BYTES, 1_000),
      ]),
    });
    const before = await floor();
    const node = await withServer('event-node', folder, async (server, client) => ({
      ...(await all(writes, server, client)),
      ...(await all(reads, server, client)),
    }));
    const after = await floor();
    say(
      `client @eventstore/db-client, sync mode: WAL, synchronous = FULL (one fsync a group of appends), events of ${EVENT_BYTES} bytes, ${REPEATS} repeats`,
    );
    say(
      `raw file, ${EVENT_BYTES} bytes and fdatasync each: ${number(before.rawFileSyncsASecond)}/s before, ${number(after.rawFileSyncsASecond)}/s after`,
    );
    say(
      `${''.padEnd(26)}${['median/s', 'worst/s', 'floor/s', 'ratio', 'server CPU s', 'client CPU s', 'server MiB'].map((head) => head.padStart(14)).join('')}`,
    );
    for (const [name, own] of Object.entries(node)) {
      const floors = [before, after].map(({ dropping }) => dropping[name]?.median).filter((rate) => rate !== undefined);
      const most = floors.length ? Math.max(...floors) : undefined;
      const cells = [own.median, own.worst, most, most && own.median / most, own.serverCpuSeconds, own.clientCpuSeconds, own.serverRssMib];
      say(`${name.padEnd(26)}${cells.map((cell) => (cell === undefined ? '-' : number(cell)).padStart(14)).join('')}`);
    }
    say(`kept in ${keepResults('event-node', { before, node, after })}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
