import { randomUUID } from 'node:crypto';
import { type EventType, type RunOpened, schemaOf, streamOf } from '@muster/contracts';
import type { EventMetadata, EventStore } from '@muster/event-store';
import { memberOf, openRun, type Plan, type PlanDraft, type Released, releaseHeld, runCategory } from '@muster/identity';
import type { Database } from '@muster/read-store';
import { sql } from 'kysely';
import type { Cause } from './dirty.ts';
import { collectingRun, joinRun, membershipsOf, type RunCause, runCause } from './run-rows.ts';

interface Holding {
  readonly store: EventStore;
  readonly db: Database;
  readonly now: () => Date;
  /** Why the person is looked at. */
  readonly cause?: Cause | undefined;
}

export const runMetadata =
  (cause: RunCause, now: Date, actor = 'reconciliation') =>
  (event: { type: string }): EventMetadata => ({
    ...cause,
    occurredAt: now.toISOString(),
    schema: schemaOf(event.type as EventType),
    actor,
  });

/** Records that a run began. If that is missed, whoever brings the run on records it. */
export async function recordOpening({ store, now, cause }: Pick<Holding, 'store' | 'now' | 'cause'>, opened: RunOpened): Promise<void> {
  const { runId } = opened;
  await store.transact(runCategory, streamOf.run(runId), openRun(opened), runMetadata(runCause(runId, cause), now()));
}

/** What runs have let go of a draft joins what may be sent. Of what no run counts yet, the run that collects is named. */
export async function letGo(work: Holding, draft: PlanDraft, plan: Plan): Promise<Released> {
  if (draft.held.length === 0) return releaseHeld(draft, plan, { memberships: [] });
  const memberships = await membershipsOf(work.db, draft.identityId);
  const released = releaseHeld(draft, plan, { memberships });
  if (released.unasked.length === 0) return released;
  const [scoped] = await scopesFor(work.db, draft);
  return releaseHeld(draft, plan, { memberships, collecting: (scoped ?? (await runThatCollects(work))).runId });
}

/** The same for a look that leaves nothing behind. */
export async function wouldLetGo(db: Database, draft: PlanDraft, plan: Plan): Promise<PlanDraft> {
  const memberships = draft.held.length === 0 ? [] : await membershipsOf(db, draft.identityId);
  return releaseHeld(draft, plan, { memberships }).draft;
}

async function runThatCollects(work: Holding): Promise<{ runId: string }> {
  const run = await collectingRun(work.db, randomUUID(), work.cause);
  if (run.made) await recordOpening(work, { runId: run.runId, kind: 'collect', cause: {} });
  return run;
}

/**
 * Has a person join a run with what their plan holds and no run counts yet. Asks the plan that stands in the store, so it may be repeated after any
 * crash. A person who is in the frozen set of a run has been planned for it then.
 */
export async function askRun(work: Holding, { draft, unasked }: Released, plan: Plan): Promise<void> {
  const scoped = await scopesFor(work.db, draft);
  for (const { runId, kind } of scoped) await join(work, runId, { draft, plan, commands: kind === 'scope' ? draft.held : unasked });
  const taken = scoped.length > 0;
  for (let tries = 0; !taken && unasked.length > 0 && tries < MOST_TRIES; tries += 1) {
    const { runId } = await runThatCollects(work);
    if (await join(work, runId, { draft, plan, commands: unasked })) return;
  }
}

/** A run may be sealed between the moment it is found and the moment it is joined; the next one is opened then. */
const MOST_TRIES = 5;

interface Joining {
  readonly draft: PlanDraft;
  readonly plan: Plan;
  readonly commands: Released['unasked'];
}

async function join({ db }: Holding, runId: string, { draft, plan, commands }: Joining): Promise<boolean> {
  const planId = plan.held?.planId;
  const standing = commands.filter(({ commandId }) => plan.heldSince[commandId] !== undefined);
  const member =
    planId === undefined || standing.length === 0 ? undefined : memberOf(draft, standing, { planId, planRevision: plan.revision });
  const joined = member === undefined || (await joinRun(db, runId, member));
  // A record that came meanwhile asks for another look.
  await sql`
    update run_scope set planned = true
    where run_id = ${runId} and identity_id = ${draft.identityId} and worker_revision <= ${workerRevision(draft)}`.execute(db);
  return joined;
}

interface Scope {
  readonly runId: string;
  readonly kind: RunOpened['kind'];
  readonly cause: RunOpened['cause'];
}

/** Runs that collect and wait for this person, and that this draft was made for. */
async function scopesFor(db: Database, draft: PlanDraft): Promise<Scope[]> {
  const { rows } = await sql<{ run_id: string; kind: Scope['kind']; cause: Scope['cause'] }>`
    select run_id, kind, cause from run_scope join run using (run_id)
    where identity_id = ${draft.identityId} and state = 'collecting' and not planned and worker_revision <= ${workerRevision(draft)}
    order by opened_at, run_id`.execute(db);
  return rows.map(({ run_id: runId, kind, cause }) => ({ runId, kind, cause })).filter((run) => isPlannedFor(run, draft));
}

/** Up to which revision the person's HR records were read. */
const workerRevision = ({ inputs }: PlanDraft): number =>
  Math.max(0, ...inputs.flatMap(({ stream, revision }) => (stream.startsWith('worker-') ? [revision] : [])));

/** A plan that was made before the change of the flow reached whoever made it is none for that run. */
function isPlannedFor({ kind, cause }: Scope, { flows }: PlanDraft): boolean {
  if (kind !== 'flow') return true;
  const used = flows.find(({ flow }) => flow === cause.flow);
  return cause.retired === true ? used === undefined || used.version > (cause.version ?? 0) : (used?.version ?? 0) >= (cause.version ?? 0);
}
