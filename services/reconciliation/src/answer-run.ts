import { type RunApproved, type RunRefused, streamOf } from '@muster/contracts';
import type { EventStore } from '@muster/event-store';
import type { Database } from '@muster/read-store';
import { approveRun, objectionTo, refuseRun, type Run, runCategory, type RunEvent } from '@muster/identity';
import { ProblemError } from '@muster/service-kit';
import { runMetadata } from './hold-in-run.ts';
import { causeOfRun } from './run-rows.ts';

interface Answering {
  readonly store: EventStore;
  readonly db: Database;
  readonly now: () => Date;
}

/** Lets a held run go, whole or in part. Throws ProblemError for an answer that does not count: another hash, a run that is closed or not sealed yet. */
export const approve = (work: Answering, answer: RunApproved): Promise<void> =>
  record(work, answer, { decide: approveRun(answer), part: answer.part });

/** Refuses what of a held run was not let go. Throws ProblemError as `approve` does. */
export const refuse = (work: Answering, answer: RunRefused): Promise<void> => record(work, answer, { decide: refuseRun(answer) });

interface Decision {
  readonly decide: (run: Run) => RunEvent[];
  readonly part?: RunApproved['part'];
}

async function record({ store, db, now }: Answering, answer: RunApproved | RunRefused, { decide, part }: Decision): Promise<void> {
  const { runId, planHash, by } = answer;
  const stream = streamOf.run(runId);
  const { state: before } = await store.load(runCategory, stream);
  refuseToRecord(before, { runId, planHash, part });
  const { correlationId } = await causeOfRun(db, runId);
  const { state, events } = await store.transact(runCategory, stream, decide, runMetadata({ correlationId }, now(), by));
  if (events.length === 0) refuseToRecord(state, { runId, planHash, part });
}

function refuseToRecord(run: Run, { runId, planHash, part }: { runId: string; planHash: string; part: RunApproved['part'] }): void {
  if (run.opened === undefined) throw new ProblemError('http.not_found', { detail: `no run has the id ${runId}` });
  const objection = objectionTo(run, { planHash, ...(part === undefined ? {} : { part }) });
  if (objection !== undefined) throw new ProblemError(objection, { values: { run: runId } });
}
