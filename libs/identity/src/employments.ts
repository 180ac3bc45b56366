import type { WorkerRecord } from '@muster/contracts';
import { localDate } from './instants.ts';
import { zoneOf, type EffectiveRecord, type Employment, type Worker } from './worker.ts';

const WORKER = 'urn:muster:scim:schemas:extension:worker:1.0:User';

export type EmploymentState = 'preboarding' | 'active' | 'onLeave' | 'left';

/** One employment of a person at an instant. */
export interface EmploymentAt {
  readonly id: string;
  /** What holds; before the first record begins, that one. */
  readonly current: EffectiveRecord;
  /** The first that begins later. */
  readonly next?: EffectiveRecord;
  readonly state: EmploymentState;
}

const todayOf = ({ record }: EffectiveRecord, asOf: string): string => localDate(asOf, zoneOf(record));

/**
 * What a record says at an instant, by the worker's own calendar. A hire that was rescinded is none, whenever; a termination holds from its effective date on, whatever
 * leave date stands beside it; the leave date is the last day.
 */
const stateAt = ({ record, effectiveFrom }: EffectiveRecord, today: string): EmploymentState => {
  const { status, hireDate, leaveDate } = record[WORKER];
  const begun = effectiveFrom <= today;
  if (status === 'rescinded' || (status === 'terminated' && begun)) return 'left';
  if (typeof leaveDate === 'string' && today > leaveDate) return 'left';
  // A termination that is still to come tells of somebody who works until then, even if nothing else is known of them.
  if (today < hireDate || (!begun && status !== 'terminated')) return 'preboarding';
  return status === 'onLeave' ? 'onLeave' : 'active';
};

const employmentAt = (id: string, records: Employment, asOf: string): EmploymentAt[] => {
  const current = records.findLast((record) => record.effectiveFrom <= todayOf(record, asOf)) ?? records[0];
  if (current === undefined) return [];
  const next = records.find((record) => record.effectiveFrom > todayOf(record, asOf));
  return [{ id, current, ...(next ? { next } : {}), state: stateAt(current, todayOf(current, asOf)) }];
};

const RANK: Readonly<Record<EmploymentState, number>> = { active: 0, onLeave: 1, preboarding: 2, left: 3 };

const primaryFirst = ({ current }: EmploymentAt): number => {
  const primary = current.record[WORKER].employment?.primary;
  return primary === undefined ? 1 : primary ? 0 : 2;
};

const endOf = ({ current }: EmploymentAt): string => current.record[WORKER].leaveDate ?? current.effectiveFrom;

const text = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The later end decides between employments that are over; the earlier hire between others. */
const byDates = (a: EmploymentAt, b: EmploymentAt): number =>
  a.state === 'left' ? text(endOf(b), endOf(a)) : text(a.current.record[WORKER].hireDate, b.current.record[WORKER].hireDate);

const compare = (a: EmploymentAt, b: EmploymentAt): number =>
  RANK[a.state] - RANK[b.state] || primaryFirst(a) - primaryFirst(b) || byDates(a, b) || text(a.id, b.id);

/**
 * The employments of a person at an instant, the one that decides first: whoever works anywhere is at work. Active goes before on leave, before to come, before
 * left; among equals the one that HR calls primary, then the longest-standing (of ended ones, the last to end), then the lower id. The person has the
 * lifecycle and the attributes of that one employment, so they have left only when every employment is over.
 */
export const employmentsAt = (worker: Worker, asOf: string): readonly EmploymentAt[] =>
  Object.entries(worker.employments)
    .flatMap(([id, records]) => employmentAt(id, records, asOf))
    .toSorted(compare);

/** The record that holds at an instant, in the zone that the record names, of the employment that decides. Undefined for an unknown worker. */
export const recordAt = (worker: Worker, asOf: string): EffectiveRecord | undefined => employmentsAt(worker, asOf)[0]?.current;

export type AppAssignment = NonNullable<WorkerRecord[typeof WORKER]['apps']>[number];

/** The apps that HR has assigned to a person and whose last day has not passed, in any employment that is not over; of one assigned twice, the longer. */
export const appsAt = (worker: Worker, asOf: string): readonly AppAssignment[] => {
  const apps = new Map<string, AppAssignment>();
  for (const { current, state } of employmentsAt(worker, asOf)) {
    if (state === 'left') continue;
    for (const assigned of current.record[WORKER].apps ?? []) {
      if (isOver(assigned, todayOf(current, asOf))) continue;
      const known = apps.get(assigned.app);
      if (known === undefined || (known.until !== undefined && (assigned.until ?? '9999-12-31') > known.until))
        apps.set(assigned.app, assigned);
    }
  }
  return [...apps.values()].toSorted((a, b) => text(a.app, b.app));
};

const isOver = ({ until }: AppAssignment, today: string): boolean => until !== undefined && until < today;
