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
  readonly sourceKey: string;
  readonly version?: RecordVersion;
  /** By canonical attribute, the revision at which its value was last changed. */
  readonly since: Readonly<Record<string, number>>;
}

/** By effective date, rising, and with that by version. Only the last that has begun holds; those behind it are still to come. */
export type Employment = readonly EffectiveRecord[];

export interface Worker {
  readonly revision: number;
  readonly connection?: string;
  readonly workerKey?: string;
  /** By the id that the HR system gives an employment; records that name none are of the employment `''`. */
  readonly employments: Readonly<Record<string, Employment>>;
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

const employmentOf = (worker: Worker, record: WorkerRecord): Employment => worker.employments[employmentId(record)] ?? [];

const employmentId = (record: WorkerRecord): string => record[WORKER].employment?.id ?? '';

/** What the record says as if it were stated today: the date from which it holds stands beside it. */
const content = (record: WorkerRecord): WorkerRecord =>
  ({ ...record, [WORKER]: { ...record[WORKER], effectiveFrom: undefined } }) as WorkerRecord;

/** Of one version, what is stated for a later date stands beside what is stated for an earlier one. */
const isNewer = ({ version, effectiveFrom }: EffectiveRecord, stated: WorkerRecorded): boolean => {
  const order = compareVersions(version, stated.recordVersion);
  return order > 0 || (order === 0 && version !== undefined && version === stated.recordVersion && effectiveFrom > stated.effectiveFrom);
};

/**
 * A statement changes what it says from its effective date on: what was stated before for later dates stands, with that change in it, unless the change
 * leaves nothing of it. So a whole record replaces everything behind its date, and a sparse one carries on. What a newer version stated for a later
 * date stands untouched, whichever of the two arrived first.
 */
const withStatement = (known: Employment, data: WorkerRecorded, revision: number): Employment => {
  const { effectiveFrom, recordVersion, sourceKey } = data;
  const newer = known.filter((one) => isNewer(one, data));
  const older = known.filter((one) => !newer.includes(one));
  const before = older.filter((one) => one.effectiveFrom < effectiveFrom);
  const changed = (base: EffectiveRecord | undefined, from: string): EffectiveRecord => {
    const record = merge(base?.record, data.record) as WorkerRecord;
    const version = recordVersion === undefined ? {} : { version: recordVersion };
    return { effectiveFrom: from, record, revision, sourceKey, since: changedSince(base, record, revision), ...version };
  };
  const stated = changed(older.findLast((one) => one.effectiveFrom <= effectiveFrom) ?? older.at(-1), effectiveFrom);
  const carried: EffectiveRecord[] = [];
  for (const one of older.filter(({ effectiveFrom: from }) => from > effectiveFrom)) {
    const next = { ...changed(one, one.effectiveFrom), sourceKey: one.sourceKey };
    if (!sameJson(content(next.record), content((carried.at(-1) ?? stated).record))) carried.push(next);
  }
  return [...before, stated, ...carried, ...newer];
};

const withRecord = (worker: Worker, data: WorkerRecorded, revision: number, recordedAt: string): Worker => {
  const known = withStatement(employmentOf(worker, data.record), data, revision);
  return {
    ...worker,
    connection: data.connection,
    workerKey: data.workerKey,
    employments: { ...worker.employments, [employmentId(data.record)]: withoutPast(known, recordedAt) },
  };
};

/** Stream `worker-<connection>.<opaque>`. An erased record folds to nothing. */
export const workerCategory: StreamCategory<Worker, WorkerEvent> = {
  name: 'worker',
  initial: { revision: -1, employments: {}, sourceKeys: [] },
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
 * Records what the HR system stated. The same record again, on whichever way it came, yields nothing; a version older than one that holds from the same
 * date or an earlier one is recorded as late and changes nothing. Without versions arrival order decides, and only what stands is a repeat.
 */
export const recordWorker =
  (stated: WorkerRecorded) =>
  (worker: Worker): WorkerEvent[] => {
    if (isRepeat(stated, worker)) return [];
    const newer = employmentOf(worker, stated.record).find(
      ({ version, effectiveFrom }) => effectiveFrom <= stated.effectiveFrom && compareVersions(stated.recordVersion, version) < 0,
    );
    return newer?.version === undefined
      ? [{ type: 'WorkerRecorded', data: stated }]
      : [{ type: 'WorkerRecordArrivedLate', data: { ...stated, newerVersion: newer.version } }];
  };

const isRepeat = (stated: WorkerRecorded, worker: Worker): boolean => {
  const known = employmentOf(worker, stated.record);
  if (stated.recordVersion === undefined) return known.some(({ sourceKey }) => sourceKey === stated.sourceKey);
  return (
    worker.sourceKeys.includes(stated.sourceKey) ||
    known.some(
      ({ version, record }) =>
        version !== undefined && compareVersions(version, stated.recordVersion) === 0 && sameJson(merge(record, stated.record), record),
    )
  );
};

/** The zone in which the dates of a record are meant. */
export const zoneOf = (record: WorkerRecord): string => record[WORKER].timeZone ?? record.timezone ?? 'UTC';
