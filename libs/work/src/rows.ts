import type { Database, ReadStore } from '@muster/read-store';
import { sql } from 'kysely';
import type { WorkFault } from './retry.ts';

/** In order of urgency. */
export type Lane = 'leaver' | 'live' | 'batch';
const LANES: readonly Lane[] = ['leaver', 'live', 'batch'];
const laneNumber = (lane: Lane): number => LANES.indexOf(lane);

/** Something to be done. There is one row for a kind and key, however often it is asked for. */
export interface WorkRow {
  readonly kind: string;
  readonly key: string;
  /** Whose failures count together; a quarantined connection's rows wait. */
  readonly connection?: string;
  /** Default: live. */
  readonly lane?: Lane;
  /** Default: now. */
  readonly due?: Date;
}

/** A row that is ours until `claimedUntil`, by the database's clock. */
export interface Claimed {
  readonly kind: string;
  readonly key: string;
  readonly connection: string;
  readonly lane: Lane;
  /** Failed attempts before this one. */
  readonly attempts: number;
  readonly version: number;
  readonly token: number;
}

/** Channel on which a service is told that a row may be due. */
export const WORK_CHANNEL = 'work';

interface Asked {
  readonly kind: string;
  readonly key: string;
  readonly connection: string;
  readonly lane: number;
  /** null: now. */
  readonly due: string | null;
}

/** The same row asked for twice in one call: the more urgent lane, the earlier time. */
function together(before: Asked | undefined, { kind, key, connection = '', lane = 'live', due }: WorkRow): Asked {
  const asked = { kind, key, connection, lane: laneNumber(lane), due: due?.toISOString() ?? null };
  if (!before) return asked;
  const earlier = before.due === null || asked.due === null ? null : before.due < asked.due ? before.due : asked.due;
  return { ...asked, lane: Math.min(before.lane, asked.lane), due: earlier };
}

/**
 * Asks for work, in the transaction of whatever asks. A row that is there already becomes due no later and no less urgent than asked, and, if somebody is
 * at work on it right now, is done once more afterwards.
 */
export async function upsertWork(transaction: Database, rows: readonly WorkRow[]): Promise<void> {
  if (rows.length === 0) return;
  const merged = new Map<string, Asked>();
  for (const row of rows) {
    const key = `${row.kind}\0${row.key}`;
    merged.set(key, together(merged.get(key), row));
  }
  const ordered = [...merged.values()].toSorted((a, b) => (a.kind + a.key < b.kind + b.key ? -1 : 1));
  await sql`
    insert into work as w (kind, key, connection, lane, due)
    select kind, key, connection, lane, coalesce(due, clock_timestamp())
    from jsonb_to_recordset(${JSON.stringify(ordered)}::jsonb) as r(kind text, key text, connection text, lane smallint, due timestamptz)
    on conflict (kind, key) do update
    set lane = least(w.lane, excluded.lane), due = least(w.due, excluded.due), version = w.version + 1`.execute(transaction);
  await sql`select pg_notify(current_schema() || '.' || ${WORK_CHANNEL}, '')`.execute(transaction);
}

export interface ClaimOptions {
  readonly kinds: readonly string[];
  readonly max: number;
  readonly holder: string;
  /** How long it is ours without being renewed. */
  readonly leaseMs: number;
  /** Only rows of these connections; absent: of all. */
  readonly connections?: readonly string[];
}

interface Row {
  kind: string;
  key: string;
  connection: string;
  lane: number;
  attempts: number;
  version: number;
  token: number;
}

/** Takes rows that are due, the most urgent lane first, then the longest due. Nobody else gets them until the lease ends. */
export async function claimWork(db: Database, { kinds, max, holder, leaseMs, connections }: ClaimOptions): Promise<Claimed[]> {
  const scope = connections === undefined ? sql`` : sql`and connection = any(${[...connections]}::text[])`;
  const { rows } = await sql<Row>`
    with chosen as (
      select kind, key from work
      where kind = any(${[...kinds]}::text[]) and due <= clock_timestamp() and (claimed_until is null or claimed_until < clock_timestamp()) ${scope}
        and connection not in (select connection from quarantine where until > clock_timestamp())
      order by lane, due limit ${max} for update skip locked
    )
    update work w set token = w.token + 1, holder = ${holder}, claimed_until = clock_timestamp() + ${leaseMs} * interval '1 millisecond'
    from chosen c where w.kind = c.kind and w.key = c.key
    returning w.kind, w.key, w.connection, w.lane, w.attempts, w.version, w.token`.execute(db);
  return rows.toSorted((a, b) => a.lane - b.lane).map((row) => ({ ...row, lane: LANES[row.lane] ?? 'batch' }));
}

