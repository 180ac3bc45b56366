import { parseArgs } from 'node:util';
import { askAdmin, DataFolder, Parts, startSandboxes } from '@muster/local';
import { bareLoop } from './bare-loop.ts';
import { GROUPS_EACH, importSize } from './import-company.ts';
import { ImportRun, type Imported } from './import-run.ts';
import { keepResults, number } from './measure.ts';

/** At this factor the shares that the product takes of the limits are far more than one machine can use; at 1 they are what it waits for. */
const FACTOR_WITHOUT_LIMITS = 60;
const FACTOR_WITH_LIMITS = 1;
const BARE_PEOPLE = 200;
const PERCENT = 100;

interface Wanted {
  readonly workers: number;
  readonly limits: boolean;
  readonly timeFactor: number;
}

function wanted(args: readonly string[]): Wanted {
  const { values } = parseArgs({
    args: [...args],
    options: { workers: { type: 'string' }, limits: { type: 'boolean' }, 'time-factor': { type: 'string' } },
  });
  const workers = Number(values.workers ?? 10_000);
  if (!Number.isInteger(workers) || workers < 10) throw new RangeError(`--workers is "${values.workers}"; give a whole number from 10 up`);
  const limits = values.limits ?? false;
  const timeFactor = Number(values['time-factor'] ?? (limits ? FACTOR_WITH_LIMITS : FACTOR_WITHOUT_LIMITS));
  if (!(timeFactor > 0 && timeFactor <= 60)) throw new RangeError(`--time-factor is "${values['time-factor']}"; give a number up to 60`);
  return { workers, limits, timeFactor };
}

/** The bare loop on sandboxes of its own, that hold the same groups and apps, without limits. */
async function floor(workers: number, timeFactor: number): Promise<number> {
  const parts = new Parts(() => undefined);
  const data = DataFolder.temporary();
  try {
    const sandboxes = await parts.start(
      'sandboxes',
      () => startSandboxes(data, timeFactor),
      ({ child }) => child.stop(),
    );
    await askAdmin(sandboxes, '/seed', { announce: false, ...importSize(10) });
    await askAdmin(sandboxes, '/limits', { enabled: false });
    return await bareLoop({ addresses: sandboxes.addresses, people: Math.min(workers, BARE_PEOPLE) });
  } finally {
    await parts.stop();
    data.close();
  }
}

interface Results extends Wanted, Imported {
  readonly memberships: number;
  readonly bare: readonly number[];
  readonly second: Awaited<ReturnType<ImportRun['again']>>;
}

function* linesOf(results: Results): Generator<string> {
  const { workers, memberships, limits, timeFactor, seconds, cpuSeconds, rssMib, refused, calls, quota, bare, second } = results;
  const rate = workers / seconds;
  yield `${number(workers)} people, ${number(memberships)} memberships in 200 groups a side, embedded transport, time factor ${timeFactor}, limits ${limits ? 'as documented' : 'off'}`;
  yield `${number(seconds)} s, ${number(rate)} people/s; CPU ${number((cpuSeconds * 1000) / workers)} ms a person, all services and the store; ${rssMib} MiB at most`;
  if (bare.length > 0) {
    const mean = bare.reduce((sum, one) => sum + one, 0) / bare.length;
    yield `bare loop over the SDKs (node-fetch and undici, connections kept), before and after: ${bare.map(number).join(', ')} people/s; the import reaches ${number(rate / mean)} of it`;
  }
  yield `429s: ${refused}; of Okta's tightest bucket (${quota.bucket}) ${number(quota.use * PERCENT)} % of the product's share was used`;
  yield `calls by status: ${JSON.stringify(calls)}`;
  const facts = Object.keys(second.facts).length === 0 ? 'no new fact' : `new facts: ${JSON.stringify(second.facts)}`;
  yield `again, rebuilt, shuffled and unchanged: ${number(second.seconds)} s, ${second.writes} vendor writes, ${facts}`;
  for (const { stream, recordedAt, type, data } of second.examples) yield `  ${recordedAt} ${type} ${stream} ${JSON.stringify(data)}`;
}

/**
 * People from HR into an empty org and tenant, on the embedded transport: accounts, managers and memberships, until nothing is left to do. Then everything that
 * can be rebuilt is, the directories are read and HR's records come once more, shuffled: nothing may be written and no fact recorded.
 */
export async function benchImport(say: (line: string) => void, args: readonly string[]): Promise<void> {
  const asked = wanted(args);
  const { workers, limits, timeFactor } = asked;
  const progress = (what: string): void => void process.stderr.write(`${new Date().toISOString().slice(11, 19)}  ${what}\n`);
  const bareRate = async (): Promise<number[]> => {
    if (limits) return [];
    progress('a bare loop');
    return [await floor(workers, timeFactor)];
  };
  const before = await bareRate();
  progress('an empty company is read twice');
  const run = await ImportRun.start(asked);
  try {
    progress('the import');
    const imported = await run.import();
    progress('everything once more, unchanged');
    const second = await run.again();
    await run.close();
    const bare = [...before, ...(await bareRate())];
    const results = { ...asked, ...imported, memberships: workers * GROUPS_EACH * 2, bare, second };
    for (const line of linesOf(results)) say(line);
    say(`kept in ${keepResults('import', results)}`);
  } finally {
    await run.close();
  }
}
