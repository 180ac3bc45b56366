import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Command, streamOf } from '@muster/contracts';
import { openReadStore } from '@muster/read-store';
import { sql } from 'kysely';
import type { CommandsAnswer } from './show-commands.ts';
import type { SendingStatus } from './status.ts';
import { command, type OktaUser, Rig, until } from './testing/rig.ts';

let rig: Rig;
let users: OktaUser[];

beforeAll(async () => {
  rig = await Rig.build();
  users = (await rig.oktaUsers()).filter(({ status }) => status === 'ACTIVE');
  await rig.start();
}, 90_000);
afterEach(() => rig.clearFaults());
afterAll(() => rig.tearDown(), 60_000);

const DOMAIN = 'kestrel.example';
const titleOf = (index: number, value: string, more: Partial<Command> = {}): Command =>
  command({ action: 'set', field: 'title', value, object: { kind: 'account', id: users[index]?.id ?? '' }, ...more });

const oktaCreate = (name: string): Command =>
  command({
    action: 'create',
    value: true,
    profile: { login: `${name}@${DOMAIN}`, email: `${name}@${DOMAIN}`, employeeNumber: `N-${name}`, firstName: 'New', lastName: name },
  });
const entraCreate = (name: string): Command =>
  command({
    action: 'create',
    connection: 'entra-main',
    value: true,
    profile: {
      userPrincipalName: `${name}@${DOMAIN}`,
      employeeId: `N-${name}`,
      displayName: `New ${name}`,
      givenName: 'New',
      surname: name,
    },
  });

const groupOf = async (server: 'okta' | 'graph'): Promise<string> => {
  const { groups } = (await rig.sandbox.admin('GET', `/state?server=${server}&kind=groups`)) as {
    groups: { id: string; type?: string; groupTypes?: string[] }[];
  };
  const group = groups.find(({ type, groupTypes }) => (server === 'okta' ? type === 'OKTA_GROUP' : groupTypes?.length === 0));
  if (!group) throw new Error(`no group of ${server} takes members`);
  return group.id;
};

describe('a hire', () => {
  it('becomes an account with its group on both sides, and a manager in Entra', async () => {
    const [okta, entra] = [oktaCreate('ada.byron'), entraCreate('ada.byron')];
    const [oktaGroup, entraGroup] = [await groupOf('okta'), await groupOf('graph')];
    const boss = (await rig.entraUsers())[0]?.['id'] as string;
    const identityId = await rig.person([
      okta,
      entra,
      command({ action: 'grant', entitlement: { kind: 'group', id: oktaGroup }, value: true, after: [okta.commandId] }),
      command({
        action: 'grant',
        connection: 'entra-main',
        entitlement: { kind: 'group', id: entraGroup },
        value: true,
        after: [entra.commandId],
      }),
      command({ action: 'set', connection: 'entra-main', field: 'manager', value: boss, after: [entra.commandId] }),
    ]);
    const ends = await rig.ended(identityId, 5);
    expect(ends.map(({ connection, action, result }) => `${connection} ${action} ${result}`).toSorted()).toEqual([
      'entra-main create done',
      'entra-main grant done',
      'entra-main set done',
      'okta-main create done',
      'okta-main grant done',
    ]);
    const made = (await rig.oktaUsers()).filter(({ profile }) => profile['employeeNumber'] === 'N-ada.byron');
    expect(made).toMatchObject([{ status: 'PROVISIONED', profile: { login: `ada.byron@${DOMAIN}` } }]);
    const inEntra = (await rig.entraUsers()).filter((user) => user['employeeId'] === 'N-ada.byron');
    expect(inEntra).toMatchObject([{ accountEnabled: true, userPrincipalName: `ada.byron@${DOMAIN}` }]);
    const { commands } = await rig.ask<CommandsAnswer>(`/commands?identity=${identityId}`);
    expect(commands.filter(({ state, attempts }) => state === 'ended' && attempts === 1)).toHaveLength(5);
    expect(JSON.stringify(commands)).not.toContain('Byron');
  }, 60_000);

  it.each([
    ['okta', '^/api/v1/users$', 'okta-main'],
    ['graph', '^/v1.0/users$', 'entra-main'],
  ] as const)(
    'whose answer is lost on the way from %s becomes one account',
    async (server, path, connection) => {
      const name = `lost.${server}`;
      await rig.fault({ server, method: 'POST', path, kind: 'lost-after', times: 1 });
      const identityId = await rig.person([connection === 'okta-main' ? oktaCreate(name) : entraCreate(name)]);
      expect(await rig.ended(identityId, 1, 40_000)).toMatchObject([{ result: 'found', probed: true }]);
      const key =
        server === 'okta'
          ? (await rig.oktaUsers()).map(({ profile }) => profile['employeeNumber'])
          : (await rig.entraUsers()).map((user) => user['employeeId']);
      expect(key.filter((value) => value === `N-${name}`)).toHaveLength(1);
    },
    60_000,
  );
});

