import { createHash } from 'node:crypto';
import type { ConnectionConfig } from '@muster/connector';
import { streamOf } from '@muster/contracts';
import type { Loaded } from '@muster/event-store';
import {
  drawAllowance,
  hasDrawn,
  holdEverything,
  judgeRun,
  limitCategory,
  openRun,
  planMembers,
  planText,
  recordVerdict,
  type Run,
  runCategory,
  type RunCount,
  type RunEvent,
  sealRun,
  usedBefore,
  type Verdict,
} from '@muster/identity';
import { sql } from 'kysely';
import { endOfFile } from './file-run.ts';
import { runMetadata } from './hold-in-run.ts';
import { type Ripeness, type Ripening, ripeness } from './ripe-run.ts';
import { causeOfRun, type RunCause, unrecordedMembers } from './run-rows.ts';
import { timeOf } from './time-of-run.ts';

export interface Settling extends Ripening {
  readonly connections: readonly ConnectionConfig[];
  readonly now: () => Date;
}

const PAGE = 500;
const SHORTEST_LOOK_MS = 50;
/** Others draw at the same moment: what was judged on an older state is judged again. */
const MOST_JUDGEMENTS = 10;

/**
 * Brings a run on: records who joined, seals it when everybody who was to be looked at has been, judges it. Every step is taken once, whatever was
 * interrupted before. Resolves with when to look again; undefined: nothing is left to do but, perhaps, for a person.
 */
export async function settleRun(work: Settling, runId: string): Promise<Date | undefined> {
  const ripe = await ripeness(work, runId);
  if (ripe?.awaited === true) return nextLook(work);
  const stream = streamOf.run(runId);
  const caused = await causeOfRun(work.db, runId);
  let loaded: Loaded<Run> = await work.store.load(runCategory, stream);
  const steps: Steps = {
    run: loaded.state,
    step: async (decide) => {
      loaded = await work.store.transact(runCategory, { stream, ...loaded }, decide, runMetadata(caused, work.now()));
      steps.run = loaded.state;
    },
  };
  if (ripe !== undefined) await open(steps, runId, ripe);
  if (steps.run.opened === undefined || steps.run.closed !== undefined) return undefined;
  if (steps.run.sealed === undefined && !(await seal(work, steps, { runId, because: ripe?.because }))) return nextLook(work);
  await judgeOnce(work, steps, caused);
  return undefined;
}

async function judgeOnce(work: Settling, { run, step }: Steps, caused: RunCause): Promise<void> {
  if (run.released === undefined && run.held === undefined) await step(recordVerdict(await judge(work, { run, caused })));
}

/** A run as it stands after the last step. */
interface Steps {
  run: Run;
  readonly step: (decide: (state: Run) => readonly RunEvent[]) => Promise<void>;
}

async function open({ run, step }: Steps, runId: string, { kind, cause, people }: Ripeness): Promise<void> {
  if (run.opened === undefined) await step(openRun({ runId, kind, cause, ...(people === undefined ? {} : { people }) }));
}

/** False: it is not to be sealed yet; who joined is recorded by whole pages. */
async function seal(work: Settling, steps: Steps, { runId, because }: { runId: string; because: Ripeness['because'] }): Promise<boolean> {
  if (because === undefined) {
    await recordJoined(work, runId, { step: steps.step, least: PAGE });
    return false;
  }
  await sql`update run set state = 'sealing' where run_id = ${runId} and state = 'collecting'`.execute(work.db);
  await recordJoined(work, runId, { step: steps.step, least: 1 });
  const linked = await linkedPeople(work.db);
  const planHash = createHash('sha256').update(planText(steps.run)).digest('hex');
  await steps.step(sealRun({ because, planHash, linked: (connection) => linked.get(connection) ?? 0, seconds: timeOf(work.connections) }));
  return true;
}

const nextLook = ({ quietMs }: Settling): Date => new Date(Date.now() + Math.max(SHORTEST_LOOK_MS, quietMs / 2));

interface Recording {
  readonly step: (decide: (state: Run) => readonly RunEvent[]) => Promise<void>;
  readonly least: number;
}

async function recordJoined({ db }: Settling, runId: string, { step, least }: Recording): Promise<void> {
  const members = await unrecordedMembers(db, runId);
  if (members.length < least) return;
  await step(planMembers(members));
  await sql`update run_member set recorded = true where run_id = ${runId} and not recorded
    and identity_id = any(${members.map(({ identityId }) => identityId)}::uuid[])`.execute(db);
}

async function linkedPeople(db: Settling['db']): Promise<Map<string, number>> {
  const { rows } = await sql<{ connection: string; people: string }>`
    select connection, count(distinct identity_id) as people from link group by connection`.execute(db);
  return new Map(rows.map((row) => [row.connection, Number(row.people)]));
}

/** Judges and draws. A draw that came too late has the run judged again, on what others drew. */
async function judge(work: Settling, { run, caused }: { run: Run; caused: RunCause }): Promise<Verdict> {
  const counts = run.sealed?.counts ?? [];
  const runId = run.opened?.runId ?? '';
  const at = work.now().toISOString();
  // What a retired flow granted stays until a person says otherwise; so does what a file takes away that was not whole.
  const asked = run.opened?.cause.retired === true || (await isDoubtful(work, run));
  for (let tries = 0; tries < MOST_JUDGEMENTS; tries += 1) {
    const verdict = await verdictOn(work, counts, { runId, at, asked });
    if (await drawAll(work, verdict, { runId, at, caused })) return verdict;
  }
  throw new RangeError(`the limits changed ${MOST_JUDGEMENTS} times while run ${runId} was judged`);
}

const isDoubtful = async ({ store }: Settling, { opened }: Run): Promise<boolean> =>
  opened?.kind === 'file' && (await endOfFile(store, opened.cause))?.complete !== true;

interface When {
  readonly runId: string;
  readonly at: string;
}

async function verdictOn(
  { store, connections }: Settling,
  counts: readonly RunCount[],
  { runId, at, asked }: When & { asked: boolean },
): Promise<Verdict> {
  const keys = counts.map(({ connection, limit }) => [connection, limit] as const);
  const states = new Map(
    await Promise.all(
      keys.map(
        async ([connection, limit]) =>
          [`${connection} ${limit}`, (await store.load(limitCategory, streamOf.limit(connection, limit))).state] as const,
      ),
    ),
  );
  return judgeRun(counts, {
    limits: (connection) => (asked ? holdEverything() : (connections.find(({ name }) => name === connection)?.limits ?? {})),
    used: (connection, name, { perMs }) =>
      usedBefore(states.get(`${connection} ${name}`) ?? limitCategory.initial, { at, perMs, exceptRun: runId }),
  });
}

async function drawAll({ store, now }: Settling, { draws }: Verdict, { runId, at, caused }: When & { caused: RunCause }): Promise<boolean> {
  for (const { connection, limit, people, allowed, perMs } of draws) {
    const { state } = await store.transact(
      limitCategory,
      streamOf.limit(connection, limit),
      drawAllowance({ connection, limit, runId, people, at }, { allowed, perMs }),
      runMetadata(caused, now()),
    );
    if (!hasDrawn(state, runId)) return false;
  }
  return true;
}
