import type { Budget } from '@muster/connector';
import type { EventStore } from '@muster/event-store';
import type { Database } from '@muster/read-store';
import { type Lane, workStatus } from '@muster/work';
import { sql } from 'kysely';
import type { Progress } from './progress.ts';
import { SEND } from './rows.ts';
import { timeLeft } from './time-left.ts';
import type { TargetConfig } from './translate.ts';

/** How sending on one connection goes. */
export interface ConnectionProgress {
  /** People whose commands wait or are worked on, those whose time has not come left out. */
  readonly queued: Readonly<Record<Lane, number>>;
  /** Calls that are under way or wait for the limits, in this process. */
  readonly inFlight: number;
  /** Commands that ended within a minute, in this process. */
  readonly donePerMinute: number;
  /** How long the limits let the rest take, by a sample of what is queued. */
  readonly restMs: number;
  readonly budget: ReturnType<Budget['status']>;
}

/** The backlog at a glance: rows of people and connections, calls without an answer, what is dead or quarantined. */
export interface SendingStatus extends Awaited<ReturnType<typeof workStatus>> {
  /** Rows that are due now or being worked on. */
  readonly open: number;
  /** Rows whose time has not come. */
  readonly later: number;
  /** Calls that have left and whose answer is not recorded. */
  readonly inFlight: number;
  readonly counts: Readonly<Record<string, number>>;
  /** By name; connections that are not written are left out. */
  readonly connections: Readonly<Record<string, ConnectionProgress>>;
}

/** A connection that is written, and how that goes. */
export interface Watched {
  readonly config: TargetConfig;
  readonly progress: Progress;
}

export async function sendingStatus(
  { db, store }: { db: Database; store: EventStore },
  watched: readonly Watched[],
): Promise<SendingStatus> {
  const status = await workStatus(db);
  const { rows } = await sql<{ open: number; later: number; in_flight: number }>`
    select count(*) filter (where due <= clock_timestamp() or claimed_until > clock_timestamp()) as open,
      count(*) filter (where due > clock_timestamp() and claimed_until is null) as later,
      (select count(*) from sending where lost_at is not null) as in_flight
    from work where kind = ${SEND}`.execute(db);
  const { open, later, in_flight: inFlight } = rows[0] ?? { open: 0, later: 0, in_flight: 0 };
  const queued = await queuedByLane(db);
  const connections = await Promise.all(
    watched.map(async (one) => {
      const { name } = one.config;
      return [name, await progressOf({ db, store }, one, queued.get(name) ?? NONE)] as const;
    }),
  );
  return {
    ...status,
    open,
    later,
    inFlight,
    counts: { open, waiting: later, 'in flight': inFlight, dead: status.dead, quarantined: status.quarantined.length },
    connections: Object.fromEntries(connections),
  };
}

type ByLane = Record<Lane, number>;

const NONE: ByLane = { leaver: 0, live: 0, batch: 0 };
const LANES: readonly Lane[] = ['leaver', 'live', 'batch'];

async function progressOf(
  parts: { db: Database; store: EventStore },
  { config, progress }: Watched,
  queued: ByLane,
): Promise<ConnectionProgress> {
  const people = queued.leaver + queued.live + queued.batch;
  return {
    queued,
    inFlight: progress.inFlight,
    donePerMinute: progress.donePerMinute(),
    restMs: people === 0 ? 0 : await progress.restMs(() => timeLeft(parts, config, people)),
    budget: progress.budget.status(),
  };
}

async function queuedByLane(db: Database): Promise<Map<string, ByLane>> {
  const { rows } = await sql<{ connection: string; lane: number; count: number }>`
    select connection, lane, count(*) as count from work
    where kind = ${SEND} and (due <= clock_timestamp() or claimed_until > clock_timestamp()) group by connection, lane`.execute(db);
  const queued = new Map<string, ByLane>();
  for (const { connection, lane, count } of rows) {
    const known = queued.get(connection) ?? { ...NONE };
    known[LANES[lane] ?? 'batch'] = count;
    queued.set(connection, known);
  }
  return queued;
}
