import type { ReadCompleted, ReadFailed, ReadStarted, RunOpened, WorkerRecorded } from '@muster/contracts';
import { streamOf } from '@muster/contracts';
import type { EventStore } from '@muster/event-store';
import type { Message } from '@muster/messaging';
import type { Database } from '@muster/read-store';
import { sql } from 'kysely';
import { causeOf, type Dirty, markDirty } from './dirty.ts';
import { identityIdOf, uuidOf } from './reconcile-identity.ts';
import { insertRun } from './run-rows.ts';

/** One pull of the whole worker report is one file, and what it changes is one run, however long it takes to read. */

type Recorded = Pick<Message, 'id' | 'correlationId' | 'revision'> & { readonly data: WorkerRecorded };

interface InFile {
  readonly identityId: string;
  readonly revision: number;
}

const fileRunId = (connection: string, readId: string): string => uuidOf(JSON.stringify(['run', 'file', connection, readId]));

/** Names whom files changed, in the transaction that has them looked at; `dirty` is in the order of the messages. */
export async function noteFileChanges(db: Database, messages: readonly Recorded[], dirty: readonly Dirty[]): Promise<void> {
  const changes = messages.flatMap((message, index) => {
    const { connection, delivery } = message.data;
    const identityId = dirty[index]?.identityId;
    if (delivery?.read !== 'full' || identityId === undefined) return [];
    return [{ connection, readId: delivery.id, identityId, revision: message.revision, because: causeOf(message) }];
  });
  for (const some of Map.groupBy(changes, ({ connection, readId }) => `${connection} ${readId}`).values()) {
    const [first] = some;
    if (first === undefined) continue;
    const { connection, readId, because } = first;
    const runId = fileRunId(connection, readId);
    await insertRun(db, { runId, kind: 'file', cause: { connection, readId } }, { people: [], frozen: false, because });
    await addToFile(db, runId, some);
  }
}

/** A run that is sealed takes nobody any more. Answers who was not known to be in it. */
async function addToFile(db: Database, runId: string, people: readonly InFile[]): Promise<string[]> {
  const latest = Map.groupBy(people, ({ identityId }) => identityId);
  const rows = [...latest].map(([identity_id, some]) => ({ identity_id, revision: Math.max(...some.map(({ revision }) => revision)) }));
  const added = await sql<{ identity_id: string; is_new: boolean }>`
    insert into run_scope as s (run_id, identity_id, worker_revision)
    select run.run_id, r.identity_id, r.revision
    from run cross join jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(identity_id uuid, revision bigint)
    where run.run_id = ${runId} and run.state = 'collecting' order by r.identity_id
    on conflict (identity_id, run_id) do update
    set planned = s.planned and excluded.worker_revision <= s.worker_revision, worker_revision = greatest(s.worker_revision, excluded.worker_revision)
    returning s.identity_id, xmax = 0 as is_new`.execute(db);
  return added.rows.filter((row) => row.is_new).map((row) => row.identity_id);
}

interface Freezing {
  readonly store: EventStore;
  readonly db: Database;
}

/**
 * Freezes whom a file is about once it has been read to its end. The store says who that is: what a message told of may be late or out of order. False:
 * it is still being read.
 */
export async function freezeFile({ store, db }: Freezing, runId: string, cause: RunOpened['cause']): Promise<boolean> {
  const { rows } = await sql<{ frozen: boolean }>`select frozen from run where run_id = ${runId}`.execute(db);
  if (rows[0]?.frozen !== false) return true;
  const end = await endOfFile(store, cause);
  if (end === undefined) return false;
  let page: InFile[] = [];
  const { connection: file, readId } = { connection: '', ...cause };
  const prefixes = [`worker-${file}.`];
  for await (const event of store.readAll({ from: end.from, until: end.to, prefixes })) {
    const { connection, workerKey, delivery } = event.data as unknown as WorkerRecorded;
    if (event.type !== 'WorkerRecorded' || event.erased === true || delivery?.id !== readId) continue;
    page.push({ identityId: await identityIdOf(store, connection, workerKey), revision: event.revision });
    if (page.length < PAGE) continue;
    await addLate(db, runId, page);
    page = [];
  }
  await addLate(db, runId, page);
  await sql`update run set frozen = true where run_id = ${runId}`.execute(db);
  return true;
}

async function addLate(db: Database, runId: string, people: readonly InFile[]): Promise<void> {
  const late = await addToFile(db, runId, people);
  await markDirty(
    db,
    late.map((identityId) => ({ identityId, lane: 'batch' })),
  );
}

const PAGE = 500;
/** No report has more pages. */
const MOST_EVENTS = 100_000;

interface FileEnd {
  readonly from: string;
  readonly to: string;
  readonly complete: boolean;
}

/** Between which positions a file was read, and whether it was whole. Undefined: it has not ended. */
export async function endOfFile(store: EventStore, { connection = '', readId }: RunOpened['cause']): Promise<FileEnd | undefined> {
  let end: { to: string; complete: boolean } | undefined;
  for await (const { type, data, position } of store.readStream(streamOf.read(connection), { backwards: true, max: MOST_EVENTS })) {
    const { read } = data as unknown as ReadStarted | ReadCompleted | ReadFailed | { read?: undefined };
    if (read?.readId !== readId) continue;
    if (type === 'ReadCompleted') end = { to: position, complete: (data as unknown as ReadCompleted).complete };
    if (type === 'ReadFailed') end = { to: position, complete: false };
    if (type === 'ReadStarted') return end && { from: position, ...end };
  }
  return undefined;
}
