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
import { causeOf, concerning, type Dirty } from './dirty.ts';
import { noteFileChanges } from './file-run.ts';
import { awaits, whoseAccounts, whoWaits } from './whom.ts';
import { laneOfAccount, laneOfObject, lanesOfWorkers } from './urgency.ts';

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
export async function foldSourceFacts(folding: Folding, batch: readonly Message[]): Promise<Dirty[]> {
  const workers = await foldWorkers(folding, ofType<WorkerRecorded>(batch, 'WorkerRecorded'));
  const accounts = await foldAccounts(folding, batch);
  const objects = await foldObjects(folding, batch);
  const reads = await foldReads(folding, batch);
  return [...workers, ...accounts, ...objects, ...reads];
}

async function foldWorkers({ db, identityIdOf }: Folding, messages: readonly (Message & { data: WorkerRecorded })[]): Promise<Dirty[]> {
  const rows = new Map<string, { identity_id: string; connection: string; worker_key: string; worker_stream: string }>();
  const dirty: Dirty[] = [];
  const lanes = lanesOfWorkers(messages);
  for (const [index, message] of messages.entries()) {
    const { stream, data } = message;
    const identityId = await identityIdOf(data.connection, data.workerKey);
    rows.set(identityId, { identity_id: identityId, connection: data.connection, worker_key: data.workerKey, worker_stream: stream });
    dirty.push({ identityId, lane: lanes[index] ?? 'live', cause: causeOf(message) });
  }
  if (rows.size === 0) return [];
  await sql`
    insert into person (identity_id, connection, worker_key, worker_stream)
    select * from jsonb_to_recordset(${JSON.stringify([...rows.values()])}::jsonb) as r(identity_id uuid, connection text, worker_key text, worker_stream text)
    on conflict (identity_id) do nothing`.execute(db);
  await noteFileChanges(db, messages, dirty);
  return dirty;
}

async function foldAccounts({ db, connections }: Folding, batch: readonly Message[]): Promise<Dirty[]> {
  const touched = new Map<string, { connection: string; accountId: string; message: Message }>();
  const seen = new Map<string, object>();
  for (const message of batch) {
    const { stream, type, data } = message;
    const parsed = parseStream(stream);
    if (parsed?.category !== 'account') continue;
    const { connection, id: accountId } = parsed;
    touched.set(`${connection} ${accountId}`, { connection, accountId, message });
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
  const owners = await whoseAccounts(db, [...touched.values()]);
  return [...touched].flatMap(([key, { message }]) =>
    (owners.get(key) ?? []).map((identityId) => ({ identityId, lane: laneOfAccount(message), cause: causeOf(message) })),
  );
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

async function foldObjects({ db }: Folding, batch: readonly Message[]): Promise<Dirty[]> {
  const rows = new Map<string, ObjectRow>();
  const news = new Map<string, Message>();
  for (const message of batch) {
    const row = objectRow(message);
    if (!row) continue;
    rows.set(message.stream, row);
    news.set(row.connection, message);
  }
  if (rows.size === 0) return [];
  await sql`
    insert into target_object as o (connection, kind, id, name, writable, there)
    select connection, kind, id, coalesce(name, ''), writable, there
    from jsonb_to_recordset(${JSON.stringify([...rows.values()])}::jsonb) as r(connection text, kind text, id text, name text, writable boolean, there boolean)
    on conflict (connection, kind, id) do update
    set name = coalesce(nullif(excluded.name, ''), o.name), writable = excluded.writable, there = excluded.there`.execute(db);
  await sql`
    insert into directory_version as v (connection, version) select unnest(${[...news.keys()].toSorted()}::text[]), 1
    on conflict (connection) do update set version = v.version + 1`.execute(db);
  return whoWaitedFor(db, [...news.values()], ({ stream }) => awaits.objects(connectionOf(stream)));
}

const connectionOf = (stream: string): string => {
  const parsed = parseStream(stream);
  return parsed && 'connection' in parsed ? parsed.connection : '';
};

/** Everybody who waited for what messages bring. */
async function whoWaitedFor(db: Database, messages: readonly Message[], whatOf: (message: Message) => string): Promise<Dirty[]> {
  const waiting = await whoWaits(db, messages.map(whatOf));
  return messages.flatMap((message) => concerning(waiting.get(whatOf(message)) ?? [], laneOfObject(message), causeOf(message)));
}

async function foldReads({ db }: Folding, batch: readonly Message[]): Promise<Dirty[]> {
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
  return whoWaitedFor(db, complete, ({ stream }) => awaits.read(connectionOf(stream)));
}

/** Links tell whose an account is, and that a manager who was waited for is there. */
export async function foldIdentityFacts(db: Database, batch: readonly Message[]): Promise<Dirty[]> {
  const linked = new Map<string, Message>();
  for (const message of ofType<AccountLinked & AccountUnlinked>(batch, 'AccountLinked', 'AccountUnlinked')) {
    const { connection, accountId, identityId } = message.data;
    if (message.type === 'AccountLinked') {
      await sql`
        insert into link (connection, account_id, identity_id) values (${connection}, ${accountId}, ${identityId})
        on conflict (connection, account_id) do update set identity_id = excluded.identity_id`.execute(db);
      linked.set(identityId, message);
    } else
      await sql`delete from link where connection = ${connection} and account_id = ${accountId} and identity_id = ${identityId}`.execute(
        db,
      );
  }
  if (linked.size === 0) return [];
  const { rows } = await sql<{ identity_id: string; worker_key: string }>`
    select identity_id, worker_key from person where identity_id = any(${[...linked.keys()]}::uuid[])`.execute(db);
  const waiting = await whoWaits(
    db,
    rows.map((row) => awaits.manager(row.worker_key)),
  );
  return rows.flatMap(({ identity_id: manager, worker_key: key }) => {
    const message = linked.get(manager);
    // A manager who is linked among many others is linked for people who are looked at among many others.
    return (waiting.get(awaits.manager(key)) ?? []).flatMap((identityId): Dirty[] =>
      message ? [{ identityId, lane: 'chain', cause: causeOf(message) }] : [],
    );
  });
}

/** Whatever became of a call, the person's plan is looked at again. */
export const whoseCalls = (batch: readonly Message[]): Dirty[] =>
  batch.flatMap((message) => {
    const parsed = parseStream(message.stream);
    return parsed?.category === 'provisioning' ? [{ identityId: parsed.identity, lane: 'chain', cause: causeOf(message) }] : [];
  });
