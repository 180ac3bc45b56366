import { Pool, request } from 'undici';
import pg from 'pg';
import type { KeptProcess } from './kept-process.ts';

/** What is not yet safely recorded, by kind. */
export type Unacknowledged = Readonly<Record<string, number>>;

/** A component that can be killed while it is at work. */
export interface Victim {
  readonly name: string;
  /** What it has taken in and not acknowledged, right now. Nothing when it cannot say. */
  look(): Promise<Unacknowledged>;
  /** kill -9. */
  kill(): Promise<void>;
  /** Resolves when it has been started again on the same data, port and settings. */
  untilBack(): Promise<void>;
  ownEnds(): number;
}

export const total = (seen: Unacknowledged): number => Object.values(seen).reduce((sum, count) => sum + count, 0);

const LOOK_TIMEOUT_MS = 1_000;
const GAUGE = /^muster_in_progress\{[^}]*kind="(\w+)"[^}]*\} (\d+)/gm;

/** A service says it in its own gauge `muster_in_progress`. */
export function serviceVictim(service: KeptProcess, url: string): Victim {
  const pool = new Pool(url, {
    connections: 1,
    headersTimeout: LOOK_TIMEOUT_MS,
    bodyTimeout: LOOK_TIMEOUT_MS,
    connectTimeout: LOOK_TIMEOUT_MS,
  });
  return {
    name: service.name,
    async look() {
      const answer = await request(new URL('/metrics', url), { dispatcher: pool });
      const text = await answer.body.text();
      if (answer.statusCode !== 200) throw new Error(`${service.name} answered ${answer.statusCode} to /metrics`);
      return Object.fromEntries(
        [...text.matchAll(GAUGE)].map(([, kind, count]) => [String(kind), Number(count)] as const).filter(([, count]) => count > 0),
      );
    },
    kill: () => service.kill(),
    untilBack: () => service.untilReady(),
    ownEnds: () => service.ownEnds,
  };
}

/** Transactions of others that have written and are not committed yet. */
const UNCOMMITTED = `select count(*)::int as count from pg_stat_activity where backend_xid is not null and pid <> pg_backend_pid()`;

/** Looks into PostgreSQL's own list of sessions; connects again after each kill. */
export class TransactionsOpen {
  #client: pg.Client | undefined;

  constructor(private readonly url: string) {}

  async look(): Promise<Unacknowledged> {
    try {
      const { rows } = await (await this.#connected()).query<{ count: number }>(UNCOMMITTED);
      return { transaction: rows[0]?.count ?? 0 };
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => undefined);
  }

  async #connected(): Promise<pg.Client> {
    if (this.#client) return this.#client;
    const client = new pg.Client({ connectionString: this.url, connectionTimeoutMillis: 2_000, query_timeout: 2_000 });
    client.on('error', () => undefined);
    await client.connect();
    this.#client = client;
    return client;
  }
}
