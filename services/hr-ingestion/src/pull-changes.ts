import { randomUUID } from 'node:crypto';
import type { WorkerPage } from '@muster/connector-hr';
import type { ReadRef } from '@muster/contracts';
import { advanceWatermark } from '@muster/identity';
import { decideRead, loadReads } from './read-stream.ts';
import { noteMended, noteRefused } from './refused-records.ts';
import type { Source } from './source.ts';
import { takePage } from './take-page.ts';

/** A place that only moved, over nothing new, is written down at most this often: an idle system does not fill the store. */
const IDLE_MS = 3_600_000;

/**
 * Records what the report says was written since the last read. The place moves on behind each page, after its records stand in the store, so a crash
 * repeats at most a page. Before the first full read there is nothing to follow.
 *
 * @returns `missedChanges`: the report could not say what happened since then, so that a full read is due now; `reached`: the HR system answered
 * @throws Fault of the connector
 */
export async function pullChanges(source: Source): Promise<{ missedChanges: boolean; reached: boolean }> {
  const { watermarks } = await loadReads(source);
  const mark = watermarks['workers'];
  if (!mark) return { missedChanges: false, reached: false };
  const read: ReadRef = { readId: randomUUID(), kind: 'incremental', startedAt: source.now().toISOString() };
  let missedChanges = false;
  let reached = false;
  let first = true;
  for await (const page of source.workers.changes(mark.watermark, { signal: source.ending })) {
    reached = true;
    if (source.ending.aborted) break;
    missedChanges ||= page.missedChanges === true;
    const recorded = await takeChanges(source, read, page);
    const idle = first && recorded === 0 && page.more === false && Date.parse(page.startedAt) - Date.parse(mark.readAt) < IDLE_MS;
    first = false;
    if (!idle) await moveOn(source, read, page);
  }
  return { missedChanges, reached };
}

async function moveOn(source: Source, read: ReadRef, { next, startedAt }: WorkerPage): Promise<void> {
  if (next === undefined) return;
  await decideRead(source, read, advanceWatermark({ connection: source.name, source: 'workers', watermark: next, readAt: startedAt }));
}

async function takeChanges(source: Source, read: ReadRef, page: WorkerPage): Promise<number> {
  const { created, changed, good, refused } = await takePage(source, read, { page, place: 'what was changed last' });
  if (good.length + refused.length === 0) return 0;
  await source.database.transaction(async (transaction) => {
    await noteRefused(transaction, { connection: source.name, readId: read.readId }, refused);
    await noteMended(transaction, source.name, good);
  });
  return created + changed;
}
