import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** A process of ours. `firstLine` is what it printed when it was ready. */
export interface Child {
  readonly pid: number;
  readonly firstLine: string;
  readonly stop: () => Promise<void>;
}

const READY_WITHIN_MS = 60_000;
const STOPPED_WITHIN_MS = 10_000;

/**
 * Starts a built script with this Node and waits for its first line of output. Everything else it prints goes to `logFile`.
 *
 * @throws when it ends or stays silent instead; the message names the log.
 */
export async function startChild(
  script: string,
  args: readonly string[],
  options: { env: NodeJS.ProcessEnv; logFile: string },
): Promise<Child> {
  const child = spawn(process.execPath, [script, ...args], { env: options.env, stdio: ['ignore', 'pipe', 'pipe'] });
  const log = createWriteStream(options.logFile, { flags: 'a', mode: 0o600 });
  child.stderr.pipe(log, { end: false });
  const lines = createInterface({ input: child.stdout });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  try {
    const firstLine = await firstOf(lines, child, options.logFile);
    lines.on('line', (line) => log.write(`${line}\n`));
    return { pid: child.pid ?? 0, firstLine, stop: () => stopChild(child, ended) };
  } catch (error) {
    await stopChild(child, ended);
    throw error;
  }
}

function firstOf(lines: ReturnType<typeof createInterface>, child: ChildProcess, logFile: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`it was not ready within ${READY_WITHIN_MS / 1000} s; see ${logFile}`)),
      READY_WITHIN_MS,
    );
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      act();
    };
    lines.once('line', (line) => settle(() => resolve(line)));
    child.once('error', (error) => settle(() => reject(error)));
    child.once('exit', (code, signal) =>
      settle(() => reject(new Error(`it ended with ${code ?? signal} before it was ready; see ${logFile}`))),
    );
  });
}

async function stopChild(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), STOPPED_WITHIN_MS);
  await ended;
  clearTimeout(killer);
}
