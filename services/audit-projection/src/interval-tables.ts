import type { Profile } from '@muster/contracts';
import { sameJson, type Worker } from '@muster/identity';
import type { Database } from '@muster/read-store';
import { sql } from 'kysely';
import { type Fact, layAll, type Tile } from './intervals.ts';

type Column = 'text' | 'boolean' | 'jsonb';

/** A table with two time axes: what is true of a key, in stretches of valid time, each as it was known for a stretch of recorded time. */
export interface IntervalTable<V extends object> {
  readonly name: string;
  /** Text columns; every key belongs to one stream. */
  readonly key: readonly string[];
  readonly value: { readonly [C in keyof V]-?: Column };
}

/** A fact about one key. */
export interface KeyedFact<V extends object> extends Fact<V> {
  readonly key: readonly string[];
}

export interface AccountState {
  readonly existence: 'there' | 'deleted';
  readonly status: string | null;
  readonly enabled: boolean | null;
}

export interface IdentityProfile {
  readonly attributes: Profile;
  /** By attribute, the stream that it was taken from. */
  readonly sources: Readonly<Record<string, string>>;
  readonly login: string | null;
}

export interface Held {
  readonly held: boolean;
  /** How the holder has it, by the system's own word. */
  readonly via: string;
  readonly via_id: string | null;
}

export interface ObjectState {
  readonly existence: 'there' | 'deleted';
  readonly name: string | null;
}

/** Whether and how an account is there. */
export const accountState: IntervalTable<AccountState> = {
  name: 'account_state',
  key: ['connection', 'account_id'],
  value: { existence: 'text', status: 'text', enabled: 'boolean' },
};

/** What was read of an account. Personal: gone with the person's keys. */
export const accountProfile: IntervalTable<{ profile: Profile }> = {
  name: 'account_profile',
  key: ['connection', 'account_id'],
  value: { profile: 'jsonb' },
};

export const identityState: IntervalTable<{ lifecycle: string }> = {
  name: 'identity_state',
  key: ['identity_id'],
  value: { lifecycle: 'text' },
};

/** What was decided of a person. Personal. */
export const identityProfile: IntervalTable<IdentityProfile> = {
  name: 'identity_profile',
  key: ['identity_id'],
  value: { attributes: 'jsonb', sources: 'jsonb', login: 'text' },
};

/** The records that HR had stated, those still to come among them. Personal. */
export const workerRecords: IntervalTable<{ worker: Worker }> = {
  name: 'worker_records',
  key: ['stream'],
  value: { worker: 'jsonb' },
};

/** Whose an account is. */
export const link: IntervalTable<{ linked: boolean }> = {
  name: 'link',
  key: ['identity_id', 'connection', 'account_id'],
  value: { linked: 'boolean' },
};

/** Groups, apps, roles and licences that an account or a group holds itself. */
export const held: IntervalTable<Held> = {
  name: 'held',
  key: ['connection', 'holder_kind', 'holder_id', 'kind', 'object_id'],
  value: { held: 'boolean', via: 'text', via_id: 'text' },
};

/** Whether a group or app is there, and its name. */
export const objectState: IntervalTable<ObjectState> = {
  name: 'object_state',
  key: ['connection', 'kind', 'object_id'],
  value: { existence: 'text', name: 'text' },
};

export const intervalTables = [
  accountState,
  accountProfile,
  identityState,
  identityProfile,
  workerRecords,
  link,
  held,
  objectState,
] as const;

type Row = Record<string, unknown>;

const BLANK = '\u0000';
const keyText = (key: readonly unknown[]): string => key.join(BLANK);

/** PostgreSQL's word for a time; the ends of time have names there. */
const stamp = (time: number): string => {
  if (Number.isFinite(time)) return new Date(time).toISOString();
  return time > 0 ? 'infinity' : '-infinity';
};

