import type { ReportedWorker, WorkerPage } from '@muster/connector-hr';
import type { ReadRef } from '@muster/contracts';
import type { RefusedRow } from './refused-records.ts';
import { recordArrival, workerStream } from './record-worker.ts';
import type { Source } from './source.ts';

/** What came of the rows of a page. */
export interface TakenPage {
  readonly created: number;
  readonly changed: number;
  /** Streams of all whose key could be read, refused ones among them: they are in the report. */
  readonly seen: readonly string[];
  /** Streams of those of whom no row of this page was refused. */
  readonly good: readonly string[];
  readonly refused: readonly RefusedRow[];
}

const AT_ONCE = 64;

/**
 * Records every row of a page that states a record; the rows of one worker in their order, different workers at once. A row that states none is
 * handed back with its place, and keeps no other from being recorded.
 *
 * @throws what the store throws; taking the page again is safe.
 */
export async function takePage(source: Source, read: ReadRef, { page, place }: { page: WorkerPage; place: string }): Promise<TakenPage> {
  const byKey = [...Map.groupBy(page.items, ({ key }) => key)];
  const outcomes = { created: 0, changed: 0, same: 0 };
  const seen: string[] = [];
  const good: string[] = [];
  const refused: RefusedRow[] = [];
  const takeWorker = async ([key, rows]: (typeof byKey)[number]): Promise<void> => {
    const stream = key === undefined ? undefined : await workerStream(source.store, source.name, key);
    const bad = rows.flatMap((item) => refusedRow(item, { stream, place }));
    refused.push(...bad);
    if (stream === undefined) return;
    seen.push(stream);
    if (bad.length === 0) good.push(stream);
    for (const item of rows) if ('record' in item) outcomes[await recordRow(source, read, item)] += 1;
  };
  for (let start = 0; start < byKey.length; start += AT_ONCE) await Promise.all(byKey.slice(start, start + AT_ONCE).map(takeWorker));
  return { created: outcomes.created, changed: outcomes.changed, seen, good, refused };
}

const recordRow = (source: Source, read: ReadRef, { row, record }: Extract<ReportedWorker, { record: unknown }>) =>
  recordArrival(source.store, {
    connection: source.name,
    record,
    receivedAt: read.startedAt,
    delivery: { id: read.readId, operation: row, ...(read.kind === 'fetch' ? {} : { read: read.kind }) },
    correlationId: read.readId,
  });

const refusedRow = (item: ReportedWorker, { stream, place }: { stream: string | undefined; place: string }): RefusedRow[] => {
  if ('record' in item) return [];
  const where = `row ${item.row} of ${place}`;
  return [{ ref: stream ?? where, place: where, problems: item.problems }];
};
