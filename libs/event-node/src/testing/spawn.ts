import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface SpawnedEventNode {
  connectionString: string;
  port: number;
  pid: number;
  /** Sends a signal: SIGKILL, SIGSTOP, SIGCONT. */
  signal(name: NodeJS.Signals): void;
  /** Resolves when the process has ended; sends SIGTERM unless it has. */
  stop(): Promise<void>;
  /** Sends SIGKILL and waits for the end. */
  kill(): Promise<void>;
}

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const START_MS = 15_000;

const firstLine = async (child: ChildProcess): Promise<string> => {
  const errors: string[] = [];
  child.stderr?.on('data', (text: Buffer) => errors.push(text.toString()));
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const line = once(lines, 'line', { signal: AbortSignal.timeout(START_MS) }).then(([text]) => text as string);
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`The event node ended with ${String(code)}: ${errors.join('')}`);
  });
  return Promise.race([line, ended]);
};

/** Starts the compiled event node as a process of its own, which can be killed and frozen. Run `tsc -b` first. */
export const spawnEventNode = async (options: { dataDir: string; port?: number; maxAppendBytes?: number }): Promise<SpawnedEventNode> => {
  const more = options.maxAppendBytes ? ['--max-append', String(options.maxAppendBytes)] : [];
  const child = spawn(process.execPath, [MAIN, '--data', options.dataDir, '--port', String(options.port ?? 0), ...more], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  exited.catch(() => undefined);
  const connectionString = await firstLine(child);
  const end = async (name: NodeJS.Signals): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(name);
    await exited;
  };
  return {
    connectionString,
    port: Number(new URL(connectionString.replace('esdb:', 'http:')).port),
    pid: child.pid ?? 0,
    signal: (name) => void child.kill(name),
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  };
};
