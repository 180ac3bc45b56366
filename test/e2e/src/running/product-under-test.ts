import { type ChildProcess, execFile, fork } from 'node:child_process';
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import type { Answered, Order, View } from './orders.ts';

const SCRIPT = fileURLToPath(new URL('../../dist/running/run-product.js', import.meta.url));
const CLI = fileURLToPath(new URL('../../../../libs/cli/dist/main.js', import.meta.url));
const START_WITHIN_MS = 120_000;
const ORDER_WITHIN_MS = 150_000;
const STOP_WITHIN_MS = 40_000;
const REPLY = { headersTimeout: 30_000, bodyTimeout: 30_000 };

export interface Addresses {
  readonly okta: {
    readonly url: string;
    readonly tokens: Readonly<Record<string, string>>;
    readonly oauth: Record<string, { privateKeyFile: string }>;
  };
  readonly entra: { readonly graphUrl: string; readonly clients: Readonly<Record<string, { clientId: string; clientSecret: string }>> };
  readonly adminUrl: string;
}

interface Started {
  readonly consoleUrl: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly addresses: Addresses;
}

/** A folder that one product of one test keeps its data in. Readable by the database's own user, too. */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'muster-e2e-'));
}

export interface JournalEntry {
  readonly seq: number;
  readonly server: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly effects: readonly string[];
  readonly lost?: string;
}

/** A running product, in a child process (and processes of that), with what a test asks of it. */
export class ProductUnderTest {
  readonly #waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  #next = 1;

  private constructor(
    readonly folder: string,
    private readonly child: ChildProcess,
  ) {
    child.on('message', (message) => this.#answered(message as Answered));
    child.once('exit', (code, signal) => this.#lost(`the product ended with ${code ?? signal}; see ${folder}/product.log`));
  }

  #started: Started | undefined;

  /** Starts it in a folder; a second start in the same folder goes on with its data. The child leads a process group of its own. */
  static async start(
    folder: string,
    options: { transport?: 'embedded' | 'kafka'; timeFactor?: number; workers?: number } = {},
  ): Promise<ProductUnderTest> {
    const { transport = 'embedded', timeFactor = 20, workers = 12 } = options;
    const env = { ...process.env, NODE_OPTIONS: '', MUSTER_LOG_LEVEL: 'debug' };
    const child = fork(SCRIPT, [folder, transport, String(timeFactor), String(workers)], {
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const log = createWriteStream(join(folder, 'product.log'), { flags: 'a' });
    child.stdout?.pipe(log, { end: false });
    child.stderr?.pipe(log, { end: false });
    const product = new ProductUnderTest(folder, child);
    try {
      product.#started = (await product.#answer(0, START_WITHIN_MS)) as Started;
      return product;
    } catch (error) {
      await product.stop();
      throw error;
    }
  }

  get started(): Started {
    if (!this.#started) throw new Error('the product is not started');
    return this.#started;
  }

  get token(): string {
    return this.read('token');
  }

  /** A small file of the data folder. */
  read(name: string): string {
    return readFileSync(join(this.folder, name), 'utf8').trim();
  }

  /** Has HR push the company and waits until everybody is known and linked. */
  seed(): Promise<unknown> {
    return this.#order({ order: 'seed' });
  }

  /** The demo's road: one hire, watched step by step. */
  hire(): Promise<{ employeeNumber: string; identityId: string; oktaId: string; entraId: string; steps: { step: string }[] }> {
    return this.#order({ order: 'hire' }) as ReturnType<ProductUnderTest['hire']>;
  }

  view<T>(view: View, about: string): Promise<T | null> {
    return this.#order({ order: 'view', view, about }) as Promise<T | null>;
  }

  /** Asks the sandboxes' admin server. */
  admin<T>(path: string, body?: object, method = body === undefined ? 'GET' : 'POST'): Promise<T> {
    return json<T>(new URL(path, this.started.addresses.adminUrl), { method, body });
  }

  /** Asks the console as an operator. */
  api<T>(path: string, body?: object): Promise<T> {
    return json<T>(new URL(path, this.started.consoleUrl), { method: body === undefined ? 'GET' : 'POST', body, token: this.token });
  }

  async journalSince(seq: number): Promise<{ last: number; entries: JournalEntry[] }> {
    return this.admin(`/journal?since=${seq}&limit=100000`);
  }

  /** Runs the command line against it. */
  muster(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const env = { ...process.env, NODE_OPTIONS: '' };
    return new Promise((resolve) => {
      execFile(process.execPath, [CLI, '--data', this.folder, ...args], { env, timeout: 30_000 }, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code ?? 99) : 0, stdout, stderr }),
      );
    });
  }

  /** Stops it in order; after a while by force, with every process that it started. */
  async stop(): Promise<void> {
    const { child } = this;
    const gone = (): boolean => child.exitCode !== null || child.signalCode !== null;
    if (!gone()) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await Promise.race([ended, sleep(STOP_WITHIN_MS, undefined, { ref: false })]);
    }
    endGroup(child.pid);
    endDatabase(this.folder);
  }

  #order(order: Order): Promise<unknown> {
    const id = this.#next++;
    this.child.send({ id, order });
    return this.#answer(id, ORDER_WITHIN_MS);
  }

  #answer(id: number, withinMs: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => settle(() => reject(new Error(`no answer within ${withinMs / 1000} s; see ${this.folder}/product.log`))),
        withinMs,
      );
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        act();
      };
      this.#waiting.set(id, { resolve: (result) => settle(() => resolve(result)), reject: (error) => settle(() => reject(error)) });
    });
  }

  #answered({ id, result, error }: Answered): void {
    const waiting = this.#waiting.get(id);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(new Error(error));
  }

  #lost(why: string): void {
    for (const waiting of this.#waiting.values()) waiting.reject(new Error(why));
  }
}

/** Whatever is left of the child's process group. */
function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody is left: as it should be.
  }
}

/** PostgreSQL has a session of its own. */
export function endDatabase(folder: string): void {
  try {
    const pid = Number(readFileSync(join(folder, 'postgres', 'cluster', 'postmaster.pid'), 'utf8').split('\n')[0]);
    if (pid > 1) process.kill(pid, 'SIGQUIT');
  } catch {
    // No file or no process: it was stopped.
  }
}

/** Set MUSTER_KEEP to look at data and logs afterwards. */
export function removeFolder(folder: string): void {
  if (!process.env['MUSTER_KEEP']) rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}

async function json<T>(url: URL, { method, body, token }: { method: string; body?: object | undefined; token?: string }): Promise<T> {
  const reply = await request(url, {
    ...REPLY,
    method: method as 'GET',
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await reply.body.text();
  if (reply.statusCode >= 300) throw new Error(`${method} ${url.pathname} answered ${reply.statusCode}: ${text.slice(0, 500)}`);
  return JSON.parse(text || 'null') as T;
}

/** Looks again and again until something is there. @throws with the last that was seen. */
export async function until<T>(what: string, look: () => Promise<T | undefined | null | false>, withinMs = 60_000): Promise<T> {
  const end = performance.now() + withinMs;
  let last: unknown;
  do {
    try {
      const seen = await look();
      if (seen) return seen;
      last = seen;
    } catch (error) {
      last = (error as Error).message;
    }
    await sleep(200);
  } while (performance.now() < end);
  throw new Error(`not within ${withinMs / 1000} s: ${what}; last: ${JSON.stringify(last)}`);
}
