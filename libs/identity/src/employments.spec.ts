import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { attributesOf } from './attributes.ts';
import { appsAt, employmentsAt, recordAt } from './employments.ts';
import { identityCategory, followWorker, type IdentityEvent } from './identity.ts';
import { lifecycleAt } from './lifecycle.ts';
import { given, testUuid, workerRecord } from './testing.ts';
import { recordWorker, workerCategory, type Worker, type WorkerEvent } from './worker.ts';

interface Said {
  readonly version?: number;
  readonly from?: string;
  readonly title?: string | null;
  readonly department?: string;
  readonly worker?: object;
}

const stated = ({ version, from = '2026-03-01', title, department, worker = {} }: Said) => ({
  connection: 'hr-main',
  workerKey: '1001',
  sourceKey: JSON.stringify([version, from, title, department, worker]),
  effectiveFrom: from,
  record: workerRecord({ ...(title === undefined ? {} : { title }), ...(department === undefined ? {} : { department }), worker }),
  ...(version === undefined ? {} : { recordVersion: version }),
});

const said = (...records: Said[]): WorkerEvent[] =>
  records.reduce<WorkerEvent[]>((past, record) => [...past, ...given(workerCategory, past).when(recordWorker(stated(record)))], []);
const hear = (...records: Said[]): Worker => given(workerCategory, said(...records)).state;
const attributeAt = (worker: Worker, asOf: string, name: 'title' | 'department') =>
  attributesOf(recordAt(worker, `${asOf}T12:00:00Z`)?.record ?? workerRecord())[name];
const stateAt = (worker: Worker, asOf: string) => lifecycleAt(worker, `${asOf}T12:00:00Z`)?.state;

describe('a record with an effective date', () => {
  it('stands for its own date, whatever is corrected before it', () => {
    const worker = hear(
      { version: 1, title: 'Chief' },
      { version: 2, from: '2026-04-01', title: 'Captain' },
      { version: 3, from: '2026-03-05', department: 'Ships' },
    );
    expect(attributeAt(worker, '2026-03-10', 'title')).toBe('Chief');
    expect(attributeAt(worker, '2026-03-10', 'department')).toBe('Ships');
    expect(attributeAt(worker, '2026-04-02', 'title')).toBe('Captain');
    expect(attributeAt(worker, '2026-04-02', 'department')).toBe('Ships');
  });

  it('gives way to a whole record that is newer and effective before it', () => {
    const worker = hear(
      { version: 1, title: 'Chief' },
      { version: 2, from: '2026-04-01', title: 'Captain' },
      { version: 3, from: '2026-03-05', title: 'Boatswain' },
    );
    expect(attributeAt(worker, '2026-04-02', 'title')).toBe('Boatswain');
  });

  it('counts although a newer one for a later date was heard before it', () => {
    const worker = hear({ version: 4, from: '2026-04-01', title: 'Captain' }, { version: 3, from: '2026-03-05', title: 'Boatswain' });
    expect(attributeAt(worker, '2026-03-10', 'title')).toBe('Boatswain');
    expect(attributeAt(worker, '2026-04-02', 'title')).toBe('Captain');
  });

  it('E5: ends in the same state in whatever order whole records arrive, repeats included', () => {
    const day = fc.integer({ min: 5, max: 20 }).map((number) => `2026-03-${String(number).padStart(2, '0')}`);
    const records = fc
      .array(day, { minLength: 1, maxLength: 6 })
      .map((days) => days.map((from, index) => ({ version: index + 1, from, title: `t${index + 1}` })));
    fc.assert(
      fc.property(
        records.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray([...all, ...all], { minLength: all.length * 2 }))),
        ([inOrder, shuffled]) => {
          const titles = (worker: Worker) =>
            Array.from({ length: 17 }, (_, index) => attributeAt(worker, `2026-03-${String(index + 5).padStart(2, '0')}`, 'title'));
          expect(titles(hear(...shuffled))).toEqual(titles(hear(...inOrder)));
        },
      ),
    );
  });

  it('is the same record on whichever way it comes: what a version has said already yields nothing', () => {
    const known = stated({ version: 2, title: 'Chief', department: 'Ships' });
    const sparser = { ...stated({ version: 2, title: 'Chief' }), sourceKey: 'of the report' };
    expect(given(workerCategory, [{ type: 'WorkerRecorded', data: known }]).when(recordWorker(sparser))).toEqual([]);
    const other = { ...sparser, record: workerRecord({ title: 'Cook' }) };
    expect(given(workerCategory, [{ type: 'WorkerRecorded', data: known }]).when(recordWorker(other))).toHaveLength(1);
  });

  it('without versions is a repeat as long as it stands', () => {
    const [now, later] = [{ title: 'Chief' }, { from: '2026-04-01', title: 'Captain' }];
    expect(said(now, later, now, later)).toHaveLength(2);
  });
});

