import type { Database, ReadStore } from '@muster/read-store';
import { sql } from 'kysely';
import type { WorkFault } from './retry.ts';

/** In order of urgency. */
export type Lane = 'leaver' | 'live' | 'batch';
export const LANES: readonly Lane[] = ['leaver', 'live', 'batch'];
export const laneNumber = (lane: Lane): number => LANES.indexOf(lane);

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

/** A leaver does not sit out the back-off of ordinary work; what a vendor asked for holds for everybody. */
const PUSHES_AHEAD = sql`excluded.lane < w.lane and w.last_fault ->> 'kind' is distinct from 'throttled'`;

/**
 * Asks for work, in the transaction of whatever asks. A row that is there already becomes due no later and no less urgent than asked, and, if somebody is
 * at work on it right now, is done once more afterwards. One that rests until a time of its own is woken as urgently as asked. One that waits after a failure goes on waiting, unless it becomes more urgent and was not told to wait.
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
    set again_due = case when w.claimed_until is not null then least(w.again_due, excluded.due) end,
      lane = case when w.rests then excluded.lane else least(w.lane, excluded.lane) end, rests = false, version = w.version + 1,
      not_before = case when ${PUSHES_AHEAD} then null else w.not_before end,
      due = greatest(least(w.due, excluded.due), case when ${PUSHES_AHEAD} then null else w.not_before end)`.execute(transaction);
  await sql`select pg_notify(current_schema() || '.' || ${WORK_CHANNEL}, '')`.execute(transaction);
}

/** The row of a claim, as long as the claim stands. */
export const ours = ({ kind, key, token }: Claimed) =>
  sql`kind = ${kind} and key = ${key} and token = ${token} and claimed_until is not null`;

/**
 * Ends a claim after a failure; the attempt, its cause and the next time stay to be seen. A row that became more urgent meanwhile is due at once, unless the other
 * side asked to wait. Changes nothing if the claim had been lost.
 */
export async function retryWork(db: Database, claimed: Claimed, { due, fault }: { due: Date; fault: WorkFault }): Promise<void> {
  const waits = sql`case when lane < ${laneNumber(claimed.lane)} and ${fault.kind}::text <> 'throttled' then null else ${due.toISOString()}::timestamptz end`;
  await sql`
    update work set claimed_until = null, holder = null, attempts = attempts + 1, last_fault = ${JSON.stringify(fault)}::jsonb, last_at = clock_timestamp(),
      due = coalesce(${waits}, clock_timestamp()), not_before = ${waits}
    where ${ours(claimed)}`.execute(db);
}

const QUARANTINE_AFTER = 20;

/** So much longer than the first may the last of the growing pauses be. */
const LONGEST_PAUSE = 20;

/**
 * Counts a failure of a connection. After twenty in a row, or at once for a refused credential, its rows wait for `pauseMs`; then one of them goes ahead, and
 * if that fails too, all wait twice as long as before, up to twenty times `pauseMs`. Failures of rows that were at work already change nothing.
 */
export async function countFailure(
  db: Database,
  connection: string,
  { fault, pauseMs }: { fault: WorkFault; pauseMs: number },
): Promise<void> {
  if (connection === '') return;
  const threshold = fault.kind === 'unauthorised' ? 1 : QUARANTINE_AFTER;
  const pause = sql`${pauseMs} * interval '1 millisecond'`;
  await sql`
    insert into quarantine as q (connection, failures, until, fault)
    values (${connection}, 1, case when 1 >= ${threshold}::integer then clock_timestamp() + ${pause} end, ${JSON.stringify(fault)}::jsonb)
    on conflict (connection) do update set failures = q.failures + 1, fault = excluded.fault,
      rounds = q.rounds + case when q.until <= clock_timestamp() then 1 else 0 end,
      until = case
        when q.until > clock_timestamp() then q.until
        when q.until is not null then clock_timestamp() + least(2 ^ least(q.rounds + 1, 16), ${LONGEST_PAUSE}::integer) * ${pause}
        when q.failures + 1 >= ${threshold}::integer then clock_timestamp() + ${pause}
      end`.execute(db);
}

/**
 * Gives a row up: what it refers to stands among the dead letters until a person sends it again, or it succeeds. If it was asked for again meanwhile, it stays and is
 * tried once more. Changes nothing if the claim had been lost.
 */
export async function buryWork(store: ReadStore, claimed: Claimed, fault: WorkFault): Promise<void> {
  const { kind, key, connection, version } = claimed;
  await store.transaction(async (transaction) => {
    const { rows } = await sql<{ lane: number; attempts: number; again: boolean }>`
      select lane, attempts, version <> ${version} as again from work where ${ours(claimed)} for update`.execute(transaction);
    const row = rows[0];
    if (!row) return;
    if (row.again)
      await sql`
        update work set claimed_until = null, holder = null, attempts = 0, last_fault = ${JSON.stringify(fault)}::jsonb, last_at = clock_timestamp(),
          due = least(due, clock_timestamp()) where kind = ${kind} and key = ${key}`.execute(transaction);
    else await sql`delete from work where kind = ${kind} and key = ${key}`.execute(transaction);
    await sql`
      insert into dead_work (kind, key, connection, lane, attempts, fault)
      values (${kind}, ${key}, ${connection}, ${row.lane}, ${row.attempts + 1}, ${JSON.stringify(fault)}::jsonb)
      on conflict (kind, key) do update set at = clock_timestamp(), attempts = dead_work.attempts + excluded.attempts, fault = excluded.fault`.execute(
      transaction,
    );
  });
}
