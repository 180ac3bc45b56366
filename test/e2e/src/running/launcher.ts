import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('../../../../deploy/local/dist/main.js', import.meta.url));
const READY_WITHIN_MS = 90_000;
const ENDS_WITHIN_MS = 30_000;

/** The launcher as somebody runs it who types `npm start`: one process, its words, its exit code. */
export class Launcher {
  #out = '';
  #err = '';

  private constructor(private readonly child: ChildProcess) {
    child.stdout?.on('data', (text: Buffer) => (this.#out += text.toString()));
    child.stderr?.on('data', (text: Buffer) => (this.#err += text.toString()));
  }

  static run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Launcher {
    return new Launcher(
      spawn(process.execPath, [SCRIPT, ...args], { env: { ...process.env, NODE_OPTIONS: '', ...env }, stdio: ['ignore', 'pipe', 'pipe'] }),
    );
  }

  get out(): string {
    return this.#out;
  }

  get err(): string {
    return this.#err;
  }

  /** Resolves when it says that Ctrl-C ends it. */
  async ready(): Promise<void> {
    const end = performance.now() + READY_WITHIN_MS;
    while (!this.#out.includes('Ctrl-C stops everything')) {
      if (this.child.exitCode !== null || performance.now() > end)
        throw new Error(`it is not ready (exit ${this.child.exitCode}):\n${this.#out}\n${this.#err}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Its exit code, once it has ended; after half a minute it is killed. */
  async ended(): Promise<number | null> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return this.child.exitCode;
    const killer = setTimeout(() => this.child.kill('SIGKILL'), ENDS_WITHIN_MS);
    const [code] = (await once(this.child, 'close')) as [number | null];
    clearTimeout(killer);
    return code;
  }

  /** Ctrl-C. */
  interrupt(): Promise<number | null> {
    this.child.kill('SIGINT');
    return this.ended();
  }
}
