import type { IdentityLifecycleChanged, WorkerRecord } from '@muster/contracts';
import { earliest, isBefore, localDate, startOfDay } from './instants.ts';
import { recordAfter, recordAt, zoneOf, type EffectiveRecord, type RecordVersion, type Worker } from './worker.ts';

const WORKER = 'urn:muster:scim:schemas:extension:worker:1.0:User';

export type LifecycleState = IdentityLifecycleChanged['state'];

/** What the HR facts say of a person at an instant, and when that answer changes by time alone. */
export interface Lifecycle {
  readonly state: LifecycleState;
  readonly startsOn: string;
  readonly endsOn?: string | null;
  readonly timeZone: string;
  /** Revision of the worker record that says so. */
  readonly revision: number;
  readonly recordVersion?: RecordVersion;
  readonly nextDue?: string;
}

const stateOn = (record: WorkerRecord, today: string, begun: boolean): LifecycleState => {
  const { status, hireDate, leaveDate } = record[WORKER];
  if (status === 'terminated' || status === 'rescinded') return 'left';
  if (typeof leaveDate === 'string' && today > leaveDate) return 'left';
  if (today < hireDate || !begun) return 'preboarding';
  return status === 'onLeave' ? 'onLeave' : 'active';
};

const dueTimes = (current: EffectiveRecord, next: EffectiveRecord | undefined, zone: string): string[] => {
  const { hireDate, leaveDate } = current.record[WORKER];
  return [
    startOfDay(hireDate, zone),
    ...(typeof leaveDate === 'string' ? [startOfDay(leaveDate, zone, 1)] : []),
    ...(next ? [startOfDay(next.effectiveFrom, zoneOf(next.record))] : []),
  ];
};

/**
 * The state of a person at `asOf`, by the worker's own calendar: `preboarding` before the hire date, `left` once terminated or rescinded or
 * from the day after the leave date, which is the last day; else as the record says. A termination holds from its effective date on, whatever leave
 * date stands beside it. Undefined for a worker without a record.
 */
export const lifecycleAt = (worker: Worker, asOf: string): Lifecycle | undefined => {
  const current = recordAt(worker, asOf);
  if (current === undefined) return undefined;
  const timeZone = zoneOf(current.record);
  const today = localDate(asOf, timeZone);
  const { hireDate, leaveDate } = current.record[WORKER];
  const nextDue = dueTimes(current, recordAfter(worker, asOf), timeZone)
    .filter((due) => isBefore(asOf, due))
    .reduce<string | undefined>(earliest, undefined);
  return {
    state: stateOn(current.record, today, current.effectiveFrom <= today),
    startsOn: hireDate,
    timeZone,
    revision: current.revision,
    ...(leaveDate === undefined ? {} : { endsOn: leaveDate }),
    ...(current.version === undefined ? {} : { recordVersion: current.version }),
    ...(nextDue === undefined ? {} : { nextDue }),
  };
};

/** Whether a person in this state may hold anything at all. */
export const mayHold = (state: LifecycleState | undefined): boolean => state !== undefined && state !== 'left';
