import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Api } from '@muster/cli';
import { askAdmin, DataFolder, Parts, type Sandboxes, startProduct } from '@muster/local';
import { GROUPS_EACH, importFlow, importSize } from './import-company.ts';
import { keepResults, number } from './measure.ts';

const TIME_FACTOR = 60;
const LOOK_MS = 1_000;
/** A person may take so long on average before the benchmark gives up. */
const PATIENCE_MS_EACH = 1_000;

interface Status {
  readonly counts: Readonly<Record<string, number>>;
  readonly connections: readonly { readonly connection: string; readonly kind: string; readonly lastCompleteRead: string | null }[];
}

const OPTIONS = {
  command: 'start',
  transport: 'embedded',
  data: undefined,
  config: undefined,
  json: true,
  timeFactor: TIME_FACTOR,
} as const;

function wanted(args: readonly string[]): { workers: number; limits: boolean } {
  const { values } = parseArgs({ args: [...args], options: { workers: { type: 'string' }, limits: { type: 'boolean' } } });
  const workers = Number(values.workers ?? 10_000);
  if (!Number.isInteger(workers) || workers < 10) throw new RangeError(`--workers is "${values.workers}"; give a whole number from 10 up`);
  return { workers, limits: values.limits ?? false };
}

async function until(patienceMs: number, what: string, look: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + patienceMs;
  while (!(await look())) {
    if (performance.now() > end) throw new Error(`not within ${Math.round(patienceMs / 1000)} s: ${what}`);
    await sleep(LOOK_MS);
  }
}

/** Memberships that the directories themselves hold, and refusals for too many calls. */
async function outcome(sandboxes: Sandboxes): Promise<{ refused: number; calls: Record<string, number> }> {
  const counters = await askAdmin<Record<string, number>>(sandboxes, '/counters');
  const calls = Object.fromEntries(Object.entries(counters).filter(([name]) => /^(okta|graph)\.status\./.test(name)));
  return { refused: Object.entries(calls).reduce((sum, [name, count]) => (name.endsWith('.429') ? sum + count : sum), 0), calls };
}

/** People from HR into an empty org and tenant, on the embedded transport: accounts, managers and memberships, until nothing is left to do. */
export async function benchImport(say: (line: string) => void, args: readonly string[]): Promise<void> {
  const { workers, limits } = wanted(args);
  const parts = new Parts(() => undefined);
  const data = DataFolder.temporary();
  try {
    data.folder('flows');
    const template = readFileSync(fileURLToPath(import.meta.resolve('@muster/flow/templates/joiner.flow.yaml')), 'utf8');
    data.write('flows/joiner.flow.yaml', importFlow(template));
    const { sandboxes, consoleUrl } = await startProduct(parts, data, OPTIONS, importSize(workers));
    if (!sandboxes) throw new Error('there are no sandboxes');
    await askAdmin(sandboxes, '/limits', { enabled: limits });
    const api = new Api({ url: consoleUrl, token: data.token('token') });
    const status = () => api.get<Status>('/api/status');
    // Nobody is created before a second complete read, one that began behind the lag of the first.
    const first = new Map<string, string>();
    await until(300_000, 'two complete reads of each directory', async () => {
      const targets = (await status()).connections.filter(({ kind }) => kind !== 'hr');
      for (const { connection, lastCompleteRead } of targets)
        if (lastCompleteRead !== null && !first.has(connection)) first.set(connection, lastCompleteRead);
      return (
        targets.length === 2 && targets.every(({ connection, lastCompleteRead }) => lastCompleteRead !== (first.get(connection) ?? null))
      );
    });
    const cpuBefore = process.cpuUsage();
    const began = performance.now();
    let rssMib = 0;
    await askAdmin(sandboxes, '/hr/subscription', { target: `${consoleUrl}/scim/v2/hr-main/Bulk`, token: data.token('hr-token') });
    await until(120_000 + workers * PATIENCE_MS_EACH, 'everybody linked on both sides, and nothing left to send', async () => {
      const { counts } = await status();
      rssMib = Math.max(rssMib, Math.round(process.memoryUsage.rss() / 2 ** 20));
      return (
        (counts['linked accounts'] ?? 0) >= workers * 2 && counts['reconciliation: waiting'] === 0 && counts['provisioning: waiting'] === 0
      );
    });
    const seconds = (performance.now() - began) / 1000;
    const { user, system } = process.cpuUsage(cpuBefore);
    const cpuSeconds = (user + system) / 1e6;
    const { refused, calls } = await outcome(sandboxes);
    const memberships = workers * GROUPS_EACH * 2;
    say(
      `${workers} people, ${memberships} memberships in 200 groups a side, embedded transport, limits ${limits ? `as documented at time factor ${TIME_FACTOR}` : 'off'}`,
    );
    say(
      `${number(seconds)} s, ${number(workers / seconds)} people/s; CPU ${number((cpuSeconds * 1000) / workers)} ms a person, all services and the store; ${rssMib} MiB at most; 429s: ${refused}`,
    );
    say(`calls by status: ${JSON.stringify(calls)}`);
    say(`kept in ${keepResults('import', { workers, memberships, limits, seconds, cpuSeconds, rssMib, refused, calls })}`);
    await api.close();
  } finally {
    await parts.stop();
    data.close();
  }
}
