import { Kysely, PostgresDialect, sql, type QueryExecutorProvider, type Transaction } from 'kysely';
import pg from 'pg';
import { Notifications } from './listen.ts';
import { migrate, type Migration } from './migrate.ts';
import { readStoreTables } from './tables.ts';

/** Whatever runs SQL: a store's `db` or a transaction on it, whatever its tables are. */
export type Database = QueryExecutorProvider;

export interface ReadStoreOptions {
  /** postgres://user:password@host:port/database */
  url: string;
  /** The service's own schema; it is created if missing and is the search path of every connection. */
  schema: string;
  /** Run in this order; see `Migration`. Leases and current states come by themselves. */
  migrations?: readonly Migration[];
  /** Connections at most, beside one for notifications. Default 5. */
  poolSize?: number;
}

/**
 * One schema of PostgreSQL. bigint columns come as numbers (throwing beyond 2^53), numeric as decimal text, jsonb parsed, timestamptz as Date.
 */
export interface ReadStore<T = unknown> {
  readonly schema: string;
  readonly db: Kysely<T>;
  /** Runs `work` in one transaction (read committed): its return commits, its throw rolls back and is thrown on. */
  transaction<R>(work: (transaction: Transaction<T>) => Promise<R>): Promise<R>;
  /** Calls back for notifications on a channel of this schema, and with an empty payload after a reconnect. Returns the way to end it. */
  listen(channel: string, listener: (payload: string) => void): () => void;
  /** Notifies the listeners of a channel once the transaction commits; equal payloads of one transaction arrive once. */
  notify(transaction: Database, channel: string, payload: string): Promise<void>;
  /** Answers if the database does, else throws within 5 s. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

const NAME = /^[a-z][a-z0-9_]{0,62}$/;
const CONNECT_TIMEOUT_MS = 5_000;
const QUERY_TIMEOUT_MS = 60_000;
const INT8 = 20;

function toSafeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`The database holds ${text}, which is beyond the safe integers`);
  return value;
}

const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format: 'text' | 'binary') =>
    oid === INT8 && format !== 'binary'
      ? toSafeNumber
      : (pg.types.getTypeParser as (o: number, f: string) => unknown)(oid, format)) as pg.CustomTypesConfig['getTypeParser'],
};

/** Opens a schema and brings it up to date. Throws if the database cannot be reached or the migrations do not fit (see `migrate`). */
export async function openReadStore<T = unknown>({ url, schema, migrations = [], poolSize = 5 }: ReadStoreOptions): Promise<ReadStore<T>> {
  if (!NAME.test(schema)) throw new RangeError(`"${schema}" cannot name a schema: use a-z, 0-9 and _, beginning with a letter`);
  const pool = new pg.Pool({
    connectionString: url,
    max: poolSize,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    idle_in_transaction_session_timeout: QUERY_TIMEOUT_MS,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    application_name: `muster ${schema}`,
    options: `-c search_path=${schema}`,
    types,
  });
  // A connection that breaks is replaced; whoever was using it gets the error as the answer to a query. Without listeners it would end the process.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  const db = new Kysely<T>({ dialect: new PostgresDialect({ pool }) });
  try {
    await migrate(db as Kysely<unknown>, schema, [...readStoreTables, ...migrations]);
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return assemble(db, schema, new Notifications(url));
}

function assemble<T>(db: Kysely<T>, schema: string, notifications: Notifications): ReadStore<T> {
  const channelOf = (channel: string): string => `${schema}.${channel}`;
  return {
    schema,
    db,
    transaction: (work) => db.transaction().execute(work),
    listen: (channel, listener) => notifications.listen(channelOf(channel), listener),
    notify: async (transaction, channel, payload) => {
      await sql`select pg_notify(${channelOf(channel)}, ${payload})`.execute(transaction);
    },
    ping: async () => {
      await sql`select 1`.execute(db);
    },
    close: async () => {
      await notifications.close();
      await db.destroy();
    },
  };
}
