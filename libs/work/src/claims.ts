import type { Database } from '@muster/read-store';
import { sql } from 'kysely';
import { type Claimed, type Lane, laneNumber, LANES, ours } from './rows.ts';

export interface Scope {
  readonly kinds: readonly string[];
  /** Only rows of these connections; absent: of all. */
  readonly connections?: readonly string[];
  /** Only rows of these lanes; absent: of all. */
  readonly lanes?: readonly Lane[];
}

export interface ClaimOptions extends Scope {
  readonly max: number;
  readonly holder: string;
  /** How long it is ours without being renewed. */
  readonly leaseMs: number;
}

interface Row extends Omit<Claimed, 'lane'> {
  lane: number;
}

/**
 * Each kind, connection and lane that has rows is looked at by itself, from its longest due row on, so that a claim costs the same however many rows wait in less
 * urgent lanes or for a connection that is quarantined.
 */
const shelves = ({ kinds, connections, lanes = LANES }: Scope) => sql`
  unnest(${[...kinds]}::text[]) as k(kind)
  cross join lateral (
    with recursive found(connection) as (
      (select connection from work where kind = k.kind order by connection limit 1)
      union all
      select (select w.connection from work w where w.kind = k.kind and w.connection > f.connection order by w.connection limit 1)
      from found f where f.connection is not null
    )
    select connection from found where connection is not null
  ) c
  cross join unnest(${lanes.map(laneNumber)}::smallint[]) l(lane)
  where (${connections === undefined}::boolean or c.connection = any(${[...(connections ?? [])]}::text[]))
    and not exists (select from quarantine q where q.connection = c.connection and q.until > clock_timestamp())`;

/**
 * Takes rows that are due, the most urgent lane first, then the longest due. Nobody else gets them until the lease ends. Of a connection whose quarantine has
 * run out one row is given, and no other while somebody is at work on one: its end says whether the rest may follow.
 */
export async function claimWork(db: Database, { max, holder, leaseMs, ...scope }: ClaimOptions): Promise<Claimed[]> {
  // Others may hold locks on some candidates, which are then passed over: look at more than are wanted.
  const { rows } = await sql<Row>`
    with half_open as materialized (
      -- Whoever claims at the same time finds the row locked, or marked since their statement began.
      select q.connection from quarantine q
      where q.until <= clock_timestamp() and (q.probed_at is null or q.probed_at < statement_timestamp())
        and not exists (select from work w where w.connection = q.connection and w.claimed_until > clock_timestamp())
      for update of q skip locked
    ), due as (
      select w.kind, w.key, w.lane, w.due, q.connection is not null as probe,
        row_number() over (partition by s.connection order by w.lane, w.due) as place
      from (select k.kind, c.connection, l.lane from ${shelves(scope)}) s
      left join quarantine q on q.connection = s.connection and q.until is not null
      cross join lateral (
        select kind, key, lane, due from work
        where kind = s.kind and connection = s.connection and lane = s.lane and due <= clock_timestamp()
          and (claimed_until is null or claimed_until < clock_timestamp())
        order by due limit ${max * 2}
      ) w
      where q.connection is null or q.connection in (select connection from half_open)
    ), candidates as (
      select kind, key from due where not probe or place = 1 order by lane, due limit ${max * 2}
    ), chosen as (
      select w.kind, w.key from work w join candidates using (kind, key)
      where w.due <= clock_timestamp() and (w.claimed_until is null or w.claimed_until < clock_timestamp())
      order by w.lane, w.due limit ${max} for update of w skip locked
    ), claimed as (
      update work w set token = w.token + 1, holder = ${holder}, not_before = null, rests = false,
        again_due = null, claimed_until = clock_timestamp() + ${leaseMs} * interval '1 millisecond'
      from chosen c where w.kind = c.kind and w.key = c.key
      returning w.kind, w.key, w.connection, w.lane, w.attempts, w.version, w.token
    ), probing as (
      update quarantine q set probed_at = clock_timestamp() from half_open h
      where q.connection = h.connection and q.connection in (select connection from claimed)
    )
    select kind, key, connection, lane, attempts, version, token from claimed`.execute(db);
  return rows.toSorted((a, b) => a.lane - b.lane).map((row) => ({ ...row, lane: LANES[row.lane] ?? 'batch' }));
}

/** When the next row that nobody is at work on becomes due; undefined: none waits. Rows of quarantined connections do not count. */
export async function nextDue(db: Database, scope: Scope): Promise<Date | undefined> {
  const { rows } = await sql<{ due: Date | null }>`
    select min(w.due) as due from (select k.kind, c.connection, l.lane from ${shelves(scope)}) s
    cross join lateral (
      select due from work where kind = s.kind and connection = s.connection and lane = s.lane and claimed_until is null order by due limit 1
    ) w`.execute(db);
  return rows[0]?.due ?? undefined;
}

