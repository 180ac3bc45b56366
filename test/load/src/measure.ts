import { closeSync, fdatasyncSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';

export const REPEATS = 5;
const TICKS_A_SECOND = 100;

export const sorted = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b);
export const median = (values: readonly number[]): number => sorted(values)[Math.floor(values.length / 2)] ?? 0;

/** CPU seconds that a process has used, and its resident memory in MiB (from /proc). */
export function usage(pid: number): { cpuSeconds: number; rssMib: number } {
  const fields = (readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1] ?? '').split(' ');
  const resident = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND, rssMib: Math.round(Number(resident) / 1024) };
}

/** Seconds that some work took. */
export async function timed(work: () => Promise<void> | void): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

/** Appends of one size a second to a plain file in this folder, each forced to the disk (fdatasync), as the event node does for each group. */
export async function rawFileRate(folder: string, bytes: number, writes: number): Promise<number> {
  const file = join(folder, 'raw');
  const fd = openSync(file, 'a', 0o600);
  const block = Buffer.alloc(bytes, 'x');
  try {
    const seconds = await timed(() => {
      for (let at = 0; at < writes; at++) {
        writeSync(fd, block);
        fdatasyncSync(fd);
      }
    });
    return writes / seconds;
  } finally {
    closeSync(fd);
    rmSync(file);
  }
}

/** Writes what was measured to bench-results/ in the working folder; gives the path. */
export function keepResults(name: string, results: object): string {
  mkdirSync('bench-results', { recursive: true });
  const path = join('bench-results', `${name}-${new Date().toISOString().replaceAll(':', '')}.json`);
  const machine = { cpus: cpus().length, model: cpus()[0]?.model, memoryGib: Math.round(totalmem() / 2 ** 30), node: process.version };
  writeFileSync(path, `${JSON.stringify({ name, at: new Date().toISOString(), machine, ...results }, null, 2)}\n`);
  return path;
}

export const number = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(value >= 10 ? 1 : 2);
