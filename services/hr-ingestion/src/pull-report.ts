import { randomUUID } from 'node:crypto';
import { faultOf, type Shortfall } from '@muster/connector';
import type { WorkerPage } from '@muster/connector-hr';
import type { ReadRef } from '@muster/contracts';
import { advanceWatermark, commitPage, completeRead, failRead, type OpenRead, startRead } from '@muster/identity';
import { sql } from 'kysely';
import { countAbsent, noteKnown, noteSeen } from './known-workers.ts';
import { decideRead, loadReads } from './read-stream.ts';
import { endOlder, noteRefused } from './refused-records.ts';
import type { Source } from './source.ts';
import { takePage, type TakenPage } from './take-page.ts';

/**
 * Reads the whole report, or goes on with a read that was cut off behind its last committed page, and ends with a proof of what was covered. The rows of a page
 * are recorded before the page is committed. Who is absent is counted; nobody leaves by that. `interrupted`: the service is asked to end; the next call goes on.
 * `reached`: the HR system answered; a read that was cut off behind its last page asks nothing more.
 *
 * @throws Fault of the connector. A read that a fault interrupts stays open; one that is refused, or whose place is no longer good, is given up.
 */
export async function pullReport(source: Source): Promise<ReportPulled> {
  const open = await openRead(source);
  try {
    const { ended, reached } = await readPages(source, open);
    return { outcome: ended ? await conclude(source, open.read) : 'interrupted', reached };
  } catch (error) {
    const fault = faultOf(error);
    if (fault && (fault.kind === 'refused' || fault.kind === 'unauthorised' || fault.code === 'connection.watermark_invalid')) {
      await decideRead(source, open.read, failRead(source.name, open.read.readId, fault.record()));
    }
    throw error;
  }
}

export interface ReportPulled {
  readonly outcome: 'complete' | 'incomplete' | 'interrupted';
  readonly reached: boolean;
}

async function openRead(source: Source): Promise<OpenRead> {
  const { name, database } = source;
  const { open } = await loadReads(source);
  if (open && (await holds(source, open.read.readId))) return open;
  if (open) {
    const message = 'what was noted of the pages read so far was lost with the database; the read begins anew';
    await decideRead(source, open.read, failRead(name, open.read.readId, { code: 'read.pages_lost', kind: 'transient', message }));
  }
  await noteKnown(source);
  const read: ReadRef = { readId: randomUUID(), kind: 'full', startedAt: source.now().toISOString() };
  await markChanges(source, read);
  await sql`
    insert into open_read (connection, read_id) values (${name}, ${read.readId})
    on conflict (connection) do update set read_id = excluded.read_id, shortfalls = '[]', expected = null, created = 0, changed = 0`.execute(
    database.db,
  );
  const started = await decideRead(source, read, startRead({ connection: name, read, scopes: ['users'] }));
  if (!started.open) throw new TypeError(`read ${read.readId} of ${name} did not open`);
  return started.open;
}

async function holds({ name, database }: Source, readId: string): Promise<boolean> {
  const { rows } = await sql`select 1 from open_read where connection = ${name} and read_id = ${readId}`.execute(database.db);
  return rows.length > 0;
}

/** Takes the place from which changes are followed before the first full read, so that nothing falls between the two. */
async function markChanges(source: Source, read: ReadRef): Promise<void> {
  const { watermarks } = await loadReads(source);
  if (!source.workers.followsChanges || watermarks['workers']) return;
  for await (const { next, startedAt } of source.workers.changes(undefined, { signal: source.ending }))
    if (next !== undefined)
      await decideRead(source, read, advanceWatermark({ connection: source.name, source: 'workers', watermark: next, readAt: startedAt }));
}

/** Reads on to the end of the report, unless it has to stop before. */
async function readPages(source: Source, open: OpenRead): Promise<{ ended: boolean; reached: boolean }> {
  const committed = open.parts['users'];
  if (committed && committed.cursor === undefined) return { ended: true, reached: false };
  let number = committed ? committed.page + 1 : 0;
  let last: WorkerPage | undefined;
  for await (const page of source.workers.listWorkers(committed?.cursor, { signal: source.ending, lane: 'batch' })) {
    if (source.ending.aborted) return { ended: false, reached: true };
    const taken = await takePage(source, open.read, { page, place: `page ${number + 1} of the report` });
    await notePage(source, open.read, { page, taken });
    const cursor = page.next === undefined ? {} : { cursor: page.next };
    const { readId } = open.read;
    const done = { connection: source.name, readId, scope: 'users' as const, page: number, items: page.items.length, ...cursor };
    await decideRead(source, open.read, commitPage(done));
    number += 1;
    last = page;
  }
  return { ended: last !== undefined, reached: last !== undefined };
}

const CUT_OFF: Shortfall = { code: 'read.list_cut_off', scope: 'users', message: 'the report ended without saying that it was whole' };

/** Keeps what a page showed beside its records; a page that is read again adds nothing but what is new. */
async function notePage(source: Source, { readId }: ReadRef, { page, taken }: { page: WorkerPage; taken: TakenPage }): Promise<void> {
  const cutOff = page.next === undefined && page.complete === undefined ? [CUT_OFF] : [];
  const shortfalls = JSON.stringify([...(page.incompleteBecause ?? []), ...cutOff]);
  await source.database.transaction(async (transaction) => {
    await noteSeen(transaction, source, { readId, seen: taken.seen });
    await noteRefused(transaction, { connection: source.name, readId }, taken.refused);
    await sql`
      update open_read set expected = least(expected, ${page.total ?? null}::bigint), created = created + ${taken.created}, changed = changed + ${taken.changed},
        shortfalls = (select coalesce(jsonb_agg(distinct s), '[]') from jsonb_array_elements(shortfalls || ${shortfalls}::jsonb) s)
      where connection = ${source.name} and read_id = ${readId}`.execute(transaction);
  });
}

interface Noted {
  shortfalls: Shortfall[];
  expected: number | null;
  created: number;
  changed: number;
}

async function notedOf({ name, database }: Source, { readId }: ReadRef): Promise<Noted> {
  const { rows } = await sql<Noted>`
    select shortfalls, expected, created, changed from open_read where connection = ${name} and read_id = ${readId}`.execute(database.db);
  return rows[0] ?? { shortfalls: [CUT_OFF], expected: null, created: 0, changed: 0 };
}

/** A company does not shrink by a tenth between two reports; a report that says so was cut. */
const PLAUSIBLE_SHARE = 0.9;

async function conclude(source: Source, read: ReadRef): Promise<'complete' | 'incomplete'> {
  const { name, database } = source;
  const { shortfalls, expected, created, changed } = await notedOf(source, read);
  const gone = await countAbsent(source, read);
  const ended = await decideRead(
    source,
    read,
    completeRead(read.readId, {
      finishedAt: source.now().toISOString(),
      permissions: [],
      missingPermissions: [],
      shortfalls,
      plausibleShare: PLAUSIBLE_SHARE,
      differences: { created, changed, gone },
      ...(expected === null ? {} : { expected: { users: expected } }),
    }),
  );
  const complete = ended.lastComplete?.readId === read.readId;
  await database.transaction(async (transaction) => {
    if (complete) await endOlder(transaction, { connection: name, readId: read.readId });
    await sql`delete from open_read where connection = ${name} and read_id = ${read.readId}`.execute(transaction);
  });
  if (gone > 0 || !complete)
    source.logger.warn(
      { connection: name, readId: read.readId, complete, absent: gone, shortfalls },
      'a report did not show everybody: nobody leaves by that',
    );
  return complete ? 'complete' : 'incomplete';
}