/** Whether a claim still stands. */
export async function holdsClaim(db: Database, claimed: Claimed): Promise<boolean> {
  const [holds] = await holdsClaims(db, [claimed]);
  return holds === true;
}

/** Whether claims still stand, each of them, by one question. */
export async function holdsClaims(db: Database, claims: readonly Claimed[]): Promise<boolean[]> {
  const asked = claims.map(({ kind, key, token }, index) => ({ index, kind, key, token }));
  const { rows } = await sql<{ index: number }>`
    select a.index from jsonb_to_recordset(${JSON.stringify(asked)}::jsonb) as a(index integer, kind text, key text, token bigint)
    join work w using (kind, key) where w.token = a.token and w.claimed_until > clock_timestamp()`.execute(db);
  const held = new Set(rows.map(({ index }) => index));
  return claims.map((_, index) => held.has(index));
}

/** Keeps a claim for longer; false: it is somebody else's by now. */
export async function renewClaim(db: Database, claimed: Claimed, leaseMs: number): Promise<boolean> {
  const { rows } = await sql`
    update work set claimed_until = clock_timestamp() + ${leaseMs} * interval '1 millisecond' where ${ours(claimed)} returning 1`.execute(
    db,
  );
  return rows.length > 0;
}

/** A claim that is to end well. `next`: look again then, in `lane`; until then the row rests. */
export interface Ending {
  readonly claimed: Claimed;
  readonly next?: Date;
  readonly lane?: Lane;
  /** False: nothing was asked of the connection, so that its end says nothing of how the connection is. */
  readonly reached?: boolean;
}

/** What became of a claim that was to end well. */
export interface Ended {
  /** Whether the claim still stood; if not, nothing changed. */
  readonly held: boolean;
  /** Whether the row is due within a second, as it was asked for meanwhile. */
  readonly soon: boolean;
}

/**
 * Ends claims: a row is gone, or waits until `next`. What was asked for meanwhile is kept and due when it was asked for. A success ends the dead letter of its key and, if the
 * connection was reached, its quarantine. Answers for each.
 */
export async function endWorks(transaction: Database, endings: readonly Ending[]): Promise<Ended[]> {
  const asked = endings.map(({ claimed: { kind, key, token, version }, next, lane, reached = true }, index) => ({
    index,
    kind,
    key,
    token,
    version,
    next: next?.toISOString() ?? null,
    lane: lane === undefined ? null : laneNumber(lane),
    reached,
  }));
  const { rows } = await sql<{ index: number; soon: boolean }>`
    with asked as (
      select * from jsonb_to_recordset(${JSON.stringify(asked)}::jsonb) as r(index integer, kind text, key text, token bigint, version bigint, next timestamptz, lane smallint, reached boolean)
    ), held as (
      select a.*, w.connection, w.again_due, w.version <> a.version as again from work w join asked a using (kind, key)
      where w.token = a.token and w.claimed_until is not null order by w.kind, w.key for update of w
    ), gone as (
      delete from work w using held h where w.kind = h.kind and w.key = h.key and h.next is null and not h.again
    ), kept as (
      update work w set claimed_until = null, holder = null, attempts = 0, last_fault = null, last_at = clock_timestamp(),
        due = case when h.again then coalesce(w.again_due, clock_timestamp()) else h.next end,
        lane = case when h.again then w.lane else coalesce(h.lane, w.lane) end, rests = h.lane is not null and not h.again
      from held h where w.kind = h.kind and w.key = h.key and (h.next is not null or h.again)
    ), healthy as (
      delete from quarantine where connection in (select connection from held where reached)
    ), revived as (
      delete from dead_work d using held h where d.kind = h.kind and d.key = h.key
    )
    select index, again and coalesce(again_due, clock_timestamp()) < clock_timestamp() + interval '1 second' as soon from held`.execute(
    transaction,
  );
  const ended = new Map(rows.map(({ index, soon }) => [index, soon]));
  return endings.map((_, index) => ({ held: ended.has(index), soon: ended.get(index) === true }));
}

/** See endWorks; answers, for each, whether the claim still stood. */
export async function completeWorks(transaction: Database, endings: readonly Ending[]): Promise<boolean[]> {
  return (await endWorks(transaction, endings)).map(({ held }) => held);
}

/** Ends one claim; see completeWorks. */
export async function completeWork(transaction: Database, claimed: Claimed, next?: Date): Promise<boolean> {
  const [ended] = await completeWorks(transaction, [{ claimed, ...(next === undefined ? {} : { next }) }]);
  return ended === true;
}
