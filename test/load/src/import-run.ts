import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { EventStoreDBClient, FORWARDS, type Position, START } from '@eventstore/db-client';
import { Api } from '@muster/cli';
import { askAdmin, DataFolder, Parts, type Product, type Sandboxes, startProduct } from '@muster/local';
import { startEmbeddedPostgres } from '@muster/read-store/embedded';
import pg from 'pg';
import { importFlow, importSize } from './import-company.ts';
import { type JournalEntry, quotaUse } from './quota-use.ts';

const LOOK_MS = 1_000;
const QUIET_MS = 8_000;
/** A person may take so long on average before the benchmark gives up; with limits, so long as the factor makes it. */
const PATIENCE_MS_EACH = 1_000;
const MOST_EVENTS = 5_000_000;

interface Status {
  readonly counts: Readonly<Record<string, number>>;
  readonly connections: readonly { readonly connection: string; readonly kind: string; readonly lastCompleteRead: string | null }[];
}

export interface Imported {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly rssMib: number;
  readonly refused: number;
  readonly calls: Readonly<Record<string, number>>;
  readonly quota: { readonly bucket: string; readonly use: number };
}

export interface ImportOptions {
  readonly workers: number;
  readonly limits: boolean;
  readonly timeFactor: number;
}

/** Shown of facts that there should not be. */
const EXAMPLES = 10;

interface Fact {
  readonly type: string;
  readonly stream: string;
  readonly recordedAt: string;
  readonly data: unknown;
}

const countOf = (names: readonly string[]): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(names, (name) => name)].map(([name, all]) => [name, all.length]));

async function until(patienceMs: number, what: string, look: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + patienceMs;
  while (!(await look())) {
    if (performance.now() > end) throw new Error(`not within ${Math.round(patienceMs / 1000)} s: ${what}`);
    await sleep(LOOK_MS);
  }
}

const factOf = ({ type, streamId, created, data }: { type: string; streamId: string; created: Date; data: unknown }): Fact => ({
  type,
  stream: streamId,
  recordedAt: new Date(created).toISOString(),
  data,
});

/** The product and sandboxes of one import, in a temporary folder. */
export class ImportRun {
  readonly #data = DataFolder.temporary();
  readonly #options: ImportOptions;
  #parts = new Parts(() => undefined);
  #product: Product | undefined;

  private constructor(options: ImportOptions) {
    this.#options = options;
  }

  /** Starts everything: HR full of people, directories that were read twice and hold nobody. */
  static async start(options: ImportOptions): Promise<ImportRun> {
    const run = new ImportRun(options);
    run.#data.folder('flows');
    const template = readFileSync(fileURLToPath(import.meta.resolve('@muster/flow/templates/joiner.flow.yaml')), 'utf8');
    run.#data.write('flows/joiner.flow.yaml', importFlow(template));
    try {
      await run.#startProduct();
      run.#data.seeded();
      await run.#readTwice();
      return run;
    } catch (error) {
      await run.close();
      throw error;
    }
  }