const ours = ({ kind, key, token }: Claimed) => sql`kind = ${kind} and key = ${key} and token = ${token} and claimed_until is not null`;

/** Whether a claim still stands. */
export async function holdsClaim(db: Database, claimed: Claimed): Promise<boolean> {
  const { rows } = await sql`select 1 from work where ${ours(claimed)} and claimed_until > clock_timestamp()`.execute(db);
  return rows.length > 0;
}

/** Keeps a claim for longer; false: it is somebody else's by now. */
export async function renewClaim(db: Database, claimed: Claimed, leaseMs: number): Promise<boolean> {
  const { rows } = await sql`
    update work set claimed_until = clock_timestamp() + ${leaseMs} * interval '1 millisecond' where ${ours(claimed)} returning 1`.execute(
    db,
  );
  return rows.length > 0;
}

/**
 * Ends a claim: the row is gone, or waits until `next`. What was asked for meanwhile is kept and due at once. Answers false, and changes nothing,
 * if the claim had been lost.
 */
export async function completeWork(transaction: Database, claimed: Claimed, next?: Date): Promise<boolean> {
  const later = next === undefined ? null : next.toISOString();
  const { rows } = await sql<{ version: number }>`
    update work set claimed_until = null, holder = null, attempts = 0, last_fault = null, last_at = clock_timestamp(),
      due = case when version = ${claimed.version} then coalesce(${later}::timestamptz, due) else least(due, clock_timestamp()) end
    where ${ours(claimed)} returning version`.execute(transaction);
  if (rows.length === 0) return false;
  if (next === undefined)
    await sql`delete from work where kind = ${claimed.kind} and key = ${claimed.key} and version = ${claimed.version}`.execute(transaction);
  await sql`delete from quarantine where connection = ${claimed.connection}`.execute(transaction);
  return true;
}

/** Ends a claim after a failure; the attempt, its cause and the next time stay to be seen. */
export async function retryWork(db: Database, claimed: Claimed, { due, fault }: { due: Date; fault: WorkFault }): Promise<void> {
  await sql`
    update work set claimed_until = null, holder = null, attempts = attempts + 1, last_fault = ${JSON.stringify(fault)}::jsonb, last_at = clock_timestamp(),
      due = case when version = ${claimed.version} or attempts > 0 then ${due.toISOString()}::timestamptz else least(due, clock_timestamp()) end
    where ${ours(claimed)}`.execute(db);
}

const QUARANTINE_AFTER = 20;

/** Counts a failure of a connection. After twenty in a row, or at once for a refused credential, its rows wait for `pauseMs`. */
export async function countFailure(
  db: Database,
  connection: string,
  { fault, pauseMs }: { fault: WorkFault; pauseMs: number },
): Promise<void> {
  if (connection === '') return;
  const threshold = fault.kind === 'unauthorised' ? 1 : QUARANTINE_AFTER;
  await sql`
    insert into quarantine as q (connection, failures, until, fault)
    values (${connection}, 1, case when 1 >= ${threshold}::integer then clock_timestamp() + ${pauseMs} * interval '1 millisecond' end, ${JSON.stringify(fault)}::jsonb)
    on conflict (connection) do update set failures = q.failures + 1, fault = excluded.fault,
      until = case when q.failures + 1 >= ${threshold}::integer then clock_timestamp() + ${pauseMs} * interval '1 millisecond' else q.until end`.execute(
    db,
  );
}

/** Gives a row up: what it refers to stands among the dead letters until a person sends it again. */
export async function buryWork(store: ReadStore, claimed: Claimed, fault: WorkFault): Promise<void> {
  await store.transaction(async (transaction) => {
    const { rows } = await sql<{
      lane: number;
      attempts: number;
    }>`delete from work where ${ours(claimed)} returning lane, attempts`.execute(transaction);
    const row = rows[0];
    if (!row) return;
    await sql`
      insert into dead_work (kind, key, connection, lane, attempts, fault)
      values (${claimed.kind}, ${claimed.key}, ${claimed.connection}, ${row.lane}, ${row.attempts + 1}, ${JSON.stringify(fault)}::jsonb)
      on conflict (kind, key) do update set at = clock_timestamp(), attempts = dead_work.attempts + excluded.attempts, fault = excluded.fault`.execute(
      transaction,
    );
  });
}