/** More than are worked on at once. */
const WAITING = 400;

describe('the order of rows', () => {
  it('has a leaver leave first, however many wait before', async () => {
    // Calls take so long that most rows are not even claimed yet when the leaver's comes, behind them all.
    await rig.fault({ server: 'okta', method: 'POST', path: '^/api/v1/users/[^/]+$', kind: 'delay', delayMs: 18_000 });
    const since = Date.now();
    for (let index = 0; index < WAITING; index++)
      await rig.person([titleOf(10 + (index % 80), `Batch ${index}`, { lane: 'batch', notBefore: new Date(since + 6_000).toISOString() })]);
    await until('the first are on their way', async () => ((await rig.writes('okta', since)).length > 0 ? true : undefined));
    const leaver = users[90]?.id ?? '';
    await rig.person([command({ action: 'disable', value: false, lane: 'leaver', object: { kind: 'account', id: leaver } })]);
    const writes = await until('all have been sent', async () => {
      const sent = await rig.writes('okta', since);
      return sent.length > WAITING ? sent : undefined;
    });
    const place = writes.findIndex((write) => write.includes(`/users/${leaver}/lifecycle/deactivate`));
    expect(place).toBeGreaterThanOrEqual(0);
    expect(place).toBeLessThan(WAITING * 0.4);
  }, 60_000);
});

