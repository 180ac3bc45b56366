import type { RunOpened } from '@muster/contracts';
import type { Membership, RunMember } from '@muster/identity';
import type { Database } from '@muster/read-store';
import { sql } from 'kysely';
import type { Cause } from './dirty.ts';
import { JUDGE_RUN } from './rows.ts';

/** Runs as rows: who waits in which. They may lag behind the run streams, never run ahead of what these let go. */

/** What runs say of one person's commands, in the order in which the runs were opened. */
export async function membershipsOf(db: Database, identityId: string): Promise<Membership[]> {
  const { rows } = await sql<{
    run_id: string;
    command_id: string;
    plan_revision: string;
    lifecycle_revision: string;
    standing: Membership['standing'];
  }>`select m.run_id, m.command_id, m.plan_revision, m.lifecycle_revision, m.standing
    from run_member m join run r using (run_id)
    where m.identity_id = ${identityId} and not (m.standing = 'collected' and r.state = 'closed') order by r.opened_at, r.run_id`.execute(
    db,
  );
  return rows.map((row) => ({
    runId: row.run_id,
    commandId: row.command_id,
    planRevision: Number(row.plan_revision),
    lifecycleRevision: Number(row.lifecycle_revision),
    standing: row.standing,
  }));
}

/** A run is never without the row that brings it on, whatever is interrupted: libs/work keeps its rows in this service's own schema. */
const lookedAfter = sql`insert into work (kind, key, lane, due) select ${JUDGE_RUN}, run_id::text, 0, clock_timestamp() from made on conflict do nothing`;

/** The run that takes whoever comes; made if there is none. `made`: nobody has recorded yet that it was opened. */
export async function collectingRun(db: Database, newId: string, because?: Cause): Promise<{ runId: string; made: boolean }> {
  for (;;) {
    const { rows } = await sql<{ run_id: string }>`
      select run_id from run where kind = 'collect' and state = 'collecting'`.execute(db);
    if (rows[0]) return { runId: rows[0].run_id, made: false };
    const made = await sql`
      with made as (
        insert into run (run_id, kind, cause, state, cause_id, chain)
        values (${newId}, 'collect', '{}', 'collecting', ${because?.id ?? null}, ${because?.correlationId ?? null}) on conflict do nothing returning run_id
      ), looked as (${lookedAfter})
      select run_id from made`.execute(db);
    if (made.rows.length > 0) return { runId: newId, made: true };
  }
}

/** Whom a run is about. */
interface Population {
  /** Each of them is to be planned for it before it is sealed. */
  readonly people: readonly string[] | 'everybody';
  /** False: more may be named. */
  readonly frozen: boolean;
  readonly because: Cause | undefined;
}

/** A run with a set of people. False: it is there already. */
export async function insertRun(
  db: Database,
  { runId, kind, cause }: RunOpened,
  { people, frozen, because }: Population,
): Promise<boolean> {
  const chosen = people === 'everybody' ? null : [...people];
  const { rows } = await sql`
    with made as (
      insert into run (run_id, kind, cause, state, frozen, cause_id, chain)
      values (${runId}, ${kind}, ${JSON.stringify(cause)}::jsonb, 'collecting', ${frozen}, ${because?.id ?? null}, ${because?.correlationId ?? null})
      on conflict do nothing returning run_id
    ), scope as (
      insert into run_scope (run_id, identity_id)
      select made.run_id, p.identity_id from made cross join person p where ${chosen}::uuid[] is null or p.identity_id = any(${chosen}::uuid[])
      on conflict do nothing
    ), looked as (${lookedAfter})
    select run_id from made`.execute(db);
  return rows.length > 0;
}

/** Why a run began: the event, and the chain that all events of it belong to. What nothing but a person caused is a chain of its own. */
export async function causeOfRun(db: Database, runId: string): Promise<RunCause> {
  const { rows } = await sql<{
    cause_id: string | null;
    chain: string | null;
  }>`select cause_id, chain from run where run_id = ${runId}`.execute(db);
  return runCause(runId, { id: rows[0]?.cause_id ?? undefined, correlationId: rows[0]?.chain ?? undefined });
}

export interface RunCause {
  readonly correlationId: string;
  readonly causationId?: string;
}

