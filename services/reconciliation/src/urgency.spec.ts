import { describe, expect, it } from '@jest/globals';
import type { WorkerRecorded } from '@muster/contracts';
import { workerRecord } from '@muster/identity/testing';
import type { Message } from '@muster/messaging';
import { laneOfAccount, lanesOfWorkers } from './urgency.ts';

const recorded = (operation: number, { id = 'd1', worker }: { id?: string; worker?: object } = {}) =>
  ({
    recordedAt: '2026-03-02T09:00:00.000Z',
    data: { connection: 'hr-main', workerKey: '1', record: workerRecord(worker ? { worker } : {}), delivery: { id, operation } },
  }) as unknown as Message & { data: WorkerRecorded };
const operations = (count: number, from = 0) => Array.from({ length: count }, (_, index) => recorded(from + index));

describe('the urgency of an HR record', () => {
  it('is that of a person if it comes with few others, and that of a population if with many', () => {
    expect(new Set(lanesOfWorkers(operations(10)))).toEqual(new Set(['live']));
    expect(new Set(lanesOfWorkers(operations(11)))).toEqual(new Set(['batch']));
  });

  it('does not depend on the pieces in which a delivery comes', () => {
    expect(lanesOfWorkers(operations(2, 30))).toEqual(['batch', 'batch']);
  });

  it('does not depend on other deliveries beside it', () => {
    expect(lanesOfWorkers([...operations(50), recorded(0, { id: 'd2' })]).at(-1)).toBe('live');
  });

  it('is above all that of a leaver, however many come', () => {
    const left = [{ status: 'terminated' }, { leaveDate: '2026-03-01' }].map((worker) => recorded(7, { worker }));
    expect(lanesOfWorkers([...operations(50), ...left]).slice(-2)).toEqual(['leaver', 'leaver']);
    expect(lanesOfWorkers([recorded(0, { worker: { leaveDate: '2026-03-02' } })])).toEqual(['live']);
  });
});

describe('the urgency of what was seen of an account', () => {
  const seen = (type: string, kind: string) => laneOfAccount({ type, data: { read: { readId: 'r', kind, startedAt: '' } } });

  it('is low if a full read saw it or if it is as known, else that of the plan that it follows from', () => {
    expect([seen('AccountObserved', 'full'), seen('AccountConfirmed', 'fetch'), seen('AccountObserved', 'fetch')]).toEqual([
      'batch',
      'batch',
      'chain',
    ]);
  });
});
