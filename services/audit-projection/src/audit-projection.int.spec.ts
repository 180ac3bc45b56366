import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Why } from './explain-value.ts';
import { readHistory } from './person-history.ts';
import type { AsOf } from './show-as-of.ts';
import { LONGEST_TIMELINE, type Timeline } from './show-timeline.ts';
import { Hire, record } from './testing/hire.ts';
import { groupGone, org } from './testing/org.ts';
import { RunningAudit } from './testing/running-audit.ts';

let audit: RunningAudit;
const ada = new Hire(1);
const leaver = new Hire(2);
let ids: string[];

const ask = async <T>(path: string, query?: Record<string, string>): Promise<T> => {
  const { status, body } = await audit.ask(path, query);
  if (status !== 200) throw new Error(`${path} answered ${status}: ${JSON.stringify(body)}`);
  return body as T;
};

beforeAll(async () => {
  audit = await RunningAudit.start();
  const { store } = audit.platform;
  await record(store, org('2026-03-01T12:00:00.000Z'));
  ids = await record(store, [...ada.wholeRoad(), ...ada.promotion('Lead', '2026-04-10', 2)]);
  await record(store, [...leaver.wholeRoad(), ...leaver.gone('2026-05-01T10:00:00.000Z')]);
  await audit.caughtUpWith(leaver.account);
}, 60_000);

afterAll(() => audit.stop(), 30_000);

const timelineOf = (person: string) => ask<Timeline>(`/timeline/${person}`);
const asOf = (person: string, date: string, known?: string) => ask<AsOf>(`/as-of/${person}`, { date, ...(known ? { known } : {}) });
const why = (person: string, attribute: string, connection?: string) =>
  ask<Why>(`/explain/${person}/${encodeURIComponent(attribute)}`, connection ? { connection } : {});

describe('a timeline', () => {
  it('shows every event of the person in the order of the store, from the record to the confirming read', async () => {
    const { entries, cut, person } = await timelineOf(ada.key);
    expect(entries.map(({ eventId }) => eventId)).toEqual(ids);
    expect(cut).toBe(false);
    expect(person).toEqual({ identityId: ada.identityId, employeeNumber: ada.key, displayName: ada.displayName });
  });

  it('says in words what each event means', async () => {
    const { entries } = await timelineOf(ada.key);
    expect(entries.map(({ summary }) => summary)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^hr-main: record of worker emp-0001 version 1, effective 2026-03-02 \(.*title: Engineer/),
        expect.stringMatching(
          /^plan: okta-main: create account \(login, employeeNumber, title; 3 fields\); okta-main: grant group Engineering \(00g1\)$/,
        ),
        'okta-main: created account 00u0001 (login, employeeNumber, title; 3 fields)',
        'okta-main: granted group Engineering (00g1)',
        'okta-main: set title to Lead',
        'okta-main: fetch confirmed profile, status, groups of account 00u0001',
      ]),
    );
  });

  it('names the cause of an event where one is recorded', async () => {
    const { entries } = await timelineOf(ada.key);
    expect(entries.at(1)?.causationId).toBe(ids[0]);
    expect(entries.at(1)?.cause).toEqual({ type: 'WorkerRecorded', stream: entries[0]?.stream, revision: entries[0]?.revision });
  });

  it('ends where the projection stands, in every stream', async () => {
    const { store } = audit.platform;
    const all = (await readHistory(store, ada.identityId, { upTo: String(Number.MAX_SAFE_INTEGER) })).events;
    // Before the second event nobody is known by this id: the record alone names no person.
    for (const [index, { position }] of [...all.entries()].slice(1))
      for (const newest of [undefined, 3]) {
        const { events } = await readHistory(store, ada.identityId, { upTo: position, ...(newest === undefined ? {} : { newest }) });
        const wanted = all.slice(0, index + 1);
        expect(events.map(({ id }) => id)).toEqual(wanted.slice(newest === undefined ? 0 : -newest).map(({ id }) => id));
      }
  });

  it('keeps an account that was unlinked', async () => {
    const { entries } = await timelineOf(leaver.key);
    expect(entries.filter(({ stream }) => stream === leaver.account).map(({ type }) => type)).toContain('AccountDeleted');
  });

  it('holds the newest events only and says so when there are too many', async () => {
    const busy = new Hire(9);
    const { store } = audit.platform;
    await record(store, busy.wholeRoad());
    const { type, data, occurredAt } = busy.confirmed('2026-03-03T08:00:00.000Z');
    const metadata = { correlationId: 'many', occurredAt, schema: 'muster:source/account-confirmed.v1', actor: 'test' };
    for (let batch = 0; batch < LONGEST_TIMELINE / 500; batch += 1)
      await store.append(
        busy.account,
        Array.from({ length: 500 }, () => ({ type, data, metadata })),
        'any',
      );
    await audit.caughtUpWith(busy.account);
    const { entries, cut } = await timelineOf(busy.key);
    expect(entries).toHaveLength(LONGEST_TIMELINE);
    expect(cut).toBe(true);
    expect(new Set(entries.map(({ type: shown }) => shown))).toEqual(new Set(['AccountConfirmed']));
  }, 60_000);
});

