import type { Database, ReadStore } from '@muster/read-store';
import { type RawBuilder, sql } from 'kysely';
import type { WorkFault } from './retry.ts';
import { WORK_CHANNEL } from './rows.ts';

/** A row that was given up, with a reference to what it was about. */
export interface DeadWork {
  readonly id: string;
  readonly kind: string;
  readonly key: string;
  readonly connection: string;
  readonly at: string;
  readonly attempts: number;
  readonly fault: WorkFault;
}

/** Dead rows that have one code. */
export interface DeadWorkCause {
  readonly code: string;
  readonly count: number;
  readonly oldest: string;
  readonly newest: string;
  /** Of the newest one. */
  readonly remedy: string | null;
}

interface Row extends Omit<DeadWork, 'id' | 'at'> {
  id: number;
  at: Date;
}

const shown = (row: Row): DeadWork => ({ ...row, id: String(row.id), at: row.at.toISOString() });

const NUMBER = /^\d{1,15}$/;

/** The newest first, at most 1,000; with a code those that have it, at most 100,000. */
export async function listDeadWork(db: Database, { code }: { code?: string } = {}): Promise<DeadWork[]> {
  const { rows } = await sql<Row>`
    select id, kind, key, connection, at, attempts, fault from dead_work where ${code ?? null}::text is null or fault ->> 'code' = ${code ?? null}
    order by at desc limit ${code === undefined ? 1000 : 100_000}`.execute(db);
  return rows.map(shown);
}

/** How many rows each cause keeps, all of them counted. */
export async function deadWorkCauses(db: Database): Promise<DeadWorkCause[]> {
  const { rows } = await sql<Omit<DeadWorkCause, 'oldest' | 'newest'> & { oldest: Date; newest: Date }>`
    select fault ->> 'code' as code, count(*) as count, min(at) as oldest, max(at) as newest, (array_agg(fault ->> 'remedy' order by at desc))[1] as remedy
    from dead_work group by 1 order by 1`.execute(db);
  return rows.map((row) => ({ ...row, oldest: row.oldest.toISOString(), newest: row.newest.toISOString() }));
}

export async function findDeadWork(db: Database, id: string): Promise<DeadWork | undefined> {
  if (!NUMBER.test(id)) return undefined;
  const { rows } = await sql<Row>`select id, kind, key, connection, at, attempts, fault from dead_work where id = ${id}::bigint`.execute(
    db,
  );
  return rows[0] && shown(rows[0]);
}

/** Sends it again; false: it is not there any more. */
export async function retryDeadWork(store: ReadStore, id: string): Promise<boolean> {
  return NUMBER.test(id) && (await sendAgain(store, sql`id = ${id}::bigint`)) > 0;
}

/** Sends all again that have a code, say after the cause was mended; without one, all. Answers how many. */
export const retryAllDeadWork = (store: ReadStore, which: { code?: string } = {}): Promise<number> =>
  sendAgain(store, which.code === undefined ? sql`true` : sql`fault ->> 'code' = ${which.code}`);

async function sendAgain(store: ReadStore, which: RawBuilder<unknown>): Promise<number> {
  return store.transaction(async (transaction) => {
    const { rows } = await sql`
      with dead as (delete from dead_work where ${which} returning kind, key, connection, lane)
      insert into work as w (kind, key, connection, lane, due) select kind, key, connection, lane, clock_timestamp() from dead order by kind, key
      on conflict (kind, key) do update set due = least(w.due, excluded.due), not_before = null, attempts = 0, version = w.version + 1
      returning 1`.execute(transaction);
    if (rows.length > 0) await store.notify(transaction, WORK_CHANNEL, '');
    return rows.length;
  });
}

/** A connection whose rows wait. */
export interface Quarantined {
  readonly connection: string;
  /** `probing`: the time is over; rows go one by one until one of them succeeds. */
  readonly state: 'waiting' | 'probing';
  /** When the next row goes ahead, or could have. */
  readonly until: string;
  /** Of the first failure in a row. */
  readonly since: string;
  readonly failures: number;
  readonly fault: WorkFault;
}

/** Rows that wait, are at work or failed before, and connections that are quarantined: the state of a service's work at a glance. */
export async function workStatus(db: Database): Promise<{
  waiting: number;
  failing: number;
  dead: number;
  oldestDue: string | null;
  quarantined: Quarantined[];
}> {
  const { rows } = await sql<{ waiting: number; failing: number; dead: number; oldest: Date | null }>`
    select count(*) as waiting, count(*) filter (where attempts > 0) as failing, (select count(*) from dead_work) as dead,
      min(due) filter (where due <= clock_timestamp()) as oldest from work`.execute(db);
  const { rows: quarantined } = await sql<Omit<Quarantined, 'until' | 'since'> & { until: Date; since: Date }>`
    select connection, case when until > clock_timestamp() then 'waiting' else 'probing' end as state, until, since, failures, fault
    from quarantine where until is not null order by connection`.execute(db);
  const { waiting, failing, dead, oldest } = rows[0] ?? { waiting: 0, failing: 0, dead: 0, oldest: null };
  return {
    waiting,
    failing,
    dead,
    oldestDue: oldest?.toISOString() ?? null,
    quarantined: quarantined.map((row) => ({ ...row, until: row.until.toISOString(), since: row.since.toISOString() })),
  };
}
