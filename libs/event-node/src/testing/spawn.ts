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
  /** How it ended, and all that it said on standard error. */
  ended: Promise<{ code: number | null; errors: string }>;
}

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const START_MS = 15_000;

export interface SpawnOptions {
  dataDir: string;
  port?: number;
  maxAppendBytes?: number;
  /** A command and its arguments that runs the node: limits, tracers. */
  through?: readonly string[];
}

const start = ({ dataDir, port = 0, maxAppendBytes, through = [] }: SpawnOptions): ChildProcess => {
  const more = maxAppendBytes ? ['--max-append', String(maxAppendBytes)] : [];
  const [command = process.execPath, ...rest] = [...through, process.execPath, MAIN, '--data', dataDir, '--port', String(port), ...more];
  return spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
};

/** Starts the compiled event node as a process of its own, which can be killed and frozen. Run `tsc -b` first. */
export const spawnEventNode = async (options: SpawnOptions): Promise<SpawnedEventNode> => {
  const child = start(options);
  let errors = '';
  child.stderr?.on('data', (text: Buffer) => (errors += text.toString()));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, errors }));
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const line = once(lines, 'line', { signal: AbortSignal.timeout(START_MS) }).then(([text]) => text as string);
  const died = ended.then(({ code }) => {
    throw new Error(`The event node ended with ${code}: ${errors}`);
  });
  const connectionString = await Promise.race([line, died]);
  died.catch(() => undefined);
  const end = async (name: NodeJS.Signals): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(name);
    await ended;
  };
  return {
    connectionString,
    port: Number(new URL(connectionString.replace('esdb:', 'http:')).port),
    pid: child.pid ?? 0,
    signal: (name) => void child.kill(name),
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    ended,
  };
};
