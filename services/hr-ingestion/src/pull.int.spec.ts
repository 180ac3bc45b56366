import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { lifecycleAt, recordAt, type Worker, workerCategory } from '@muster/identity';
import { Rig, until } from './testing/rig.ts';

const WORKER = 'urn:muster:scim:schemas:extension:worker:1.0:User';
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const DAY = 86_400_000;

let rig: Rig;

beforeAll(async () => {
  rig = await Rig.build(50);
  await rig.start();
  await rig.ended(0);
}, 90_000);
afterEach(async () => void (await rig.sandbox.admin('DELETE', '/faults')));
afterAll(() => rig.tearDown(), 60_000);

const day = (days: number): string => new Date(Date.now() + days * DAY).toISOString().slice(0, 10);

/** A person in HR. */
const hire = async (facts: object): Promise<string> => {
  const { key } = (await rig.sandbox.admin('POST', '/hr/workers', { givenName: 'New', familyName: 'Person', ...facts })) as { key: string };
  return key;
};
const change = (id: string, facts: object) => rig.sandbox.admin('PATCH', `/hr/workers/${encodeURIComponent(id)}`, facts);

/** Pokes, and waits until something is recorded of a worker that was not before. */
const heard = async (key: string, before = 0) => {
  await rig.ask('/pull/hr-main', 'POST');
  return until(`something new of ${key}`, async () => {
    const facts = await rig.factsOf(key);
    return facts.length > before ? facts : undefined;
  });
};
const workerOf = async (key: string): Promise<Worker> => {
  const [fact] = await rig.factsOf(key);
  return (await rig.store.load(workerCategory, fact?.stream ?? '')).state;
};
const stateOf = async (key: string, asOf: string) => lifecycleAt(await workerOf(key), asOf)?.state;
/** What holds at noon of a day. */
const recordOf = async (key: string, days: number) => recordAt(await workerOf(key), `${day(days)}T12:00:00Z`)?.record;

describe('the whole report', () => {
  it('A1: becomes one fact a worker, page by page, with a proof', async () => {
    const [completed] = await rig.reads('ReadCompleted');
    const counts = { counts: { users: 50 }, expected: { users: 50 }, differences: { created: 50, changed: 0, gone: 0 } };
    expect(completed?.data).toMatchObject({ complete: true, ...counts });
    const pages = await rig.reads('PageCommitted');
    expect(pages.map(({ data }) => [data['page'], data['items']].join(': '))).toEqual(['0: 20', '1: 20', '2: 10']);
    const facts = await rig.facts();
    expect(facts).toHaveLength(50);
    expect(new Set(facts.map(({ stream }) => stream)).size).toBe(50);
    const readId = (completed?.data['read'] as { readId: string } | undefined)?.readId;
    for (const { data } of facts) expect(data['delivery']).toMatchObject({ id: readId, read: 'full' });
  });

  it('A7: read a second time with its rows shuffled is no fact', async () => {
    const before = await rig.facts();
    await rig.sandbox.admin('POST', '/hr/report', { shuffle: 7 });
    expect(await rig.readWhole()).toMatchObject({ complete: true, differences: { created: 0, changed: 0, gone: 0 } });
    await rig.sandbox.admin('POST', '/hr/report', { shuffle: null });
    expect(await rig.facts()).toHaveLength(before.length);
  });
});

