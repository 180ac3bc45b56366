import type { IdentityLifecycleChanged } from '@muster/contracts';
import { employmentsAt, type EmploymentAt } from './employments.ts';
import { earliest, isBefore, startOfDay } from './instants.ts';
import { zoneOf, type RecordVersion, type Worker } from './worker.ts';

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

/** Whenever a day begins, where the worker is, on which an employment may say something else: hired, left, an app run out, the next record. */
const dueTimes = ({ current, next }: EmploymentAt): string[] => {
  const zone = zoneOf(current.record);
  const { hireDate, leaveDate, apps = [] } = current.record[WORKER];
  const lastDays = [leaveDate, ...apps.map(({ until }) => until)];
  return [
    startOfDay(hireDate, zone),
    ...lastDays.flatMap((date) => (typeof date === 'string' ? [startOfDay(date, zone, 1)] : [])),
    ...(next ? [startOfDay(next.effectiveFrom, zoneOf(next.record))] : []),
  ];
};

/**
 * The state of a person at `asOf`, by the worker's own calendar: `preboarding` before the hire date, `left` once terminated or rescinded or
 * from the day after the leave date, which is the last day; else as the record says. Of several employments the one that `employmentsAt` puts first
 * decides. Undefined for a worker without a record.
 */
export const lifecycleAt = (worker: Worker, asOf: string): Lifecycle | undefined => {
  const employments = employmentsAt(worker, asOf);
  const [decides] = employments;
  if (decides === undefined) return undefined;
  const { current, state } = decides;
  const { hireDate, leaveDate } = current.record[WORKER];
  const nextDue = employments
    .flatMap(dueTimes)
    .filter((due) => isBefore(asOf, due))
    .reduce<string | undefined>(earliest, undefined);
  return {
    state,
    startsOn: hireDate,
    timeZone: zoneOf(current.record),
    revision: current.revision,
    ...(leaveDate === undefined ? {} : { endsOn: leaveDate }),
    // Versions of different employments need not be comparable; between those the order of the stream decides.
    ...(current.version === undefined || employments.length > 1 ? {} : { recordVersion: current.version }),
    ...(nextDue === undefined ? {} : { nextDue }),
  };
};

/** Whether a person in this state may hold anything at all. */
export const mayHold = (state: LifecycleState | undefined): boolean => state !== undefined && state !== 'left';