describe('what goes wrong', () => {
  it('with one person by a defect ends as a dead letter, and others flow on', async () => {
    const poison = await rig.person([{ ...oktaCreate('poison'), profile: { firstName: 'No', lastName: 'Login' } }]);
    const other = await rig.person([titleOf(1, 'Undisturbed')]);
    await rig.ended(other, 1);
    const letter = await until('a dead letter', async () => {
      const { deadLetters } = await rig.ask<{ deadLetters: { id: string; reference: string; attempts: number; code: string }[] }>(
        '/dead-letters',
      );
      return deadLetters.find(({ reference }) => reference.includes(poison));
    });
    expect(letter).toMatchObject({ code: 'internal.bug', attempts: 3, reference: `send ${poison}|okta-main` });
    expect(await rig.ask(`/dead-letters/${letter.id}/retry`, 'POST')).toEqual({ id: letter.id });
    await rig.release(poison, [oktaCreate('mended')]);
    await until('the mended plan is done', async () =>
      (await rig.ends(poison)).some(({ result }) => result === 'done') ? true : undefined,
    );
  }, 60_000);

  it('is shown with attempts, the last answer and the next time, and gets done in the end', async () => {
    const id = users[2]?.id ?? '';
    await rig.fault({ server: 'okta', method: 'POST', path: `^/api/v1/users/${id}$`, kind: 'status', status: 503 });
    const identityId = await rig.person([titleOf(2, 'Late')]);
    const shown = await until('two attempts', async () => {
      const { commands } = await rig.ask<CommandsAnswer>(`/commands?identity=${identityId}`);
      return commands.find(({ attempts }) => attempts >= 2);
    });
    expect(shown).toMatchObject({
      connection: 'okta-main',
      what: 'title',
      state: 'unanswered',
      lastAnswer: { code: 'effect.answer_lost', at: expect.any(String) },
      nextAt: expect.any(String),
    });
    await rig.clearFaults();
    const [end] = await rig.ended(identityId, 1);
    expect(end?.result).toBe('done');
    expect(end?.attempts).toBeGreaterThan(2);
  }, 60_000);

  it('by a value that is refused stands among the dead letters with its remedy until it is mended', async () => {
    const wrong = command({ action: 'set', field: 'email', value: 'no mail address', object: { kind: 'account', id: users[3]?.id ?? '' } });
    const identityId = await rig.person([wrong]);
    expect(await rig.ended(identityId, 1)).toMatchObject([{ result: 'refused', fault: { code: 'target.value_refused' } }]);
    const find = async (): Promise<{ code: string; remedy?: string } | undefined> => {
      const { deadLetters } = await rig.ask<{ deadLetters: { reference: string; code: string; remedy?: string }[] }>('/dead-letters');
      return deadLetters.find(({ reference }) => reference.includes(identityId));
    };
    expect(await until('a dead letter', find)).toMatchObject({ code: 'target.value_refused', remedy: expect.stringContaining('email') });
    await rig.release(identityId, [
      { ...wrong, commandId: `${wrong.commandId}-mended`, generation: 1, value: `right@${DOMAIN}`, valueHmac: 'right' },
    ]);
    await rig.ended(identityId, 2);
    await until('the letter is gone', async () => ((await find()) ? undefined : true));
  }, 60_000);

  it('by a refusal is sent again once somebody asks and planning still wants it, and not by the asking alone', async () => {
    const id = users[4]?.id ?? '';
    await rig.fault({ server: 'okta', method: 'POST', path: `^/api/v1/users/${id}$`, kind: 'status', status: 403 });
    const wish = titleOf(4, 'In the end');
    const identityId = await rig.person([wish]);
    expect(await rig.ended(identityId, 1)).toMatchObject([{ result: 'refused' }]);
    await rig.clearFaults();
    const find = async (): Promise<{ id: string } | undefined> => {
      const { deadLetters } = await rig.ask<{ deadLetters: { id: string; reference: string }[] }>('/dead-letters');
      return deadLetters.find(({ reference }) => reference.includes(identityId));
    };
    const letter = await until('a dead letter', find);
    const since = Date.now();
    const retry = (): Promise<unknown> => rig.ask(`/dead-letters/${letter.id}/retry`, 'POST');
    await Promise.allSettled([retry(), retry()]);
    await until('the letter is gone', async () => ((await find()) ? undefined : true));
    await expect(retry()).rejects.toThrow('404');
    const asked = [];
    for await (const { type, data } of rig.store.readStream(streamOf.provisioning(identityId))) if (type === 'RetryAsked') asked.push(data);
    expect(asked).toEqual([
      { identityId, commandId: wish.commandId, connection: 'okta-main', action: 'set', field: 'title', askedBy: 'operator' },
    ]);
    expect(await rig.writes('okta', since)).toEqual([]);
    await rig.release(identityId, [{ ...wish, commandId: `${wish.commandId}-again`, generation: 1 }]);
    expect((await rig.ended(identityId, 2)).map(({ result }) => result)).toEqual(['refused', 'done']);
  }, 60_000);

  it('H10: by one cause many times is counted as one, and sent again as one; nothing of another cause is', async () => {
    const ids = users.slice(5, 8).map(({ id }) => id);
    const rule = { server: 'okta', method: 'POST', kind: 'status', status: 403 };
    await rig.fault({ ...rule, path: `^/api/v1/users/(${ids.slice(0, 2).join('|')})$` });
    const wrong = command({ action: 'set', field: 'email', value: 'no mail address', object: { kind: 'account', id: String(ids[2]) } });
    const wishes = [[titleOf(5, 'One')], [titleOf(6, 'Two')], [wrong]];
    const people = [];
    for (const wish of wishes) people.push(await rig.person(wish));
    for (const person of people) expect(await rig.ended(person, 1)).toMatchObject([{ result: 'refused' }]);
    await rig.clearFaults();
    const counted = async (): Promise<Record<string, number>> => {
      const { causes } = await rig.ask<{ causes: { code: string; count: number }[] }>('/dead-letters/causes');
      return Object.fromEntries(causes.map(({ code, count }) => [code, count]));
    };
    const denied = 'target.object_protected';
    const before = await until('all three are counted', async () => {
      const now = await counted();
      return now[denied] === 2 && now['target.value_refused'] !== undefined ? now : undefined;
    });
    const asked = await rig.ask<{ sent: number }>('/dead-letters/retry', 'POST', { code: denied });
    expect(asked).toMatchObject({ code: denied, sent: 2 });
    const after = await until('both letters are gone', async () => ((await counted())[denied] === undefined ? counted() : undefined));
    expect(after).toEqual(Object.fromEntries(Object.entries(before).filter(([code]) => code !== denied)));
    const retries = [];
    for (const person of people)
      for await (const { type } of rig.store.readStream(streamOf.provisioning(person))) if (type === 'RetryAsked') retries.push(person);
    expect(retries).toEqual(people.slice(0, 2));
  }, 60_000);

  it('twenty times in a row quarantines the connection, which is tried again later', async () => {
    await rig.fault({ server: 'okta', method: 'POST', path: '^/api/v1/users/[^/]+$', kind: 'status', status: 503 });
    const people = await Promise.all(Array.from({ length: 24 }, (_, index) => rig.person([titleOf(40 + index, 'Patient')])));
    const { quarantined } = await until('a quarantine', async () => {
      const status = await rig.ask<SendingStatus>('/status');
      return status.quarantined.length > 0 ? status : undefined;
    });
    expect(quarantined).toMatchObject([{ connection: 'okta-main' }]);
    await rig.clearFaults();
    for (const identityId of people) expect(await rig.ended(identityId, 1, 40_000)).toMatchObject([{ result: 'done' }]);
  }, 90_000);
});