const tileOf = <V extends object>(table: IntervalTable<V>, row: Row): Tile<V> => ({
  value: Object.fromEntries(Object.keys(table.value).map((column) => [column, row[column]])) as V,
  from: Number(row['valid_from']),
  to: Number(row['valid_to']),
  knownFrom: Number(row['known_from']),
  knownTo: Infinity,
  saidBy: row['said_by'] as number,
  revision: row['revision'] as number,
  place: row['place'] as string,
});

async function openTiles<V extends object>(
  db: Database,
  table: IntervalTable<V>,
  keys: readonly (readonly string[])[],
): Promise<Map<string, Tile<V>[]>> {
  const columns = sql.join(table.key.map((name) => sql.ref(name)));
  const arrays = sql.join(table.key.map((_name, index) => sql`${keys.map((key) => key[index])}::text[]`));
  const { rows } = await sql<Row>`
    select t.ctid::text as place, * from ${sql.table(table.name)} as t join unnest(${arrays}) as asked(${columns}) using (${columns})
    where known_to = 'infinity'`.execute(db);
  const tiles = Map.groupBy(rows, (row) => keyText(table.key.map((name) => row[name])));
  return new Map([...tiles].map(([key, of]) => [key, of.map((row) => tileOf(table, row))]));
}

/** A row of a stream is changed by nobody but the batch that holds the stream, so it stays in its place until the batch ends. */
async function close(db: Database, table: string, tiles: readonly Tile<object>[]): Promise<void> {
  if (tiles.length === 0) return;
  await sql`
    update ${sql.table(table)} as t set known_to = r.known_to
    from unnest(${tiles.map(({ place }) => place)}::text[]::tid[], ${tiles.map(({ knownTo }) => stamp(knownTo))}::timestamptz[]) as r(place, known_to)
    where t.ctid = r.place`.execute(db);
}

async function add<V extends object>(db: Database, table: IntervalTable<V>, rows: readonly object[]): Promise<void> {
  if (rows.length === 0) return;
  const types: Record<string, string> = {
    ...Object.fromEntries(table.key.map((name) => [name, 'text'])),
    ...(table.value as Record<string, string>),
    said_by: 'bigint',
    revision: 'bigint',
    valid_from: 'timestamptz',
    valid_to: 'timestamptz',
    known_from: 'timestamptz',
    known_to: 'timestamptz',
  };
  const names = sql.join(Object.keys(types).map((name) => sql.ref(name)));
  const typed = sql.join(Object.entries(types).map(([name, type]) => sql`${sql.ref(name)} ${sql.raw(type)}`));
  await sql`
    insert into ${sql.table(table.name)} (${names})
    select ${names} from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(${typed})`.execute(db);
}

/**
 * Writes facts, those of one key in the order of its stream: in three statements, however many they are. Nothing that was known is rewritten; a row that is
 * no longer what is known gets the end of its recorded time.
 */
export async function writeFacts<V extends object>(db: Database, table: IntervalTable<V>, facts: readonly KeyedFact<V>[]): Promise<void> {
  if (facts.length === 0) return;
  const byKey = Map.groupBy(facts, ({ key }) => keyText(key));
  const known = await openTiles(
    db,
    table,
    [...byKey.values()].map((of) => (of[0] as KeyedFact<V>).key),
  );
  const closed: Tile<V>[] = [];
  const added: object[] = [];
  for (const [name, of] of byKey) {
    const change = layAll(known.get(name) ?? [], of, sameJson);
    const key = Object.fromEntries(table.key.map((column, index) => [column, of[0]?.key[index]]));
    closed.push(...change.closed);
    added.push(...change.added.map((tile) => ({ ...key, ...rowOf(tile) })));
  }
  await close(db, table.name, closed);
  await add(db, table, added);
}

const rowOf = <V extends object>({ value, from, to, knownFrom, knownTo, saidBy, revision }: Tile<V>): object => ({
  ...value,
  said_by: saidBy,
  revision,
  valid_from: stamp(from),
  valid_to: stamp(to),
  known_from: stamp(knownFrom),
  known_to: stamp(knownTo),
});