describe('the dates of a worker', () => {
  it('C2: a hire to come is preboarding until it begins, and none once it is rescinded', () => {
    const hire = { version: 1, from: '2026-05-01', worker: { hireDate: '2026-05-01', timeZone: 'Asia/Tokyo' } };
    expect(stateAt(hear(hire), '2026-03-10')).toBe('preboarding');
    expect(lifecycleAt(hear(hire), '2026-03-10T12:00:00Z')?.nextDue).toBe('2026-04-30T15:00:00.000Z');
    const rescinded = hear(hire, { version: 2, from: '2026-03-10', worker: { hireDate: '2026-05-01', status: 'rescinded' } });
    expect(stateAt(rescinded, '2026-03-10')).toBe('left');
    expect(stateAt(rescinded, '2026-05-02')).toBe('left');
  });

  it('a late termination holds from its own date, and what HR had planned behind it is over too', () => {
    const worker = hear(
      { version: 1, title: 'Chief' },
      { version: 2, from: '2026-04-01', title: 'Captain' },
      { version: 3, from: '2026-03-03', worker: { status: 'terminated', leaveDate: '2026-03-03' } },
    );
    expect(stateAt(worker, '2026-03-10')).toBe('left');
    expect(stateAt(worker, '2026-04-02')).toBe('left');
  });

  it('a termination to come leaves a worker at work until then, even if it is the first that is heard of them', () => {
    const worker = hear({ version: 7, from: '2026-04-01', worker: { hireDate: '2020-01-01', status: 'terminated' } });
    expect(stateAt(worker, '2026-03-31')).toBe('active');
    expect(stateAt(worker, '2026-04-01')).toBe('left');
    expect(lifecycleAt(worker, '2026-03-10T00:00:00Z')?.nextDue).toBe('2026-04-01T00:00:00.000Z');
  });

  it('a termination that is taken back leaves nothing behind', () => {
    const past = [{ version: 1 }, { version: 2, from: '2026-04-01', worker: { status: 'terminated', leaveDate: '2026-04-01' } }];
    const worker = hear(...past, { version: 3, from: '2026-03-10', worker: { status: 'active', leaveDate: null } });
    expect(stateAt(worker, '2026-04-02')).toBe('active');
  });

  it('a contractor leaves after the end date, which is the last day', () => {
    const worker = hear({ version: 1, worker: { employmentType: 'contractor', leaveDate: '2026-06-30', timeZone: 'America/Los_Angeles' } });
    expect(lifecycleAt(worker, '2026-07-01T06:59:00Z')?.state).toBe('active');
    expect(lifecycleAt(worker, '2026-07-01T07:00:00Z')?.state).toBe('left');
  });
});