describe('a person at a past date', () => {
  it('has the attributes and the access of that day', async () => {
    const then = await asOf(ada.key, '2026-03-15');
    expect(then).toMatchObject({
      lifecycle: 'active',
      login: ada.login,
      attributes: { title: 'Engineer' },
      asOf: '2026-03-15T23:59:59.999Z',
      notes: [],
    });
    expect(then.accounts).toMatchObject([
      {
        connection: 'okta-main',
        accountId: ada.accountId,
        enabled: true,
        profile: { title: 'Engineer' },
        entitlements: [{ kind: 'group', id: '00g1', name: 'Engineering' }],
      },
    ]);
    expect(await asOf(ada.key, '2026-04-15')).toMatchObject({ attributes: { title: 'Lead' }, accounts: [{ profile: { title: 'Lead' } }] });
  });

  it('is what was known at the other date', async () => {
    const { entries } = await timelineOf(ada.key);
    const promoted = entries.find(({ summary }) => summary.includes('title: Lead'));
    const before = new Date(Date.parse(promoted?.recordedAt ?? '') - 1).toISOString();
    expect(await asOf(ada.key, '2026-04-15', before)).toMatchObject({ knownAt: before, attributes: { title: 'Engineer' } });
    expect(await asOf(ada.key, '2026-04-15', '2026-01-01')).toMatchObject({ lifecycle: 'unknown', attributes: {}, accounts: [] });
  });

  it('is unknown, not without access, before the first complete read', async () => {
    const { accounts, notes } = await asOf(ada.key, '2026-02-01');
    expect(accounts).toEqual([]);
    expect(notes).toContainEqual({ connection: 'okta-main', note: expect.stringContaining('unknown') });
    expect((await asOf(ada.key, '2026-03-15')).notes).toEqual([]);
  });

  it('still has an account that was deleted later, and has it as deleted afterwards', async () => {
    expect((await asOf(leaver.key, '2026-04-01')).accounts).toMatchObject([{ enabled: true, entitlements: [{ id: '00g1' }] }]);
    expect((await asOf(leaver.key, '2026-05-02')).accounts).toMatchObject([
      { accountId: leaver.accountId, status: 'deleted', enabled: false, entitlements: [] },
    ]);
  });

  it('is not a member of a group that was deleted by then', async () => {
    await record(audit.platform.store, [groupGone('2026-06-01T10:00:00.000Z')]);
    await audit.caughtUpWith('group-okta-main.00g1');
    expect((await asOf(ada.key, '2026-06-02')).accounts[0]?.entitlements).toEqual([]);
    expect((await asOf(ada.key, '2026-05-31')).accounts[0]?.entitlements).toMatchObject([
      { kind: 'group', id: '00g1', name: 'Engineering' },
    ]);
  });

  it('is refused for a date that is none', async () => {
    const { status, body } = await audit.ask(`/as-of/${ada.key}`, { date: '2026-02-30' });
    expect({ status, code: body['code'] }).toEqual({ status: 400, code: 'http.request_invalid' });
  });
});

