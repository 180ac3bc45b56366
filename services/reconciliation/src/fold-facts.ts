import type { ConnectionConfig } from '@muster/connector';
import type {
  AccountLinked,
  AccountObserved,
  AccountUnlinked,
  AppObserved,
  GroupObserved,
  ReadCompleted,
  ReadStarted,
  WorkerRecorded,
} from '@muster/contracts';
import { parseStream } from '@muster/contracts';
import type { Message } from '@muster/messaging';
import type { Database } from '@muster/read-store';
import { sql } from 'kysely';
import { localPart, loginAttribute } from './login-attribute.ts';
import { type AccountKey, awaits, whoseAccounts, whoWaits } from './whom.ts';

/** How an identity's id is made of the connection and key of its worker. */
export type IdentityIdOf = (connection: string, workerKey: string) => Promise<string>;

interface Folding {
  readonly db: Database;
  readonly connections: ReadonlyMap<string, ConnectionConfig>;
  readonly identityIdOf: IdentityIdOf;
}

const ofType = <D>(batch: readonly Message[], ...types: string[]): (Message & { data: D })[] =>
  batch.filter((message) => types.includes(message.type) && !message.erased) as (Message & { data: D })[];

/** Brings the index up to what a batch of source facts says and names everybody whom they may concern. */
export async function foldSourceFacts(folding: Folding, batch: readonly Message[]): Promise<string[]> {
  const workers = await foldWorkers(folding, ofType<WorkerRecorded>(batch, 'WorkerRecorded'));
  const accounts = await foldAccounts(folding, batch);
  const objects = await foldObjects(folding, batch);
  const reads = await foldReads(folding, batch);
  return [...new Set([...workers, ...accounts, ...objects, ...reads])];
}

async function foldWorkers({ db, identityIdOf }: Folding, messages: readonly (Message & { data: WorkerRecorded })[]): Promise<string[]> {
  const rows = new Map<string, { identity_id: string; connection: string; worker_key: string; worker_stream: string }>();
  for (const { stream, data } of messages) {
    const identityId = await identityIdOf(data.connection, data.workerKey);
    rows.set(identityId, { identity_id: identityId, connection: data.connection, worker_key: data.workerKey, worker_stream: stream });
  }
  if (rows.size === 0) return [];
  await sql`
    insert into person (identity_id, connection, worker_key, worker_stream)
    select * from jsonb_to_recordset(${JSON.stringify([...rows.values()])}::jsonb) as r(identity_id uuid, connection text, worker_key text, worker_stream text)
    on conflict (identity_id) do nothing`.execute(db);
  return [...rows.keys()];
}

async function foldAccounts({ db, connections }: Folding, batch: readonly Message[]): Promise<string[]> {
  const touched = new Map<string, AccountKey>();
  const seen = new Map<string, object>();
  for (const { stream, type, data } of batch) {
    const parsed = parseStream(stream);
    if (parsed?.category !== 'account') continue;
    const { connection, id: accountId } = parsed;
    touched.set(stream, { connection, accountId });
    if (type === 'AccountObserved') seen.set(stream, accountRow(connections.get(connection), data as unknown as AccountObserved));
    if (type === 'AccountDeleted') seen.set(stream, { connection, account_id: accountId, match_key: null, login: null, there: false });
  }
  if (seen.size > 0) {
    await sql`
      insert into account as a (connection, account_id, match_key, login, there)
      select * from jsonb_to_recordset(${JSON.stringify([...seen.values()])}::jsonb) as r(connection text, account_id text, match_key text, login text, there boolean)
      on conflict (connection, account_id) do update
      set match_key = coalesce(excluded.match_key, a.match_key), login = coalesce(excluded.login, a.login), there = excluded.there`.execute(
      db,
    );
  }
  return whoseAccounts(db, [...touched.values()]);
}

function accountRow(config: ConnectionConfig | undefined, { connection, accountId, profile }: AccountObserved): object {
  const text = (name: string | undefined): string | null => {
    const value = name === undefined ? undefined : profile?.[name];
    return typeof value === 'string' && value !== '' ? value : null;
  };
  const login = text(config && loginAttribute(config.kind));
  return { connection, account_id: accountId, match_key: text(config?.matchKey), login: login && localPart(login), there: true };
}

interface ObjectRow {
  readonly connection: string;
  readonly kind: 'group' | 'app';
  readonly id: string;
  readonly name: string | null;
  readonly writable: boolean;
  readonly there: boolean;
}

