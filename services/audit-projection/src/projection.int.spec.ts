import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { messagingTables, type Message } from '@muster/messaging';
import { openReadStore } from '@muster/read-store';
import { countEvents, indexEvents } from './index-events.ts';
import { auditTables } from './tables.ts';
import { Hire, record } from './testing/hire.ts';
import { org } from './testing/org.ts';
import { RunningAudit } from './testing/running-audit.ts';

let audit: RunningAudit;
const ada = new Hire(1);
const leaver = new Hire(2);

const ask = async <T>(path: string, query?: Record<string, string>): Promise<T> => {
  const { status, body } = await audit.ask(path, query);
  if (status !== 200) throw new Error(`${path} answered ${status}: ${JSON.stringify(body)}`);
  return body as T;
};

beforeAll(async () => {
  audit = await RunningAudit.start();
  const { store } = audit.platform;
  await record(store, org('2026-03-01T12:00:00.000Z'));
  await record(store, [...ada.wholeRoad(), ...ada.promotion('Lead', '2026-04-10', 2)]);
  await record(store, [...leaver.wholeRoad(), ...leaver.gone('2026-05-01T10:00:00.000Z')]);
  await audit.caughtUpWith(leaver.account);
}, 60_000);

afterAll(() => audit.stop(), 30_000);

describe('a person who is asked for', () => {
  it.each([
    ['identity id', ada.identityId],
    ['employee number', ada.key],
    ['login', ada.login],
    ['login with domain', `${ada.login.toUpperCase()}@example.com`],
    ['work email', `${ada.login}@MAIL.example`],
    ['display name', ada.displayName],
    ['account id', ada.accountId],
  ])('is found by %s', async (_by, asked) => {
    expect(await ask(`/people/${encodeURIComponent(asked)}`)).toMatchObject({
      identityId: ada.identityId,
      upTo: { position: expect.any(String) },
    });
  });

  it.each(['nobody', `${ada.login}@elsewhere.example`, '%', 'account-%'])(
    'is not found by %s, and the refusal says what to do',
    async (asked) => {
      const { status, body } = await audit.ask(`/people/${encodeURIComponent(asked)}`);
      expect({ status, code: body['code'], remedy: typeof body['remedy'] }).toEqual({
        status: 404,
        code: 'person.unknown',
        remedy: 'string',
      });
    },
  );

  it('is asked back if several match', async () => {
    const [one, other] = [new Hire(21), new Hire(22)];
    const named = (hire: Hire) =>
      hire.wholeRoad().map((event) => {
        if (event.type !== 'IdentityAttributesChanged') return event;
        return { ...event, data: { ...event.data, attributes: { ...event.data.attributes, displayName: 'Same Name' } } };
      });
    await record(audit.platform.store, [...named(one), ...named(other)]);
    await audit.caughtUpWith(other.account);
    const { status, body } = await audit.ask('/timeline/Same%20Name');
    expect({ status, code: body['code'] }).toEqual({ status: 409, code: 'person.ambiguous' });
    expect(body['problems']).toMatchObject([{ record: one.identityId }, { record: other.identityId }]);
  });
});

describe('the projection', () => {
  it('gives the same answers after its tables were dropped and made again', async () => {
    const questions = () =>
      Promise.all([
        ask(`/timeline/${ada.key}`),
        ask(`/as-of/${ada.key}`, { date: '2026-04-15', known: '2026-12-31' }),
        ask(`/explain/${ada.key}/title`),
        ask(`/timeline/${leaver.login}`),
        ask('/status'),
        ask(`/people/${leaver.accountId}`),
      ]);
    const before = await questions();
    await audit.restart(async () => {
      const admin = await openReadStore({ url: audit.databaseUrl, schema: 'cleaner' });
      await sql`drop schema audit_projection cascade`.execute(admin.db);
      await admin.close();
    });
    const { upTo } = before[4] as { upTo: { position: string } };
    await audit.reaches(upTo.position);
    expect(await questions()).toEqual(before);
  }, 60_000);

  it('counts each event once', async () => {
    const { store } = audit.platform;
    let events = 0;
    for await (const { stream } of store.readAll()) if (!stream.startsWith('flow-')) events += 1;
    expect(await ask('/status')).toMatchObject({ counts: { identities: 4, accounts: 4, groups: 1, events }, dead: 0 });
  });
});

