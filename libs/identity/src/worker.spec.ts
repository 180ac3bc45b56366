import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { attributesOf, canonical } from './attributes.ts';
import { recordAt } from './employments.ts';
import { identityCategory, followWorker, type IdentityEvent } from './identity.ts';
import { lifecycleAt } from './lifecycle.ts';
import { given, testUuid, workerRecord } from './testing.ts';
import { recordWorker, workerCategory, type Worker, type WorkerEvent } from './worker.ts';

const stated = (version: number | undefined, change: Parameters<typeof workerRecord>[0] = {}, effectiveFrom = '2026-03-01') => ({
  connection: 'hr-main',
  workerKey: '1001',
  sourceKey: `v${version ?? JSON.stringify(change)}`,
  effectiveFrom,
  record: workerRecord(change),
  ...(version === undefined ? {} : { recordVersion: version }),
});

const hear = (...records: ReturnType<typeof stated>[]): Worker =>
  given(
    workerCategory,
    records.reduce<WorkerEvent[]>((past, record) => [...past, ...given(workerCategory, past).when(recordWorker(record))], []),
  ).state;

const titleOf = (worker: Worker, asOf = '2026-03-05T12:00:00Z'): unknown =>
  attributesOf(recordAt(worker, asOf)?.record ?? workerRecord())['title'];

describe('a worker', () => {
  it('is heard once for each version, whatever is repeated', () => {
    const past = given(workerCategory).when(recordWorker(stated(2, { title: 'Chief' })));
    expect(given(workerCategory, past).when(recordWorker(stated(2, { title: 'Chief' })))).toEqual([]);
    expect(given(workerCategory, past).when(recordWorker(stated(1)))).toMatchObject([
      { type: 'WorkerRecordArrivedLate', data: { newerVersion: 2 } },
    ]);
  });

  it('E5: ends in the same state whatever the order in which its versions arrive, repeats included', () => {
    const versions = fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(versions, fc.array(fc.nat({ max: 5 }), { maxLength: 6 }), (arriving, repeats) => {
        const record = (version: number) => stated(version, { title: `t${version}` });
        const order = [...arriving, ...repeats.flatMap((index) => arriving[index] ?? [])];
        expect(titleOf(hear(...order.map(record)))).toBe(`t${Math.max(...arriving)}`);
      }),
    );
  });

  it('keeps what a later record does not state, and loses what it clears', () => {
    const worker = hear(stated(1, { title: 'Chief', department: 'Ships' }), stated(2, { title: null }));
    expect(attributesOf(recordAt(worker, '2026-03-05T12:00:00Z')?.record ?? workerRecord())).toMatchObject({
      title: null,
      department: 'Ships',
    });
  });

  it('without versions: the last to arrive wins, and a value may come back', () => {
    expect(titleOf(hear(stated(undefined, { title: 'A' }), stated(undefined, { title: 'B' }), stated(undefined, { title: 'A' })))).toBe(
      'A',
    );
  });

  it('holds a later effective record back until its day begins where the worker is', () => {
    const worker = hear(
      stated(1, { title: 'Chief', worker: { timeZone: 'Pacific/Auckland' } }),
      stated(2, { title: 'Captain', worker: { timeZone: 'Pacific/Auckland' } }, '2026-03-10'),
    );
    expect(titleOf(worker, '2026-03-09T10:59:00Z')).toBe('Chief');
    expect(titleOf(worker, '2026-03-09T11:01:00Z')).toBe('Captain');
    expect(lifecycleAt(worker, '2026-03-05T00:00:00Z')?.nextDue).toBe('2026-03-09T11:00:00.000Z');
  });
});

describe('the lifecycle', () => {
  const stateAt = (asOf: string, worker: object) => lifecycleAt(hear(stated(1, { worker })), asOf)?.state;

  it('is preboarding until the hire date begins in the zone of the worker', () => {
    const worker = { hireDate: '2026-03-10', timeZone: 'America/New_York' };
    expect(stateAt('2026-03-10T03:59:00Z', worker)).toBe('preboarding');
    expect(stateAt('2026-03-10T04:01:00Z', worker)).toBe('active');
    expect(lifecycleAt(hear(stated(1, { worker })), '2026-03-05T00:00:00Z')?.nextDue).toBe('2026-03-10T04:00:00.000Z');
  });

  it('is left from the day after the leave date, and at once when terminated or rescinded', () => {
    expect(stateAt('2026-03-20T23:00:00Z', { leaveDate: '2026-03-20' })).toBe('active');
    expect(stateAt('2026-03-21T00:00:00Z', { leaveDate: '2026-03-20' })).toBe('left');
    expect(stateAt('2026-03-05T00:00:00Z', { status: 'terminated', leaveDate: '2026-12-31' })).toBe('left');
    expect(stateAt('2026-03-05T00:00:00Z', { status: 'rescinded' })).toBe('left');
    expect(stateAt('2026-03-05T00:00:00Z', { status: 'onLeave' })).toBe('onLeave');
  });
});

describe('an identity that follows its worker', () => {
  const identityId = testUuid('1001');
  const factsOf = (worker: Worker) => {
    const lifecycle = lifecycleAt(worker, '2026-03-05T12:00:00Z');
    if (lifecycle === undefined) throw new Error('no record');
    return { identityId, source: { connection: 'hr-main', stream: 'worker-hr-main.w1' }, lifecycle, canonical: canonical([], {}) };
  };
  const active = hear(stated(1));
  const terminated = hear(stated(1), stated(2, { worker: { status: 'terminated' } }));
  const rehired = hear(stated(1), stated(2, { worker: { status: 'terminated' } }), stated(3));
  const after = (past: readonly IdentityEvent[], worker: Worker) => given(identityCategory, past).when(followWorker(factsOf(worker)));

  it('is reopened only by a newer record: the one from before the termination never does it', () => {
    const past = [...after([], active), ...after(after([], active), terminated)];
    expect(given(identityCategory, past).state.lifecycle?.state).toBe('left');
    expect(after(past, active)).toEqual([]);
    expect(after(past, rehired)).toMatchObject([
      { type: 'IdentityLifecycleChanged', data: { state: 'active', reopened: true, recordVersion: 3 } },
    ]);
  });

  it('exists even if its worker was first seen as terminated', () => {
    const first = after([], hear(stated(1, { worker: { status: 'terminated' } })));
    expect(first.map(({ type }) => type)).toContain('IdentityCreated');
    expect(given(identityCategory, first).state.lifecycle?.state).toBe('left');
  });
});

describe('authority', () => {
  const source = (connection: string, value: string | null) => ({
    connection,
    values: { title: { value, from: { stream: `worker-${connection}.1`, revision: 0, field: 'title' } } },
  });

  it('B3: lets the first named source win and keeps what the others say', () => {
    const result = canonical([source('okta-main', 'Boss'), source('hr-main', 'Chief')], {
      title: ['hr-main', 'okta-main'],
      '*': ['okta-main'],
    });
    expect(result.attributes).toEqual({ title: 'Chief' });
    expect(result.provenance['title']?.stream).toBe('worker-hr-main.1');
    expect(result.losing).toEqual({ title: [{ connection: 'okta-main', value: 'Boss' }] });
  });

  it('lets a cleared value win, and a source that is not named never', () => {
    expect(canonical([source('okta-main', 'Boss'), source('hr-main', null)], { '*': ['hr-main', 'okta-main'] }).attributes).toEqual({
      title: null,
    });
    expect(canonical([source('okta-main', 'Boss')], { '*': ['hr-main'] })).toMatchObject({
      attributes: {},
      losing: { title: [{ value: 'Boss' }] },
    });
  });
});