describe('an explanation', () => {
  const expectCited = async (answer: Why): Promise<void> => {
    const links = answer.chains.flatMap((chain) => chain.links);
    expect(links.length).toBeGreaterThan(0);
    for (const { stream, revision, eventId } of links) {
      const found: string[] = [];
      for await (const { id } of audit.platform.store.readStream(stream, { from: revision, max: 1 })) found.push(id);
      expect(found).toEqual([eventId]);
    }
  };

  it('goes from the record over decision, flow and plan to each call and the read that confirms it', async () => {
    const answer = await why(ada.key, 'title');
    const okta = answer.chains.find(({ connection }) => connection === 'okta-main');
    expect(okta?.value).toBe('Lead');
    expect(okta?.links.map(({ what, stream }) => [what, stream])).toEqual([
      ['record', ada.worker],
      ['identity', ada.identity],
      ['flow', 'flow-joiner'],
      ['plan', ada.plan],
      ['attempt', ada.provisioning],
      ['attempt', ada.provisioning],
      ['read', ada.account],
    ]);
    expect(okta?.links[2]?.text).toBe('joiner version 1, step okta-account: identity.title');
    await expectCited(answer);
  });

  it('tells why somebody is a member, by the name of the group', async () => {
    const answer = await why(ada.key, 'group:Engineering');
    expect(answer.chains).toMatchObject([{ connection: 'okta-main', value: true }]);
    expect(answer.chains[0]?.links.map(({ what }) => what)).toEqual(['record', 'identity', 'flow', 'plan', 'attempt', 'read', 'read']);
    await expectCited(answer);
  });

  it('tells why an account can be used, and where the login comes from', async () => {
    const status = await why(ada.key, 'status');
    expect(status.chains).toMatchObject([{ connection: 'okta-main', value: true }]);
    expect(status.chains[0]?.links.map(({ what }) => what)).toEqual(['record', 'identity', 'flow', 'plan', 'attempt', 'read']);
    await expectCited(status);
    const login = await why(ada.key, 'login');
    expect(login.chains.map(({ connection, value }) => [connection, value])).toEqual([
      ['identity', ada.login],
      ['okta-main', `${ada.login}@example.com`],
    ]);
    await expectCited(login);
  });

  it('keeps to one connection if asked, and to what is recorded', async () => {
    expect((await why(ada.key, 'title', 'okta-main')).chains.map(({ connection }) => connection)).toEqual(['okta-main']);
    expect((await why(ada.key, 'title', 'entra-main')).chains).toEqual([]);
    expect((await why(ada.key, 'group:Nobody')).chains).toEqual([]);
  });
});

describe('the connections', () => {
  it('are kept when the file names them no more', async () => {
    const at = '2026-03-05T12:00:00.000Z';
    const data = { connection: 'okta-old', source: 'log' as const, watermark: at, readAt: at };
    await record(audit.platform.store, [{ stream: 'read-okta-old', type: 'WatermarkAdvanced', data, occurredAt: at }]);
    await audit.caughtUpWith('read-okta-old');
    const { connections } = await ask<{ connections: Record<string, unknown>[] }>('/connections');
    expect(connections.at(-1)).toMatchObject({
      connection: 'okta-old',
      kind: 'unknown',
      state: 'unknown',
      lastCompleteRead: null,
      lastRead: at,
    });
  });

  it('say how fresh they are', async () => {
    const { connections } = await ask<{ connections: Record<string, unknown>[] }>('/connections');
    expect(connections.slice(0, 2)).toEqual([
      {
        connection: 'hr-main',
        kind: 'hr',
        state: 'observe',
        lastCompleteRead: null,
        lastRead: null,
        watermarks: {},
        note: expect.any(String),
      },
      {
        connection: 'okta-main',
        kind: 'okta',
        state: 'observe',
        lastCompleteRead: '2026-03-01T12:00:00.000Z',
        lastRead: '2026-03-01T12:00:00.000Z',
        watermarks: { log: { watermark: '2026-03-01T12:00:00.000Z', readAt: '2026-03-01T12:00:00.000Z', ageSeconds: expect.any(Number) } },
      },
    ]);
  });
});
