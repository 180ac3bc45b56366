import { randomUUID } from 'node:crypto';
import type { RunOpened } from '@muster/contracts';
import type { Database } from '@muster/read-store';
import { ProblemError } from '@muster/service-kit';
import { sql } from 'kysely';
import type { FlowChange } from './governance.ts';
import { recordOpening } from './hold-in-run.ts';
import { dryRun, type Reconciling, uuidOf } from './reconcile-identity.ts';
import { type Cause, markDirty } from './dirty.ts';
import { insertRun } from './run-rows.ts';

/** Has chosen people planned anew as a run of their own: whatever of theirs waits, refused or not, is asked again. Throws ProblemError for somebody unknown. */
export async function runForPeople(work: Reconciling, { identities, by }: { identities: readonly string[]; by: string }): Promise<string> {
  await mustKnow(work, identities);
  const runId = randomUUID();
  const opened: RunOpened = { runId, kind: 'scope', cause: { by }, identities: [...identities], people: identities.length };
  await insertRun(work.db, opened, { people: identities, frozen: true, because: undefined });
  await recordOpening(work, opened);
  await markDirty(
    work.db,
    identities.map((identityId) => ({ identityId, lane: 'live' })),
  );
  return runId;
}

/** What a run for these people would do. Nothing is written. */
export async function dryRunForPeople(work: Reconciling, identities: readonly string[]): Promise<object[]> {
  const plans: object[] = [];
  for (const identityId of identities) {
    const draft = await dryRun(work, identityId);
    if (!draft) throw new ProblemError('person.unknown', { detail: `nobody has the identity ${identityId}` });
    plans.push(draft);
  }
  return plans;
}

/**
 * A flow is about to change: everybody will be planned with it, and what that takes from people is judged as one. The same version opens one run,
 * whoever hears of it.
 */
export async function runForFlow(work: Reconciling, { flow, version, retired, cause: because }: FlowChange): Promise<void> {
  const runId = uuidOf(JSON.stringify(['run', 'flow', flow, version, retired]));
  const { rows } = await sql<{ people: string }>`select count(*) as people from person`.execute(work.db);
  const people = Number(rows[0]?.people ?? 0);
  if (people === 0) return;
  const opened: RunOpened = { runId, kind: 'flow', cause: { flow, version, ...(retired ? { retired } : {}) }, people };
  if (await insertRun(work.db, opened, { people: 'everybody', frozen: true, because }))
    await recordOpening({ ...work, cause: because }, opened);
}

/** Has everybody looked at again, behind whatever else waits. */
export async function markEverybody(db: Database, cause?: Cause): Promise<void> {
  const { rows } = await sql<{ identity_id: string }>`select identity_id from person`.execute(db);
  await markDirty(
    db,
    rows.map((row) => ({ identityId: row.identity_id, lane: 'batch', ...(cause ? { cause } : {}) })),
  );
}

async function mustKnow({ db }: Reconciling, identities: readonly string[]): Promise<void> {
  const { rows } = await sql<{ identity_id: string }>`
    select identity_id from person where identity_id = any(${[...identities]}::uuid[])`.execute(db);
  const known = new Set(rows.map((row) => row.identity_id));
  const unknown = identities.filter((identityId) => !known.has(identityId));
  if (unknown.length > 0) throw new ProblemError('person.unknown', { detail: `nobody has the identity ${unknown.join(', ')}` });
}
