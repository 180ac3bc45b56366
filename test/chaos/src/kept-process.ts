import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Launch {
  readonly script: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
}

const READY_WITHIN_MS = 90_000;
const STOPPED_WITHIN_MS = 10_000;
const PAUSE_MS = 300;

/** A process that is started again whenever it ends, always with the same arguments, as a supervisor in production would. */
export class KeptProcess {
  #child: ChildProcess | undefined;
  #stopped = false;
  #ready = false;
  #killed = false;
  #running: Promise<void> | undefined;
  /** How often it ended without being killed by us. */
  ownEnds = 0;

  constructor(
    readonly name: string,
    private readonly launch: Launch,
  ) {}

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves when it has printed its first line. */
  start(): Promise<void> {
    this.#running ??= this.#keep();
    return this.untilReady();
  }

  async untilReady(): Promise<void> {
    const end = performance.now() + READY_WITHIN_MS;
    while (!this.#ready) {
      if (performance.now() > end)
        throw new Error(`${this.name} was not ready within ${READY_WITHIN_MS / 1000} s; see ${this.launch.logFile}`);
      await sleep(20);
    }
  }

  /** kill -9, now. It is started again at once. Throws if there is nothing to kill. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || !this.#ready) throw new Error(`${this.name} does not run`);
    this.#ready = false;
    this.#killed = true;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** Ends it for good; kill -9 if it does not listen. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const child = this.#child;
    if (child && child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      const force = setTimeout(() => child.kill('SIGKILL'), STOPPED_WITHIN_MS);
      await this.#running;
      clearTimeout(force);
    }
    await this.#running;
  }

  async #keep(): Promise<void> {
    while (!this.#stopped) {
      const child = this.#spawn();
      await once(child, 'exit').catch(() => undefined);
      this.#ready = false;
      if (!this.#killed && !this.#stopped) this.ownEnds++;
      this.#killed = false;
      if (!this.#stopped) await sleep(PAUSE_MS);
    }
  }

  #spawn(): ChildProcess {
    const { script, args, env, logFile } = this.launch;
    const log = openSync(logFile, 'a', 0o600);
    const child = spawn(process.execPath, [script, ...args], { env, stdio: ['ignore', 'pipe', log] });
    closeSync(log);
    this.#child = child;
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    lines.once('line', () => {
      if (this.#child === child && child.exitCode === null && child.signalCode === null) this.#ready = true;
    });
    child.stdout?.resume();
    return child;
  }
}
