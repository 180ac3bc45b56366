import type { Database } from '@muster/read-store';
import { sql } from 'kysely';
import { intervalTables } from './interval-tables.ts';

/** Two schemas with the same folds: how far both may be compared, and whether they say the same. */
export interface Comparison {
  readonly same: boolean;
  /** By table, where they differ. */
  readonly differ: readonly string[];
  /** SHA-256 over the hashes of all tables as they stand in the second schema. */
  readonly hash: string;
}

const hashOf = async (db: Database, rows: ReturnType<typeof sql>): Promise<string> => {
  const found = await sql<{ hash: string | null }>`
    select encode(sha256(convert_to(string_agg(line, '' order by line), 'UTF8')), 'hex') as hash from (select md5(r::text) as line from (${rows}) r) lines`.execute(
    db,
  );
  return found.rows[0]?.hash ?? '';
};

/** Rows as they were known at a time: what ended later had not ended. */
const knownRows = (schema: string, table: (typeof intervalTables)[number], at: string) => sql`
  select ${sql.join([...table.key, ...Object.keys(table.value), 'said_by', 'revision', 'valid_from', 'valid_to', 'known_from'].map((name) => sql.ref(name)))},
    case when known_to > ${at}::timestamptz then 'infinity' else known_to end as known_to
  from ${sql.id(schema, table.name)} where known_from <= ${at}::timestamptz`;

const eventRows = (schema: string, at: string) => sql`
  select stream, revision, position, type, event_id, occurred_at, recorded_at from ${sql.id(schema, 'event_index')} where recorded_at <= ${at}::timestamptz`;

/** The last millisecond before anything that one schema holds and the other does not; `infinity` if they hold the same events. */
async function comparableUntil(db: Database, [one, other]: readonly [string, string]): Promise<string> {
  const { rows } = await sql<{ at: string }>`
    select coalesce((min(coalesce(a.recorded_at, b.recorded_at)) - interval '1 millisecond')::text, 'infinity') as at
    from ${sql.id(one, 'event_index')} a full join ${sql.id(other, 'event_index')} b using (stream, revision)
    where a.stream is null or b.stream is null`.execute(db);
  return (rows[0] as { at: string }).at;
}

/** The hash over all ordered rows of a schema, as they were known at a time, by table. */
export async function hashesOf(db: Database, schema: string, at = 'infinity'): Promise<ReadonlyMap<string, string>> {
  const hashes = new Map([['event_index', await hashOf(db, eventRows(schema, at))]]);
  for (const table of intervalTables) hashes.set(table.name, await hashOf(db, knownRows(schema, table, at)));
  return hashes;
}

/** Compares two schemas row by row as far as both have come. */
export async function compare(db: Database, live: string, rebuilt: string): Promise<Comparison> {
  const at = await comparableUntil(db, [live, rebuilt]);
  const [left, right] = [await hashesOf(db, live, at), await hashesOf(db, rebuilt, at)];
  const differ = [...right.keys()].filter((name) => left.get(name) !== right.get(name));
  const { rows } = await sql<{
    hash: string;
  }>`select encode(sha256(convert_to(${[...right.values()].join(' ')}, 'UTF8')), 'hex') as hash`.execute(db);
  return { same: differ.length === 0, differ, hash: (rows[0] as { hash: string }).hash };
}
