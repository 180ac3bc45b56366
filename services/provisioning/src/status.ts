import type { Database } from '@muster/read-store';
import { workStatus } from '@muster/work';
import { sql } from 'kysely';
import { SEND } from './rows.ts';

/** The backlog at a glance: rows of people and connections, calls without an answer, what is dead or quarantined. */
export interface SendingStatus extends Awaited<ReturnType<typeof workStatus>> {
  /** Rows that are due now or being worked on. */
  readonly open: number;
  /** Rows whose time has not come. */
  readonly later: number;
  /** Calls that have left and whose answer is not recorded. */
  readonly inFlight: number;
  readonly counts: Readonly<Record<string, number>>;
}

export async function sendingStatus(db: Database): Promise<SendingStatus> {
  const status = await workStatus(db);
  const { rows } = await sql<{ open: number; later: number; in_flight: number }>`
    select count(*) filter (where due <= clock_timestamp() or claimed_until > clock_timestamp()) as open,
      count(*) filter (where due > clock_timestamp() and claimed_until is null) as later,
      (select count(*) from sending where lost_at is not null) as in_flight
    from work where kind = ${SEND}`.execute(db);
  const { open, later, in_flight: inFlight } = rows[0] ?? { open: 0, later: 0, in_flight: 0 };
  return {
    ...status,
    open,
    later,
    inFlight,
    counts: { open, waiting: later, 'in flight': inFlight, dead: status.dead, quarantined: status.quarantined.length },
  };
}
