import type { RunOpened } from '@muster/contracts';
import type { EventStore } from '@muster/event-store';
import type { Database } from '@muster/read-store';
import { sql } from 'kysely';
import { TOGETHER_MS } from './dirty.ts';
import { freezeFile } from './file-run.ts';
import { RECONCILE } from './rows.ts';

export interface Ripening {
  readonly store: EventStore;
  readonly db: Database;
  /** A run is sealed once nobody has joined for so long, ... */
  readonly quietMs: number;
  /** ... or once it has been open for so long. */
  readonly patienceMs: number;
}

/** Whether a run may be sealed, and what is known of it. */
export interface Ripeness {
  readonly kind: 'collect' | 'flow' | 'file' | 'scope';
  readonly cause: RunOpened['cause'];
  /** Size of the frozen set of a file. */
  readonly people?: number;
  /** The file is still being read: nobody knows yet who is in it. */
  readonly awaited?: boolean;
  /** Absent: not yet. */
  readonly because?: 'quiet' | 'patience';
}

/** Whether a run may be sealed. Whoever was to be looked at when the last one joined may belong to it too. */
export async function ripeness(work: Ripening, runId: string): Promise<Ripeness | undefined> {
  const row = await rowOf(work, runId);
  if (!row) return undefined;
  const known = { kind: row.kind, cause: row.cause };
  if (row.state !== 'collecting') return { ...known, because: 'quiet' };
  if (Number(row.age) >= work.patienceMs) return { ...known, because: 'patience' };
  if (row.kind === 'file') return ripenessOfFile(work, runId, known);
  return Number(row.quiet) >= work.quietMs && !row.busy ? { ...known, because: 'quiet' } : known;
}

/** Once it is known who is in a file, it takes no more time than it takes to plan them. */
async function ripenessOfFile(work: Ripening, runId: string, known: Pick<Ripeness, 'kind' | 'cause'>): Promise<Ripeness> {
  if (!(await freezeFile(work, runId, known.cause))) return { ...known, awaited: true };
  const { rows } = await sql<{ people: string; open: string }>`
    select count(*) as people, count(*) filter (where not planned) as open from run_scope where run_id = ${runId}`.execute(work.db);
  const people = Number(rows[0]?.people ?? 0);
  return Number(rows[0]?.open ?? 0) === 0 ? { ...known, people, because: 'quiet' } : { ...known, people };
}

interface Row {
  readonly kind: Ripeness['kind'];
  readonly cause: Ripeness['cause'];
  readonly state: string;
  readonly quiet: number;
  readonly age: number;
  readonly busy: boolean;
}

/** Whoever is to be looked at for another run joins that one: nobody waits for a population who is not in it. */
async function rowOf({ db }: Ripening, runId: string): Promise<Row | undefined> {
  const { rows } = await sql<Row>`
    select kind, cause, state,
      extract(epoch from clock_timestamp() - greatest(opened_at, last_member_at)) * 1000 as quiet,
      extract(epoch from clock_timestamp() - opened_at) * 1000 as age,
      exists (select from run_scope s where s.run_id = run.run_id and not s.planned)
        or exists (select from work w where w.kind = ${RECONCILE} and w.due <= greatest(run.opened_at, run.last_member_at) + ${TOGETHER_MS} * interval '1 millisecond'
          and not exists (select from run_scope s join run r on r.run_id = s.run_id
            where s.identity_id::text = w.key and not s.planned and r.state = 'collecting')) as busy
    from run where run_id = ${runId}`.execute(db);
  return rows[0];
}