describe('a person with several employments', () => {
  const employed = (id: string, more: Said & { primary?: boolean } = {}): Said => {
    const { primary, worker, ...rest } = more;
    return { ...rest, worker: { employment: { id, ...(primary === undefined ? {} : { primary }) }, ...worker } };
  };

  it('is what the primary one says while both are in force', () => {
    const worker = hear(employed('a', { version: 1, title: 'Cook' }), employed('b', { version: 2, title: 'Pilot', primary: true }));
    expect(attributeAt(worker, '2026-03-10', 'title')).toBe('Pilot');
    expect(employmentsAt(worker, '2026-03-10T00:00:00Z').map(({ id }) => id)).toEqual(['b', 'a']);
  });

  it('has left only when all are over: the one in force decides, whichever is primary', () => {
    const both = [employed('a', { version: 1, title: 'Cook' }), employed('b', { version: 2, title: 'Pilot', primary: true })];
    const endOf = (id: string, version: number, primary?: boolean) =>
      employed(id, { version, from: '2026-03-04', ...(primary === undefined ? {} : { primary }), worker: { status: 'terminated' } });
    expect(stateAt(hear(...both, endOf('b', 3, true)), '2026-03-10')).toBe('active');
    expect(attributeAt(hear(...both, endOf('b', 3, true)), '2026-03-10', 'title')).toBe('Cook');
    expect(stateAt(hear(...both, endOf('b', 3, true), endOf('a', 4)), '2026-03-10')).toBe('left');
  });

  it('keeps the dates of each: a version of one is never late because of another', () => {
    expect(said(employed('a', { version: 9 }), employed('b', { version: 1 })).map(({ type }) => type)).toEqual([
      'WorkerRecorded',
      'WorkerRecorded',
    ]);
  });

  it('C13: comes back under a new employment, as to come and then as active', () => {
    const identityId = testUuid('1001');
    const past = [employed('a', { version: 5 }), employed('a', { version: 6, from: '2026-03-04', worker: { status: 'terminated' } })];
    const rehire = employed('b', { version: 1, from: '2026-05-01', worker: { hireDate: '2026-05-01' } });
    const follow = (known: readonly IdentityEvent[], worker: Worker, asOf: string) => {
      const lifecycle = lifecycleAt(worker, `${asOf}T12:00:00Z`);
      if (lifecycle === undefined) throw new Error('no record');
      const facts = {
        identityId,
        source: { connection: 'hr-main', stream: 'worker-hr-main.w1' },
        lifecycle,
        canonical: { attributes: {}, provenance: {}, losing: {} },
      };
      return [...known, ...given(identityCategory, known).when(followWorker(facts))];
    };
    const left = follow([], hear(...past), '2026-03-10');
    const back = follow(left, hear(...past, rehire), '2026-03-11');
    expect(back.at(-1)).toMatchObject({
      type: 'IdentityLifecycleChanged',
      data: { state: 'preboarding', startsOn: '2026-05-01', reopened: true },
    });
    expect(follow(back, hear(...past, rehire), '2026-05-01').at(-1)).toMatchObject({ data: { state: 'active' } });
  });

  it('ends in the same state whichever employment is heard of first', () => {
    const all = [
      employed('a', { version: 1, title: 'Cook' }),
      employed('b', { version: 1, title: 'Pilot' }),
      employed('c', { version: 1, worker: { status: 'onLeave' } }),
    ];
    const titles = [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
    ].map((order) => attributeAt(hear(...order.flatMap((index) => all[index] ?? [])), '2026-03-10', 'title'));
    expect(titles).toEqual(['Cook', 'Cook', 'Cook']);
  });
});

describe('the apps of a record', () => {
  const apps = (...items: object[]) => ({ version: 1, worker: { apps: items, timeZone: 'Europe/Berlin' } });

  it('hold until the end of their last day, and the person is looked at again then', () => {
    const worker = hear(apps({ app: 'crm', until: '2026-03-10', assignedBy: 'E9' }, { app: 'wiki', assignedBy: 'E9' }));
    expect(appsAt(worker, '2026-03-10T22:59:00Z').map(({ app }) => app)).toEqual(['crm', 'wiki']);
    expect(appsAt(worker, '2026-03-10T23:00:00Z').map(({ app }) => app)).toEqual(['wiki']);
    expect(lifecycleAt(worker, '2026-03-05T00:00:00Z')?.nextDue).toBe('2026-03-10T23:00:00.000Z');
  });

  it('are none for whoever has left', () => {
    const worker = hear({ version: 1, worker: { apps: [{ app: 'crm', assignedBy: 'E9' }], status: 'terminated' } });
    expect(appsAt(worker, '2026-03-10T00:00:00Z')).toEqual([]);
  });
});