describe('what is written in HR', () => {
  it('is heard at the next poke, and by it alone: only what changed is read', async () => {
    const key = await hire({ title: 'Cook', hireDate: day(-3) });
    await heard(key);
    await change(key, { title: 'Chief', email: 'chief@kestrel.example', familyName: 'Renamed' });
    const facts = await heard(key, 1);
    expect(facts.at(-1)?.data['record']).toMatchObject({
      title: 'Chief',
      name: { familyName: 'Renamed' },
      emails: [{ value: 'chief@kestrel.example' }],
    });
    expect((await rig.requests()).filter(({ path }) => path.includes('updatedSince')).length).toBeGreaterThan(1);
    expect(await rig.reads('ReadStarted')).toHaveLength(2);
  });

  it('keeps both times: a hire to come, a late termination, a rescinded hire', async () => {
    const zone = 'Pacific/Auckland';
    const coming = await hire({ hireDate: day(30), timeZone: zone });
    const [hired] = await heard(coming);
    expect(Date.parse(String(hired?.metadata.occurredAt)) - Date.parse(String(hired?.recordedAt))).toBeGreaterThan(28 * DAY);
    expect(await stateOf(coming, new Date().toISOString())).toBe('preboarding');
    // Auckland's day begins half a day before that of UTC.
    expect(await stateOf(coming, `${day(29)}T12:30:00Z`)).toBe('active');
    await rig.sandbox.admin('POST', `/hr/workers/${coming}/rescind`);
    await heard(coming, 1);
    expect(await stateOf(coming, `${day(40)}T12:00:00Z`)).toBe('left');

    const late = await hire({ hireDate: day(-100) });
    await heard(late);
    await rig.sandbox.admin('POST', `/hr/workers/${late}/terminate`, { leaveDate: day(-20) });
    const facts = await heard(late, 1);
    expect(facts.at(-1)?.metadata.occurredAt).toBe(`${day(-20)}T00:00:00.000Z`);
    expect(Date.parse(facts.at(-1)?.recordedAt ?? '')).toBeGreaterThan(Date.now() - 60_000);
    expect(await stateOf(late, new Date().toISOString())).toBe('left');
  });

  it('A1: two employments, a rehire, a contractor with an end, apps and a manager nobody knows are one person each', async () => {
    const key = await hire({ hireDate: day(-100), title: 'Cook', employmentType: 'contractor', leaveDate: day(60), managerKey: 'E999999' });
    await heard(key);
    await hire({
      key,
      employment: `${key}-2`,
      primary: true,
      title: 'Pilot',
      hireDate: day(-1),
      apps: [{ app: 'crm', until: day(5), assignedBy: 'E9' }],
    });
    const both = await heard(key, 1);
    expect(new Set(both.map(({ stream }) => stream)).size).toBe(1);
    expect(both.at(-1)?.data['record']).toMatchObject({
      [WORKER]: { employment: { id: `${key}-2`, primary: true }, apps: [{ app: 'crm', until: day(5) }] },
    });
    await rig.sandbox.admin('POST', `/hr/workers/${encodeURIComponent(`${key}|${key}-2`)}/terminate`, { leaveDate: day(-1) });
    await heard(key, 2);
    expect(await stateOf(key, new Date().toISOString())).toBe('active');
    expect(await stateOf(key, `${day(62)}T12:00:00Z`)).toBe('left');
    await hire({ key, employment: `${key}-3`, hireDate: day(70) });
    await heard(key, 3);
    expect(await stateOf(key, `${day(62)}T12:00:00Z`)).toBe('preboarding');
    expect(await stateOf(key, `${day(71)}T12:00:00Z`)).toBe('active');
  });

  it('has a move to come stand beside what is in force, and what is corrected before it changes both', async () => {
    const key = await hire({ title: 'Cook', department: 'Kitchen', hireDate: day(-100) });
    await heard(key);
    await change(key, { title: 'Chief', effectiveFrom: day(30) });
    const [, move] = await heard(key, 1);
    expect(move?.metadata.occurredAt).toBe(`${day(30)}T00:00:00.000Z`);
    await change(key, { department: 'Galley' });
    await heard(key, 2);
    expect(await recordOf(key, 0)).toMatchObject({ title: 'Cook', [ENTERPRISE]: { department: 'Galley' } });
    expect(await recordOf(key, 29)).toMatchObject({ title: 'Cook' });
    expect(await recordOf(key, 31)).toMatchObject({ title: 'Chief', [ENTERPRISE]: { department: 'Galley' } });
    expect(await stateOf(key, `${day(31)}T12:00:00Z`)).toBe('active');
  });

  it('is one stream and one fact on both ways', async () => {
    const key = await hire({ hireDate: day(-1), title: 'Cook', email: 'both@kestrel.example', mobilePhone: '+49 1' });
    const { scim } = (await rig.sandbox.admin('GET', `/hr/workers/${key}`)) as { scim: object };
    const Operations = [{ method: 'POST', path: '/Users', bulkId: 'b1', data: scim }];
    const answer = await rig.ask('/bulk/hr-main', 'POST', { schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'], Operations });
    expect(answer).toMatchObject({ Operations: [{ status: '201' }] });
    const other = await hire({ hireDate: day(-1) });
    await heard(other);
    expect(await rig.factsOf(key)).toHaveLength(1);
  });
});

describe('pushes repeated and in any order', () => {
  it('end where those in order end, and where the report does', async () => {
    const keys = await Promise.all([1, 2, 3].map(() => hire({ title: 'Cook', hireDate: day(-100) })));
    for (const [turn, key] of keys.entries()) {
      await change(key, { title: 'Chief', effectiveFrom: day(30) });
      await change(key, { title: `Baker ${turn}` });
      await change(key, { mobilePhone: '+49 1', effectiveFrom: day(-10) });
    }
    await rig.sandbox.admin('POST', `/hr/workers/${keys[2]}/terminate`, { leaveDate: day(-5) });
    const bulk = { target: `${rig.service?.url}/bulk/hr-main`, token: rig.platform.settings.internalToken };
    const push = { ...bulk, ids: keys, versions: 'all', shuffle: true, repeat: 3, size: 7 };
    expect(await rig.sandbox.admin('POST', '/hr/push', { ...push, seed: 5 })).toMatchObject({ sent: 66, accepted: 66 });
    const told = await Promise.all(keys.map((key) => rig.factsOf(key)));
    expect(told.flat().some(({ type }) => type === 'WorkerRecordArrivedLate')).toBe(true);
    expect(await rig.sandbox.admin('POST', '/hr/push', { ...push, seed: 6 })).toMatchObject({ sent: 66, accepted: 66 });
    for (const [turn, key] of keys.entries()) {
      expect(await recordOf(key, 0)).toMatchObject({ title: `Baker ${turn}`, phoneNumbers: [{ value: '+49 1' }] });
      expect(await stateOf(key, new Date().toISOString())).toBe(turn === 2 ? 'left' : 'active');
    }
    expect(await Promise.all(keys.map((key) => rig.factsOf(key)))).toEqual(told);
    expect(await rig.readWhole()).toMatchObject({ complete: true, differences: { created: 0, changed: 0 } });
  });
});

describe('a record that states no worker', () => {
  it('H7: is refused alone, with record, field and remedy, and ends as a dead letter when it is mended', async () => {
    const bad = await hire({ hireDate: day(-1), row: { Hire_Date: 'tomorrow-ish', Worker_Status: 'Vanished' } });
    const good = await hire({ hireDate: day(-1) });
    await heard(good);
    const letter = await until('a dead letter', async () => (await rig.deadLetters())[0]);
    expect(letter).toMatchObject({ code: 'record.invalid', reference: expect.stringMatching(/^refused-record hr-main worker-hr-main\./) });
    expect(letter.message).toMatch(
      /row \d+ of what was changed last .*Worker_Status: expected one of Active.*Hire_Date: expected a date|Hire_Date: expected a date.*/,
    );
    expect(letter.remedy).toContain('Hire_Date');
    expect(JSON.stringify(letter)).not.toMatch(/tomorrow-ish|Vanished|Person/);
    expect(await rig.factsOf(bad)).toEqual([]);
    expect(await rig.readWhole()).toMatchObject({ complete: true });
    expect(await rig.deadLetters()).toHaveLength(1);
    await rig.sandbox.admin('PATCH', `/hr/workers/${bad}`, { title: 'Cook' });
    await heard(bad);
    await until('no dead letter', async () => ((await rig.deadLetters()).length === 0 ? true : undefined));
  }, 60_000);

  it('is read again when a person sends it again', async () => {
    const bad = await hire({ hireDate: day(-1), row: { Hire_Date: 'never' } });
    await rig.ask('/pull/hr-main', 'POST');
    const letter = await until('a dead letter', async () => (await rig.deadLetters())[0]);
    const before = (await rig.reads('ReadCompleted')).length;
    await rig.ask(`/dead-letters/${letter.id}/retry`, 'POST');
    await rig.ended(before);
    const again = await until('it is refused again', async () => (await rig.deadLetters())[0]);
    expect(again.message).toMatch(/row \d+ of page \d+ of the report/);
    await change(bad, { title: 'Cook' });
    expect(await rig.readWhole()).toMatchObject({ complete: true });
    await until('no dead letter', async () => ((await rig.deadLetters()).length === 0 ? true : undefined));
  }, 60_000);
});

describe('an absence', () => {
  it.each([
    ['short-page', {}],
    ['empty-file', {}],
    ['empty-page', { times: 100 }],
    ['cut-rows', { times: 3 }],
    ['repeat-page', {}],
  ])(
    'A8: proves nothing in a report with %s: it is not complete, and nobody leaves',
    async (kind, more) => {
      const before = (await rig.facts()).length;
      await rig.fault({ id: `absence-${kind}`, kind, times: 1, path: '^/reports/workers.json$', ...more });
      const completed = await rig.readWhole();
      expect(await rig.fired(`absence-${kind}`)).toBeGreaterThan(0);
      await rig.sandbox.admin('DELETE', '/faults');
      // What is not even a page is asked for again, and then the report is whole.
      expect(completed.complete).toBe(kind === 'empty-file');
      expect(await rig.facts()).toHaveLength(before);
    },
    40_000,
  );

  it('of somebody in a whole report is counted and ends nobody', async () => {
    const data = {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
      externalId: 'P1',
      name: { givenName: 'A', familyName: 'B' },
      [WORKER]: { hireDate: day(-1), status: 'active' },
    };
    await rig.ask('/bulk/hr-main', 'POST', {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
      Operations: [{ method: 'POST', path: '/Users', bulkId: 'b1', data }],
    });
    expect(await rig.readWhole()).toMatchObject({ complete: true, differences: { gone: 1 } });
    expect(await stateOf('P1', new Date().toISOString())).toBe('active');
    expect(await rig.factsOf('P1')).toHaveLength(1);
  });
});

describe('a report that cannot be had', () => {
  it.each([
    ['5xx', { kind: 'status', status: 503 }],
    ['a 429', { kind: 'throttle' }],
    ['a file that was cut', { kind: 'cut-file' }],
    ['a connection that was reset', { kind: 'lost-before' }],
    ['an answer that never comes', { kind: 'hang' }],
  ])(
    'for %s is tried again, and goes on where it was',
    async (_what, rule) => {
      const before = (await rig.reads('PageCommitted')).length;
      await rig.fault({ id: 'trouble', ...rule, times: 1, skip: 1 });
      expect(await rig.readWhole()).toMatchObject({ complete: true });
      expect(await rig.fired('trouble')).toBeGreaterThan(0);
      const pages = (await rig.reads('PageCommitted')).slice(before);
      expect(new Set(pages.map(({ data }) => data['readId'])).size).toBe(1);
      expect(await rig.reads('ReadFailed')).toEqual([]);
    },
    40_000,
  );

  it('for a place that has expired begins anew', async () => {
    await rig.fault({ id: 'wait', kind: 'status', status: 503, times: 4, skip: 1 });
    const before = (await rig.reads('ReadCompleted')).length;
    await rig.ask('/pull/hr-main?whole=true', 'POST');
    await until('the fault has fired', async () => ((await rig.fired('wait')) > 0 ? true : undefined));
    await rig.sandbox.admin('POST', '/hr/report', { expireCursors: true });
    await rig.sandbox.admin('DELETE', '/faults');
    expect(await rig.ended(before)).toMatchObject({ complete: true });
    expect((await rig.reads('ReadFailed')).at(-1)?.data).toMatchObject({ fault: { code: 'connection.watermark_invalid' } });
  }, 40_000);

  it('quarantines its connection when the credential is refused, which the status says until it is taken again', async () => {
    await rig.fault({ id: 'denied', kind: 'status', status: 401 });
    const before = (await rig.reads('ReadCompleted')).length;
    await rig.ask('/pull/hr-main?whole=true', 'POST');
    const quarantined = await until('it is quarantined', async () => (await rig.quarantined())[0]);
    expect(quarantined).toMatchObject({ connection: 'hr-main', fault: { code: 'connection.unauthorised', kind: 'unauthorised' } });
    expect(await rig.reads('ReadCompleted')).toHaveLength(before);
    await rig.sandbox.admin('DELETE', '/faults');
    expect(await rig.ended(before)).toMatchObject({ complete: true });
    expect(await rig.fired('denied')).toBeGreaterThan(0);
    await until('it is quarantined no more', async () => ((await rig.quarantined()).length === 0 ? true : undefined));
  }, 40_000);
});