describe('a connection in state observe', () => {
  it('is not written, whatever a plan says', async () => {
    const since = Date.now();
    const identityId = await rig.person([titleOf(5, 'Never', { connection: 'okta-watched' })]);
    await rig.ended(await rig.person([titleOf(6, 'Meanwhile')]), 1);
    expect((await rig.writes('okta', since)).filter((write) => write.includes(users[5]?.id ?? ''))).toEqual([]);
    expect(await rig.ends(identityId)).toEqual([]);
    expect(await rig.ask<SendingStatus>('/status')).toMatchObject({ open: expect.any(Number) });
  }, 60_000);
});

describe('a service whose database is lost', () => {
  it('goes on from the store and writes nothing again', async () => {
    const before = await rig.person([titleOf(7, 'Once')]);
    await rig.ended(before, 1);
    await rig.stop();
    const database = await openReadStore({ url: rig.platform.settings.database, schema: 'public' });
    await sql`drop schema provisioning cascade`.execute(database.db);
    await database.close();
    const since = Date.now();
    await rig.start();
    const after = await rig.person([titleOf(8, 'After')]);
    await rig.ended(after, 1);
    // One row is left: that of the connection in state observe.
    await until('everything was looked at', async () => ((await rig.ask<SendingStatus>('/status')).open === 1 ? true : undefined), 30_000);
    expect((await rig.writes('okta', since)).filter((write) => !write.includes('lifecycle'))).toEqual([
      `POST /api/v1/users/${users[8]?.id}`,
    ]);
    expect(await rig.writes('graph', since)).toEqual([]);
    expect(await rig.ends(before)).toHaveLength(1);
  }, 90_000);
});
