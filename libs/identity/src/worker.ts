import type { WorkerRecord, WorkerRecorded } from '@muster/contracts';
import { attributesOf } from './attributes.ts';
import type { EventOf, StreamCategory } from './category.ts';
import { later, localDate, millis } from './instants.ts';
import { sameJson, sameValue } from './values.ts';

const WORKER = 'urn:muster:scim:schemas:extension:worker:1.0:User';
const REMEMBERED_KEYS = 100;
const TWO_DAYS = 2 * 86_400_000;

export type WorkerEvent = EventOf<'WorkerRecorded' | 'WorkerRecordArrivedLate'>;
export type RecordVersion = number | string;

/** What holds from a date on: the record with everything that earlier versions stated and this one left out. */
export interface EffectiveRecord {
  readonly effectiveFrom: string;
  readonly record: WorkerRecord;
  /** Revision of the event that stated it. */
  readonly revision: number;
  readonly version?: RecordVersion;
  /** By canonical attribute, the revision at which its value was last changed. */
  readonly since: Readonly<Record<string, number>>;
}

export interface Worker {
  readonly revision: number;
  readonly connection?: string;
  readonly workerKey?: string;
  /** The newest version that the source ever stated. */
  readonly version?: RecordVersion;
  /** By effective date, rising. Only the last that has begun holds; those behind it are still to come. */
  readonly records: readonly EffectiveRecord[];
  readonly newest?: EffectiveRecord;
  readonly sourceKeys: readonly string[];
}

/** -1, 0 or 1. Integers compare as numbers, texts as instants; a version of another kind, or none, compares as equal: arrival order decides. */
export const compareVersions = (a: RecordVersion | undefined, b: RecordVersion | undefined): number => {
  if (a === undefined || b === undefined || typeof a !== typeof b) return 0;
  return typeof a === 'number' ? Math.sign(a - Number(b)) : Math.sign(millis(a) - millis(String(b)));
};

const merge = (before: unknown, after: unknown): unknown => {
  if (after === undefined) return before;
  if (typeof after !== 'object' || after === null || Array.isArray(after)) return after;
  const base = typeof before === 'object' && before !== null && !Array.isArray(before) ? (before as Record<string, unknown>) : {};
  return Object.fromEntries(
    [...new Set([...Object.keys(base), ...Object.keys(after)])].map((key) => [
      key,
      merge(base[key], (after as Record<string, unknown>)[key]),
    ]),
  );
};

const changedSince = (before: EffectiveRecord | undefined, record: WorkerRecord, revision: number): Record<string, number> => {
  const old = before ? attributesOf(before.record) : {};
  return Object.fromEntries(
    Object.entries(attributesOf(record)).map(([name, value]) => {
      const known = before?.since[name];
      return [name, known !== undefined && sameValue(old[name], value) ? known : revision];
    }),
  );
};

/** Records whose successor began more than two days before are past for every time zone. */
const withoutPast = (records: readonly EffectiveRecord[], recordedAt: string): readonly EffectiveRecord[] => {
  const today = localDate(later(recordedAt, -TWO_DAYS), 'utc');
  return records.filter((_, index) => (records[index + 1]?.effectiveFrom ?? '9999-12-31') > today);
};

const withRecord = (worker: Worker, data: WorkerRecorded, revision: number, recordedAt: string): Worker => {
  const record = merge(worker.newest?.record, data.record) as WorkerRecord;
  const newest: EffectiveRecord = {
    effectiveFrom: data.effectiveFrom,
    record,
    revision,
    since: changedSince(worker.newest, record, revision),
    ...(data.recordVersion === undefined ? {} : { version: data.recordVersion }),
  };
  const version = data.recordVersion ?? worker.version;
  return {
    ...worker,
    connection: data.connection,
    workerKey: data.workerKey,
    newest,
    records: withoutPast([...worker.records.filter((known) => known.effectiveFrom < data.effectiveFrom), newest], recordedAt),
    ...(version === undefined ? {} : { version }),
  };
};

/** Stream `worker-<connection>.<opaque>`. An erased record folds to nothing. */
export const workerCategory: StreamCategory<Worker, WorkerEvent> = {
  name: 'worker',
  initial: { revision: -1, records: [], sourceKeys: [] },
  types: ['WorkerRecorded', 'WorkerRecordArrivedLate'],
  evolve: (worker, event) => {
    const sourceKeys = [...worker.sourceKeys, event.data.sourceKey].slice(-REMEMBERED_KEYS);
    const next = { ...worker, revision: event.revision, sourceKeys };
    switch (event.type) {
      case 'WorkerRecorded':
        return event.data.record === undefined ? next : withRecord(next, event.data, event.revision, event.recordedAt);
      case 'WorkerRecordArrivedLate':
        return next;
    }
  },
};

/**
 * Records what the HR system stated. The same record again yields nothing; a version older than the newest one is recorded as late and
 * changes nothing. Without versions arrival order decides, and only a repeat of the last record is a repeat.
 */
export const recordWorker =
  (stated: WorkerRecorded) =>
  (worker: Worker): WorkerEvent[] => {
    if (isRepeat(stated, worker)) return [];
    const newerVersion = worker.version;
    if (newerVersion !== undefined && compareVersions(stated.recordVersion, newerVersion) < 0)
      return [{ type: 'WorkerRecordArrivedLate', data: { ...stated, newerVersion } }];
    return [{ type: 'WorkerRecorded', data: stated }];
  };

const isRepeat = (stated: WorkerRecorded, worker: Worker): boolean =>
  stated.recordVersion === undefined
    ? worker.sourceKeys.at(-1) === stated.sourceKey
    : worker.sourceKeys.includes(stated.sourceKey) ||
      (compareVersions(stated.recordVersion, worker.version) === 0 &&
        worker.version !== undefined &&
        sameJson(worker.newest?.record, stated.record));

/** The zone in which the dates of a record are meant. */
export const zoneOf = (record: WorkerRecord): string => record[WORKER].timeZone ?? record.timezone ?? 'UTC';

/** The record that holds at an instant, in the zone that the record names; before the first one begins, the first. Undefined for an unknown worker. */
export const recordAt = (worker: Worker, asOf: string): EffectiveRecord | undefined => {
  const begun = worker.records.filter((record) => record.effectiveFrom <= localDate(asOf, zoneOf(record.record)));
  return begun.at(-1) ?? worker.records[0];
};

/** The first record that begins after an instant. */
export const recordAfter = (worker: Worker, asOf: string): EffectiveRecord | undefined =>
  worker.records.find((record) => record.effectiveFrom > localDate(asOf, zoneOf(record.record)));