describe('a batch that comes twice', () => {
  it('is counted once', async () => {
    const database = await openReadStore({ url: audit.databaseUrl, schema: 'twice', migrations: [...messagingTables, ...auditTables] });
    const message: Message = {
      topic: 'muster.source.events.v1',
      key: ada.worker,
      stream: ada.worker,
      revision: 0,
      position: '7',
      id: 'event-1',
      type: 'WorkerRecorded',
      occurredAt: '2026-03-02T00:00:00.000Z',
      recordedAt: '2026-03-02T00:00:00.000Z',
      correlationId: 'c',
      data: {},
    };
    try {
      for (const batch of [[message], [message, { ...message, revision: 1, position: '8', id: 'event-2' }]])
        await indexEvents(database.db, batch);
      expect(await countEvents(database.db)).toEqual(
        new Map([
          ['events', 2],
          ['worker', 1],
        ]),
      );
    } finally {
      await database.close();
    }
  });
});

describe('an erased person', () => {
  const gone = new Hire(31);
  const values = [gone.key, gone.login, gone.displayName, 'Byron', 'Engineer'];

  beforeAll(async () => {
    const { store } = audit.platform;
    await record(store, gone.wholeRoad());
    await audit.caughtUpWith(gone.account);
    expect(await ask(`/people/${gone.key}`)).toMatchObject({ displayName: gone.displayName });
    await audit.keyRing.destroy([gone.worker, gone.identity, gone.account]);
    store.personalFields.forgetKeys();
    const data = { identityId: gone.identityId, erasure: 'erasure-1' };
    await record(store, [{ stream: gone.identity, type: 'IdentityErased', data, occurredAt: '2026-07-01T00:00:00.000Z' }]);
    await audit.caughtUpWith(gone.identity);
  }, 30_000);

  it('is found by the identity id only', async () => {
    expect(await ask(`/people/${gone.identityId}`)).toMatchObject({ identityId: gone.identityId });
    for (const asked of [gone.key, gone.login, `${gone.login}@mail.example`, gone.displayName])
      expect((await audit.ask(`/people/${encodeURIComponent(asked)}`)).status).toBe(404);
  });

  it('keeps a timeline, a past and explanations without a personal value', async () => {
    const timeline = await ask<{ entries: object[] }>(`/timeline/${gone.identityId}`);
    const then = await ask<Record<string, unknown>>(`/as-of/${gone.identityId}`, { date: '2026-03-15' });
    const answers = JSON.stringify([
      timeline,
      then,
      await ask(`/explain/${gone.identityId}/title`),
      await ask(`/explain/${gone.identityId}/status`),
      await ask(`/explain/${gone.identityId}/group:Engineering`),
    ]);
    for (const value of values) expect(answers.replaceAll('Engineering', '')).not.toContain(value);
    expect(timeline.entries).toHaveLength(gone.wholeRoad().length + 1);
    expect(then['accounts']).toMatchObject([{ accountId: gone.accountId, profile: {}, entitlements: [{ id: '00g1' }] }]);
    expect(then['notes']).toContainEqual({ note: expect.stringContaining('erased') });
  });

  it('leaves nothing in the tables', async () => {
    const { body } = await audit.ask('/status');
    expect(body).toMatchObject({ dead: 0 });
    const reader = await openReadStore({ url: audit.databaseUrl, schema: 'reader' });
    try {
      const { rows } = await sql`select * from audit_projection.person where identity_id = ${gone.identityId}`.execute(reader.db);
      expect(rows).toEqual([{ identity_id: gone.identityId, employee_number: null, login: null, email: null, display_name: null }]);
    } finally {
      await reader.close();
    }
  });
});
