import { createHash } from 'node:crypto';
import type { ConnectionConfig } from '@muster/connector';
import { streamOf } from '@muster/contracts';
import type { EventStore, Loaded } from '@muster/event-store';
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
import type { Database } from '@muster/read-store';
import { sql } from 'kysely';
import { TOGETHER_MS } from './dirty.ts';
import { runMetadata } from './hold-in-run.ts';
import { RECONCILE } from './rows.ts';
import { unrecordedMembers } from './run-rows.ts';
import { timeOf } from './time-of-run.ts';

export interface Settling {
  readonly store: EventStore;
  readonly db: Database;
  readonly connections: readonly ConnectionConfig[];
  readonly now: () => Date;
  /** A run is sealed once nobody has joined for so long, ... */
  readonly quietMs: number;
  /** ... or once it has been open for so long. */
  readonly patienceMs: number;
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
  const stream = streamOf.run(runId);
  const ripe = await ripeness(work, runId);
  let run = await work.store.load(runCategory, stream);
  const step = async (decide: (state: Run) => readonly RunEvent[]): Promise<void> => {
    run = await work.store.transact(runCategory, { stream, ...run }, decide, runMetadata(work.now()));
  };
  if (ripe !== undefined && run.state.opened === undefined) await step(openRun({ runId, kind: ripe.kind, cause: ripe.cause }));
  if (run.state.opened === undefined || run.state.closed !== undefined) return undefined;
  if (run.state.sealed === undefined) {
    const because = ripe?.because;
    if (because === undefined) {
      await recordJoined(work, runId, { step, least: PAGE });
      return new Date(Date.now() + Math.max(SHORTEST_LOOK_MS, work.quietMs / 2));
    }
    await sql`update run set state = 'sealing' where run_id = ${runId} and state = 'collecting'`.execute(work.db);
    await recordJoined(work, runId, { step, least: 1 });
    const linked = await linkedPeople(work.db);
    const planHash = createHash('sha256').update(planText(run.state)).digest('hex');
    await step(sealRun({ because, planHash, linked: (connection) => linked.get(connection) ?? 0, seconds: timeOf(work.connections) }));
  }
  if (run.state.released === undefined && run.state.held === undefined) await step(recordVerdict(await judge(work, run)));
  return undefined;
}

interface Ripeness {
  readonly kind: 'collect' | 'flow' | 'file' | 'scope';
  readonly cause: object;
  /** Absent: not yet. */
  readonly because?: 'quiet' | 'patience';
}

/** Whether a run may be sealed. Whoever was to be looked at when the last one joined may belong to it too. */
async function ripeness({ db, quietMs, patienceMs }: Settling, runId: string): Promise<Ripeness | undefined> {
  const { rows } = await sql<{ kind: Ripeness['kind']; cause: object; state: string; quiet: number; age: number; busy: boolean }>`
    select kind, cause, state,
      extract(epoch from clock_timestamp() - greatest(opened_at, last_member_at)) * 1000 as quiet,
      extract(epoch from clock_timestamp() - opened_at) * 1000 as age,
      exists (select from run_scope s where s.run_id = run.run_id)
        or exists (select from work where kind = ${RECONCILE} and due <= greatest(opened_at, last_member_at) + ${TOGETHER_MS} * interval '1 millisecond') as busy
    from run where run_id = ${runId}`.execute(db);
  const row = rows[0];
  if (!row) return undefined;
  const known = { kind: row.kind, cause: row.cause };
  if (row.state !== 'collecting') return { ...known, because: 'quiet' };
  if (Number(row.age) >= patienceMs) return { ...known, because: 'patience' };
  return Number(row.quiet) >= quietMs && !row.busy ? { ...known, because: 'quiet' } : known;
}

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

async function linkedPeople(db: Database): Promise<Map<string, number>> {
  const { rows } = await sql<{ connection: string; people: string }>`
    select connection, count(distinct identity_id) as people from link group by connection`.execute(db);
  return new Map(rows.map((row) => [row.connection, Number(row.people)]));
}

/** Judges and draws. A draw that came too late has the run judged again, on what others drew. */
async function judge(work: Settling, { state: run }: Loaded<Run>): Promise<Verdict> {
  const counts = run.sealed?.counts ?? [];
  const runId = run.opened?.runId ?? '';
  const at = work.now().toISOString();
  // What a retired flow granted stays until a person says otherwise.
  const retired = run.opened?.cause.retired === true;
  for (let tries = 0; tries < MOST_JUDGEMENTS; tries += 1) {
    const verdict = await verdictOn(work, counts, { runId, at, retired });
    if (await drawAll(work, verdict, { runId, at })) return verdict;
  }
  throw new RangeError(`the limits changed ${MOST_JUDGEMENTS} times while run ${runId} was judged`);
}

interface When {
  readonly runId: string;
  readonly at: string;
  readonly retired?: boolean;
}

async function verdictOn({ store, connections }: Settling, counts: readonly RunCount[], { runId, at, retired }: When): Promise<Verdict> {
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
    limits: (connection) => (retired ? holdEverything() : (connections.find(({ name }) => name === connection)?.limits ?? {})),
    used: (connection, name, { perMs }) =>
      usedBefore(states.get(`${connection} ${name}`) ?? limitCategory.initial, { at, perMs, exceptRun: runId }),
  });
}

async function drawAll({ store, now }: Settling, { draws }: Verdict, { runId, at }: When): Promise<boolean> {
  for (const { connection, limit, people, allowed, perMs } of draws) {
    const { state } = await store.transact(
      limitCategory,
      streamOf.limit(connection, limit),
      drawAllowance({ connection, limit, runId, people, at }, { allowed, perMs }),
      runMetadata(now()),
    );
    if (!hasDrawn(state, runId)) return false;
  }
  return true;
}
