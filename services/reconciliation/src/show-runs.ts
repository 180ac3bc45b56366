import type { RunHeld, RunOpened, RunSealed } from '@muster/contracts';
import type { Membership, RunChange } from '@muster/identity';
import type { Database } from '@muster/read-store';
import { sql } from 'kysely';

/** A run as people look at it. */
export interface ShownRun {
  readonly runId: string;
  readonly kind: RunOpened['kind'];
  readonly cause: RunOpened['cause'];
  readonly state: string;
  readonly openedAt: string;
  readonly people: number;
  readonly commands: number;
  /** What an answer has to name; absent while it is collected. */
  readonly planHash?: string;
  readonly counts: RunSealed['counts'];
  readonly heldBecause: RunHeld['because'];
  readonly outcome?: string;
}

export interface ShownMember {
  readonly identityId: string;
  readonly changes: (Pick<RunChange, 'connection' | 'action' | 'limit'> & { commands: number; standing: Membership['standing'] })[];
}

interface Row {
  run_id: string;
  kind: RunOpened['kind'];
  cause: RunOpened['cause'];
  state: string;
  opened_at: Date;
  people: string;
  commands: string;
  sealed: RunSealed | null;
  held: RunHeld | null;
  outcome: string | null;
}

const shown = (row: Row): ShownRun => ({
  runId: row.run_id,
  kind: row.kind,
  cause: row.cause,
  state: row.state,
  openedAt: row.opened_at.toISOString(),
  people: Number(row.people),
  commands: Number(row.commands),
  counts: row.sealed?.counts ?? [],
  heldBecause: row.held?.because ?? [],
  ...(row.sealed ? { planHash: row.sealed.planHash } : {}),
  ...(row.outcome === null ? {} : { outcome: row.outcome }),
});

const columns = sql`r.run_id, r.kind, r.cause, r.state, r.opened_at, r.sealed, r.held, r.outcome,
  coalesce(r.sealed->>'people', (select count(distinct identity_id) from run_member m where m.run_id = r.run_id)::text) as people,
  coalesce(r.sealed->>'commands', (select count(*) from run_member m where m.run_id = r.run_id)::text) as commands`;

const MOST_RUNS = 100;
const MOST_MEMBERS = 1_000;

/** The newest runs, the newest first. Those in which nothing ever waited are left out unless they are still collecting. */
export async function listRuns(db: Database, { held }: { held: boolean }): Promise<ShownRun[]> {
  const { rows } = await sql<Row>`select ${columns} from run r where not ${held}::boolean or r.state = 'held'
    order by r.opened_at desc, r.run_id limit ${MOST_RUNS}`.execute(db);
  return rows.map(shown);
}

/** One run with its members, as many as can be shown; `cut`: there are more. */
export async function showRun(db: Database, runId: string): Promise<(ShownRun & { members: ShownMember[]; cut: boolean }) | undefined> {
  const { rows } = await sql<Row>`select ${columns} from run r where r.run_id = ${runId}`.execute(db);
  const [row] = rows;
  if (!row) return undefined;
  const members = await sql<{ identity_id: string; changes: ShownMember['changes'] }>`
    select identity_id, jsonb_agg(jsonb_build_object('connection', connection, 'action', action, 'limit', limit_name, 'commands', commands, 'standing', standing)
      order by connection, action) as changes
    from (
      select identity_id, connection, action, limit_name, standing, count(*) as commands from run_member where run_id = ${runId} group by 1, 2, 3, 4, 5
    ) by_change group by 1 order by 1 limit ${MOST_MEMBERS + 1}`.execute(db);
  return {
    ...shown(row),
    members: members.rows.slice(0, MOST_MEMBERS).map((member) => ({ identityId: member.identity_id, changes: member.changes })),
    cut: members.rows.length > MOST_MEMBERS,
  };
}

/** How many runs wait for a person. */
export async function countHeld(db: Database): Promise<number> {
  const { rows } = await sql<{ held: string }>`select count(*) as held from run where state = 'held'`.execute(db);
  return Number(rows[0]?.held ?? 0);
}