  /** HR pushes everybody, and they get what they should have. */
  async import(): Promise<Imported> {
    const { workers, timeFactor } = this.#options;
    const { sandboxes, consoleUrl } = this.#running;
    const from = (await this.#journal(sandboxes, 0)).last;
    const cpuBefore = process.cpuUsage();
    const began = performance.now();
    let rssMib = 0;
    await askAdmin(sandboxes, '/hr/subscription', { target: `${consoleUrl}/scim/v2/hr-main/Bulk`, token: this.#data.token('hr-token') });
    await until(120_000 + workers * PATIENCE_MS_EACH, 'everybody linked on both sides, and nothing left to send', async () => {
      const { counts } = await this.#status();
      rssMib = Math.max(rssMib, Math.round(process.memoryUsage.rss() / 2 ** 20));
      return (
        (counts['linked accounts'] ?? 0) >= workers * 2 && counts['reconciliation: waiting'] === 0 && counts['provisioning: waiting'] === 0
      );
    });
    const seconds = (performance.now() - began) / 1000;
    const { user, system } = process.cpuUsage(cpuBefore);
    const counters = await askAdmin<Record<string, number>>(sandboxes, '/counters');
    const calls = Object.fromEntries(Object.entries(counters).filter(([name]) => /^(okta|graph)\.status\./.test(name)));
    return {
      seconds,
      cpuSeconds: (user + system) / 1e6,
      rssMib,
      refused: Object.entries(calls).reduce((sum, [name, count]) => (name.endsWith('.429') ? sum + count : sum), 0),
      calls,
      quota: quotaUse((await this.#journal(sandboxes, from)).entries, { seconds, timeFactor }),
    };
  }

  /** Everything stops; all rows are dropped but the keys; it starts again, reads both directories whole, and HR pushes everything once more, shuffled. */
  async again(): Promise<{ seconds: number; writes: number; facts: Readonly<Record<string, number>>; examples: readonly Fact[] }> {
    await this.#quiet();
    const { position } = await this.#factsSince(START);
    await this.#parts.stop();
    await this.#dropRows();
    this.#parts = new Parts(() => undefined);
    const began = performance.now();
    const startedAt = new Date().toISOString();
    await this.#startProduct();
    await this.#readSince(startedAt);
    const { sandboxes, consoleUrl } = this.#running;
    const order = {
      target: `${consoleUrl}/scim/v2/hr-main/Bulk`,
      token: this.#data.token('hr-token'),
      versions: 'all',
      shuffle: true,
      seed: 7,
    };
    await askAdmin(sandboxes, '/hr/push', order);
    await this.#quiet();
    const { entries } = await this.#journal(sandboxes, 0);
    const { facts } = await this.#factsSince(position);
    return {
      seconds: (performance.now() - began - QUIET_MS) / 1000,
      writes: entries.filter(({ server, effects }) => (server === 'okta' || server === 'graph') && effects.length > 0).length,
      facts: countOf(facts.map(({ type }) => type)),
      examples: facts.slice(0, EXAMPLES),
    };
  }

  async close(): Promise<void> {
    await this.#parts.stop();
    this.#data.close();
  }

  get #running(): { sandboxes: Sandboxes; consoleUrl: string; store: string } {
    const { sandboxes, consoleUrl, environment } = this.#product ?? {};
    if (!sandboxes || !consoleUrl || !environment) throw new Error('the product does not run');
    return { sandboxes, consoleUrl, store: environment['MUSTER_STORE'] ?? '' };
  }

  async #startProduct(): Promise<void> {
    const { workers, limits, timeFactor } = this.#options;
    const options = { command: 'start', transport: 'embedded', data: undefined, config: undefined, json: true, timeFactor } as const;
    this.#product = await startProduct(this.#parts, this.#data, options, importSize(workers));
    await askAdmin(this.#running.sandboxes, '/limits', { enabled: limits });
  }

  /** Nobody is created before a second complete read, one that began behind the lag of the first. */
  async #readTwice(): Promise<void> {
    const first = new Map<string, string>();
    await until(600_000, 'two complete reads of each directory', async () => {
      const targets = await this.#targets();
      for (const { connection, lastCompleteRead } of targets)
        if (lastCompleteRead !== null && !first.has(connection)) first.set(connection, lastCompleteRead);
      return targets.every(({ connection, lastCompleteRead }) => lastCompleteRead !== null && lastCompleteRead !== first.get(connection));
    });
  }

  #readSince(time: string): Promise<void> {
    return until(600_000, 'a complete read of each directory', async () =>
      (await this.#targets()).every(({ lastCompleteRead }) => lastCompleteRead !== null && lastCompleteRead > time),
    );
  }

  async #targets(): Promise<Status['connections']> {
    const targets = (await this.#status()).connections.filter(({ kind }) => kind !== 'hr');
    // Before they are declared, none is known.
    return targets.length === 2 ? targets : [{ connection: '', kind: '', lastCompleteRead: null }];
  }

  async #status(): Promise<Status> {
    const api = new Api({ url: this.#running.consoleUrl, token: this.#data.token('token') });
    try {
      return await api.get<Status>('/api/status');
    } finally {
      await api.close();
    }
  }

  #journal(sandboxes: Sandboxes, since: number): Promise<{ last: number; entries: JournalEntry[] }> {
    return askAdmin(sandboxes, `/journal?since=${since}&limit=100000`);
  }

  /** Facts other than of reading, behind a place in the log of all streams, and where that log ends. */
  async #factsSince(from: Position | typeof START): Promise<{ facts: Fact[]; position: Position | typeof START }> {
    const client = EventStoreDBClient.connectionString(this.#running.store);
    const facts: Fact[] = [];
    let position = from;
    try {
      for await (const { event } of client.readAll({ direction: FORWARDS, fromPosition: from, maxCount: MOST_EVENTS })) {
        if (!event) continue;
        const isFirst = from !== START && event.position?.commit === from.commit;
        if (event.position) position = event.position;
        if (!isFirst && !event.streamId.startsWith('$') && !event.streamId.startsWith('read-')) facts.push(factOf(event));
      }
    } finally {
      await client.dispose();
    }
    return { facts, position };
  }

  /** Until nothing waits and no fact was recorded for a while. */
  async #quiet(): Promise<void> {
    let place = (await this.#factsSince(START)).position;
    let since = performance.now();
    await until(120_000 + this.#options.workers * PATIENCE_MS_EACH, 'nothing happens any more', async () => {
      const { facts, position } = await this.#factsSince(place);
      place = position;
      const { counts } = await this.#status();
      if (facts.length > 0 || counts['reconciliation: waiting'] !== 0 || counts['provisioning: waiting'] !== 0) since = performance.now();
      return performance.now() - since > QUIET_MS;
    });
  }

  /** All that can be rebuilt; the key ring cannot. */
  async #dropRows(): Promise<void> {
    const server = await startEmbeddedPostgres({ dataDir: this.#data.folder('postgres') });
    const client = new pg.Client({ connectionString: server.url });
    try {
      await client.connect();
      const { rows } = await client.query<{ name: string }>(
        `select nspname as name from pg_namespace where nspname !~ '^(pg_|information_schema$|keyring$|public$)'`,
      );
      for (const { name } of rows) await client.query(`drop schema "${name}" cascade`);
    } finally {
      await client.end();
      await server.stop();
    }
  }
}