export const runCause = (runId: string, because: { readonly [K in keyof Cause]: Cause[K] | undefined } | undefined): RunCause => ({
  correlationId: because?.correlationId ?? runId,
  ...(because?.id === undefined ? {} : { causationId: because.id }),
});

const KEPT_DAYS = 31;

/**
 * Forgets who was in runs that were closed long ago: what they let go was looked at again then, and stands in plans; the run stream keeps all of it.
 * What was refused is still refused.
 */
export async function forgetOldMembers(db: Database, now: Date): Promise<void> {
  await sql`
    delete from run_member m using run r
    where r.run_id = m.run_id and r.state = 'closed' and m.standing <> 'refused'
      and r.closed_at < ${now.toISOString()}::timestamptz - make_interval(days => ${KEPT_DAYS})`.execute(db);
}

const memberRows = ({ identityId, planId, planRevision, lifecycleRevision, changes }: RunMember): object[] =>
  changes.flatMap(({ connection, action, limit, commandIds }) =>
    commandIds.map((commandId) => ({
      identity_id: identityId,
      command_id: commandId,
      connection,
      action,
      limit_name: limit,
      plan_id: planId,
      plan_revision: planRevision,
      lifecycle_revision: lifecycleRevision,
    })),
  );

const memberColumns = sql`(identity_id uuid, command_id text, connection text, action text, limit_name text, plan_id uuid, plan_revision bigint, lifecycle_revision bigint)`;

/** Has a person join a run that is still collecting; false: it collects no more. */
export async function joinRun(db: Database, runId: string, member: RunMember): Promise<boolean> {
  const { rows } = await sql`
    with open as (
      update run set last_member_at = clock_timestamp() where run_id = ${runId} and state = 'collecting' returning run_id
    ), joined as (
      insert into run_member (run_id, identity_id, command_id, connection, action, limit_name, plan_id, plan_revision, lifecycle_revision, standing, recorded)
      select open.run_id, r.*, 'collected', false from open cross join jsonb_to_recordset(${JSON.stringify(memberRows(member))}::jsonb) as r${memberColumns}
      on conflict (run_id, identity_id, command_id) do update
      set plan_id = excluded.plan_id, plan_revision = excluded.plan_revision, lifecycle_revision = excluded.lifecycle_revision
    )
    select run_id from open`.execute(db);
  return rows.length > 0;
}

/** Members as a page of the run recorded them. */
export async function recordMembers(db: Database, runId: string, members: readonly RunMember[]): Promise<void> {
  await sql`
    insert into run_member (run_id, identity_id, command_id, connection, action, limit_name, plan_id, plan_revision, lifecycle_revision, standing, recorded)
    select ${runId}, r.*, 'collected', true
    from jsonb_to_recordset(${JSON.stringify(members.flatMap(memberRows))}::jsonb) as r${memberColumns}
    on conflict (run_id, identity_id, command_id) do update set plan_id = excluded.plan_id, plan_revision = excluded.plan_revision,
      lifecycle_revision = excluded.lifecycle_revision, recorded = true`.execute(db);
}

/** Members who joined and stand on no page yet. */
export async function unrecordedMembers(db: Database, runId: string): Promise<RunMember[]> {
  const { rows } = await sql<{
    identity_id: string;
    plan_id: string;
    plan_revision: string;
    lifecycle_revision: string;
    changes: RunMember['changes'];
  }>`
    select identity_id, plan_id, plan_revision, lifecycle_revision,
      jsonb_agg(jsonb_build_object('connection', connection, 'action', action, 'limit', limit_name, 'commandIds', commands) order by connection, action) as changes
    from (
      select identity_id, plan_id, plan_revision, lifecycle_revision, connection, action, limit_name, jsonb_agg(command_id order by command_id) as commands
      from run_member where run_id = ${runId} and not recorded group by 1, 2, 3, 4, 5, 6, 7
    ) by_change group by 1, 2, 3, 4 order by identity_id`.execute(db);
  return rows.map((row) => ({
    identityId: row.identity_id,
    planId: row.plan_id,
    planRevision: Number(row.plan_revision),
    lifecycleRevision: Number(row.lifecycle_revision),
    changes: row.changes,
  }));
}
