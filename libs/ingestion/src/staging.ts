import type { ObservedAccount, ObservedApp, ObservedEntitlement, ObservedGroup, Page } from '@muster/connector';
import type { ReadEnd } from '@muster/identity';
import type { Database } from '@muster/read-store';
import { sql } from 'kysely';
import type { ObjectKind } from './source.ts';

type Shortfall = ReadEnd['shortfalls'][number];

/** What one list of a full read says of an object: what it is, or one thing that it holds. */
interface StagedRow {
  kind: ObjectKind;
  id: string;
  item: string;
  data: object;
}

/** Everything a full read saw of one object, gathered from all its lists. */
export interface StagedObject {
  readonly kind: ObjectKind;
  readonly id: string;
  readonly sight?: { readonly data: ObservedAccount | ObservedGroup | ObservedApp; readonly readAt: string };
  readonly held: readonly { readonly data: ObservedEntitlement; readonly readAt: string }[];
}

type Sighted = ObservedAccount | ObservedGroup | ObservedApp | ObservedEntitlement;

const rowOf = (item: Sighted): StagedRow => {
  if ('holder' in item) return { ...item.holder, item: `${item.entitlement.kind}:${item.entitlement.id}`, data: item };
  if ('accountId' in item) return { kind: 'account', id: item.accountId, item: '', data: item };
  return 'groupId' in item
    ? { kind: 'group', id: item.groupId, item: '', data: item }
    : { kind: 'app', id: item.appId, item: '', data: item };
};

/** Keeps what a page held until the whole read is in. A page that is read again replaces what it said before. */
export async function stagePage(db: Database, readId: string, page: Page<Sighted>): Promise<void> {
  if (page.items.length === 0) return;
  const rows = new Map(page.items.map((item) => [JSON.stringify([rowOf(item).kind, rowOf(item).id, rowOf(item).item]), rowOf(item)]));
  await sql`
    insert into staged (read_id, kind, id, item, data, read_at)
    select ${readId}, kind, id, item, data, ${page.startedAt} from jsonb_to_recordset(${JSON.stringify([...rows.values()])}::jsonb) as r(kind text, id text, item text, data jsonb)
    on conflict (read_id, kind, id, item) do update set data = excluded.data, read_at = excluded.read_at`.execute(db);
}

/** Keeps what speaks against concluding from a read, also for whoever goes on with it. */
export async function noteShortfalls(db: Database, readId: string, shortfalls: readonly Shortfall[]): Promise<void> {
  if (shortfalls.length === 0) return;
  await sql`
    insert into read_shortfall (read_id, scope, code, message)
    select ${readId}, scope, code, message from jsonb_to_recordset(${JSON.stringify(shortfalls)}::jsonb) as r(scope text, code text, message text)
    on conflict do nothing`.execute(db);
}

/** One for each scope and code. */
export async function notedShortfalls(db: Database, readId: string): Promise<Shortfall[]> {
  const { rows } =
    await sql<Shortfall>`select code, scope, message from read_shortfall where read_id = ${readId} order by scope, code`.execute(db);
  return rows;
}

/** The staged objects in order of kind and id, some hundred at a time. */
export async function* stagedObjects(db: Database, readId: string, size = 200): AsyncGenerator<StagedObject[]> {
  let after: { kind: string; id: string } = { kind: '', id: '' };
  for (;;) {
    const { rows } = await sql<{ kind: ObjectKind; id: string; item: string; data: never; read_at: Date }>`
      with objects as (
        select distinct kind, id from staged where read_id = ${readId} and (kind, id) > (${after.kind}, ${after.id}) order by kind, id limit ${size}
      )
      select s.kind, s.id, s.item, s.data, s.read_at from staged s join objects using (kind, id) where s.read_id = ${readId} order by s.kind, s.id, s.item`.execute(
      db,
    );
    if (rows.length === 0) return;
    const grouped = Map.groupBy(rows, ({ kind, id }) => `${kind}/${id}`);
    yield [...grouped.values()].map((items) => gather(items));
    const last = rows.at(-1);
    if (last) after = { kind: last.kind, id: last.id };
  }
}

function gather(rows: { kind: ObjectKind; id: string; item: string; data: never; read_at: Date }[]): StagedObject {
  const [first] = rows as [(typeof rows)[number]];
  const sight = rows.find(({ item }) => item === '');
  const stamped = (row: (typeof rows)[number]) => ({ data: row.data, readAt: row.read_at.toISOString() });
  return {
    kind: first.kind,
    id: first.id,
    ...(sight ? { sight: stamped(sight) } : {}),
    held: rows.filter(({ item }) => item !== '').map(stamped),
  };
}

export async function stagedIds(db: Database, readId: string, kind: ObjectKind): Promise<Set<string>> {
  const { rows } = await sql<{ id: string }>`select id from staged where read_id = ${readId} and kind = ${kind} and item = ''`.execute(db);
  return new Set(rows.map(({ id }) => id));
}

/** Remembers which read of a connection has its pages here; a read that was begun before the tables were lost cannot go on. */
export async function holdsRead(db: Database, connection: string, readId: string): Promise<boolean> {
  const { rows } = await sql`select 1 from open_read where connection = ${connection} and read_id = ${readId}`.execute(db);
  return rows.length > 0;
}

export async function beginStaging(db: Database, connection: string, readId: string): Promise<void> {
  await sql`insert into open_read (connection, read_id) values (${connection}, ${readId}) on conflict (connection) do update set read_id = excluded.read_id`.execute(
    db,
  );
}

/** Drops what was staged, of this read and of any before it. */
export async function endStaging(db: Database, connection: string, readId: string): Promise<void> {
  await sql`delete from open_read where connection = ${connection} and read_id = ${readId}`.execute(db);
  await sql`delete from staged where read_id = ${readId} or read_id not in (select read_id from open_read)`.execute(db);
  await sql`delete from read_shortfall where read_id = ${readId} or read_id not in (select read_id from open_read)`.execute(db);
}
