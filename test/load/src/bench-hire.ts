import { DataFolder, hireAndWatch, Parts, seedCompany, startProduct, type Step } from '@muster/local';
import { keepResults, median, sorted } from './measure.ts';

const HIRES = 10;
const TIME_FACTOR = 20;
const SIZE = { workers: 30 };

/** From the HR record to each thing that a hire should bring, as seen from outside, one hire after the other on the embedded transport. */
export async function benchHire(say: (line: string) => void): Promise<void> {
  const parts = new Parts(() => undefined);
  const data = DataFolder.temporary();
  try {
    const options = {
      command: 'start',
      transport: 'embedded',
      data: undefined,
      config: undefined,
      json: true,
      timeFactor: TIME_FACTOR,
    } as const;
    const { sandboxes, consoleUrl } = await startProduct(parts, data, options, SIZE);
    if (!sandboxes) throw new Error('there are no sandboxes');
    const console = { url: consoleUrl, token: data.token('token') };
    await seedCompany({ sandboxes, console, hrToken: data.token('hr-token'), size: SIZE, say: () => undefined });
    const cpuBefore = process.cpuUsage();
    const runs: (readonly Step[])[] = [];
    for (let at = 0; at < HIRES; at++) runs.push((await hireAndWatch({ sandboxes, console, onStep: () => undefined })).steps);
    const { user, system } = process.cpuUsage(cpuBefore);
    const names = runs[0]?.map(({ step }) => step) ?? [];
    const times = Object.fromEntries(
      names.map((name) => [name, sorted(runs.map((steps) => steps.find(({ step }) => step === name)?.afterMs ?? 0))]),
    );
    const rssMib = Math.round(process.memoryUsage.rss() / 2 ** 20);
    say(
      `${HIRES} hires, embedded transport, time factor ${TIME_FACTOR} (settle times and limits are that much shorter), looked at every 250 ms`,
    );
    say(`${'step'.padEnd(26)}${'median ms'.padStart(12)}${'worst ms'.padStart(12)}`);
    for (const [name, values] of Object.entries(times))
      say(`${name.padEnd(26)}${String(median(values)).padStart(12)}${String(values.at(-1)).padStart(12)}`);
    say(`CPU ${((user + system) / 1e6 / HIRES).toFixed(2)} s a hire, all services, the store and the watcher; ${rssMib} MiB`);
    say(
      `kept in ${keepResults('hire', { hires: HIRES, timeFactor: TIME_FACTOR, times, cpuSecondsAHire: (user + system) / 1e6 / HIRES, rssMib })}`,
    );
  } finally {
    await parts.stop();
    data.close();
  }
}