function objectRow({ stream, type, data }: Message): ObjectRow | undefined {
  const parsed = parseStream(stream);
  if (parsed?.category !== 'group' && parsed?.category !== 'app') return undefined;
  const about = { connection: parsed.connection, kind: parsed.category, id: parsed.id };
  switch (type) {
    case 'GroupObserved': {
      const { name, writable } = data as unknown as GroupObserved;
      return { ...about, name, writable, there: true };
    }
    case 'AppObserved': {
      const { name, status } = data as unknown as AppObserved;
      return { ...about, name, writable: status !== 'INACTIVE', there: true };
    }
    case 'GroupDeleted':
    case 'AppDeleted':
      return { ...about, name: null, writable: false, there: false };
    default:
      return undefined;
  }
}

async function foldObjects({ db }: Folding, batch: readonly Message[]): Promise<string[]> {
  const rows = new Map<string, ObjectRow>();
  for (const message of batch) {
    const row = objectRow(message);
    if (row) rows.set(message.stream, row);
  }
  if (rows.size === 0) return [];
  await sql`
    insert into target_object as o (connection, kind, id, name, writable, there)
    select connection, kind, id, coalesce(name, ''), writable, there
    from jsonb_to_recordset(${JSON.stringify([...rows.values()])}::jsonb) as r(connection text, kind text, id text, name text, writable boolean, there boolean)
    on conflict (connection, kind, id) do update
    set name = coalesce(nullif(excluded.name, ''), o.name), writable = excluded.writable, there = excluded.there`.execute(db);
  const connections = [...new Set(Array.from(rows.values(), ({ connection }) => connection))].toSorted();
  await sql`
    insert into directory_version as v (connection, version) select unnest(${connections}::text[]), 1
    on conflict (connection) do update set version = v.version + 1`.execute(db);
  return whoWaits(
    db,
    connections.map((connection) => awaits.objects(connection)),
  );
}

async function foldReads({ db }: Folding, batch: readonly Message[]): Promise<string[]> {
  for (const { data } of ofType<ReadStarted>(batch, 'ReadStarted')) {
    await sql`
      insert into full_reads (connection, first_started) values (${data.connection}, ${data.read.startedAt})
      on conflict (connection) do update set first_started = least(full_reads.first_started, excluded.first_started)`.execute(db);
  }
  const complete = ofType<ReadCompleted>(batch, 'ReadCompleted').filter(({ data }) => data.complete && data.read.kind === 'full');
  for (const { data } of complete) {
    await sql`
      insert into full_reads (connection, first_started, last_complete) values (${data.connection}, ${data.read.startedAt}, ${data.read.startedAt})
      on conflict (connection) do update set last_complete = greatest(full_reads.last_complete, excluded.last_complete)`.execute(db);
  }
  return whoWaits(
    db,
    complete.map(({ data }) => awaits.read(data.connection)),
  );
}

/** Links tell whose an account is, and that a manager who was waited for is there. */
export async function foldIdentityFacts(db: Database, batch: readonly Message[]): Promise<string[]> {
  const concerned: string[] = [];
  for (const { type, data } of ofType<AccountLinked & AccountUnlinked>(batch, 'AccountLinked', 'AccountUnlinked')) {
    const { connection, accountId, identityId } = data;
    if (type === 'AccountLinked') {
      await sql`
        insert into link (connection, account_id, identity_id) values (${connection}, ${accountId}, ${identityId})
        on conflict (connection, account_id) do update set identity_id = excluded.identity_id`.execute(db);
      concerned.push(identityId);
    } else
      await sql`delete from link where connection = ${connection} and account_id = ${accountId} and identity_id = ${identityId}`.execute(
        db,
      );
  }
  if (concerned.length === 0) return [];
  const { rows } = await sql<{ worker_key: string }>`select worker_key from person where identity_id = any(${concerned}::uuid[])`.execute(
    db,
  );
  return whoWaits(
    db,
    rows.map((row) => awaits.manager(row.worker_key)),
  );
}

/** Whatever became of a call, the person's plan is looked at again. */
export const identitiesOf = (batch: readonly Message[]): string[] => [
  ...new Set(
    batch.flatMap(({ stream }) => {
      const parsed = parseStream(stream);
      return parsed?.category === 'provisioning' ? [parsed.identity] : [];
    }),
  ),
];
