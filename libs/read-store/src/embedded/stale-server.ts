import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const STOP_TIMEOUT_MS = 10_000;

/**
 * Makes a data folder free to start on. After a kill -9 of whoever started it, the server still runs: it is asked to stop, then made to.
 * After a kill -9 of the server itself, its pid file stays, and the pid may meanwhile belong to another program: then only the file goes.
 */
export async function clearStaleServer(cluster: string): Promise<void> {
  const pidFile = join(cluster, 'postmaster.pid');
  const pid = Number((await readFile(pidFile, 'utf8').catch(() => '')).split('\n')[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return;
  if (await isServerOf(pid, cluster)) await stopServer(pid, cluster);
  await rm(pidFile, { force: true });
}

async function isServerOf(pid: number, cluster: string): Promise<boolean> {
  if (process.platform !== 'linux') return isAlive(pid);
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  const words = command.split('\0');
  return (words[0] ?? '').endsWith('postgres') && words.includes(cluster);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function stopServer(pid: number, cluster: string): Promise<void> {
  // SIGINT is PostgreSQL's fast shutdown: it ends sessions and writes a checkpoint; SIGQUIT leaves recovery to the next start.
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    send(pid, signal);
    const deadline = Date.now() + STOP_TIMEOUT_MS;
    while (Date.now() < deadline) {
      if (!(await isServerOf(pid, cluster))) return;
      await sleep(50);
    }
  }
  throw new Error(`The PostgreSQL server ${pid} on ${cluster} does not stop`);
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
