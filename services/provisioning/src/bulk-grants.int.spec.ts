import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Command } from '@muster/contracts';
import type { SendingStatus } from './status.ts';
import { command, Rig, until } from './testing/rig.ts';

let rig: Rig;
let accounts: string[];

beforeAll(async () => {
  rig = await Rig.build();
  accounts = (await rig.entraUsers()).map(({ id }) => String(id));
  await rig.start();
}, 90_000);
afterEach(() => rig.clearFaults());
afterAll(() => rig.tearDown(), 60_000);

const newGroup = async (name: string): Promise<string> => {
  const properties = { displayName: name, mailNickname: name, securityEnabled: true, mailEnabled: false, groupTypes: [] };
  const made = await rig.sandbox.admin('POST', '/entra/edits', { edit: 'create-group', properties });
  return (made as { id: string }).id;
};
const edit = (what: Record<string, unknown>): Promise<unknown> => rig.sandbox.admin('POST', '/entra/edits', what);
const membersOf = async (groupId: string): Promise<string[]> => {
  const { groups } = (await rig.sandbox.admin('GET', '/state?server=graph&kind=groups')) as {
    groups: { id: string; members?: string[] }[];
  };
  return (groups.find(({ id }) => id === groupId)?.members ?? []).toSorted();
};
const writesTo = async (groupId: string): Promise<string[]> => {
  const { entries } = (await rig.sandbox.admin('GET', '/journal?server=graph&limit=100000')) as {
    entries: { method: string; path: string; status: number }[];
  };
  return entries
    .filter(({ path, method }) => path.includes(groupId) && method !== 'GET')
    .map(({ method, status }) => `${method} ${status}`);
};
const member = (action: 'grant' | 'revoke', groupId: string, accountId: string, more: Partial<Command> = {}): Command =>
  command({
    action,
    connection: 'entra-main',
    entitlement: { kind: 'group', id: groupId },
    value: action === 'grant',
    object: { kind: 'account', id: accountId },
    lane: 'batch',
    ...more,
  });
/** One person for each account; all of their rows become due at the same moment. */
const everybody = async (ids: readonly string[], wanted: (accountId: string) => Command[], afterMs = 1_500): Promise<string[]> => {
  const notBefore = new Date(Date.now() + afterMs).toISOString();
  const people: string[] = [];
  for (const id of ids) people.push(await rig.person(wanted(id).map((one) => ({ ...one, notBefore }))));
  return people;
};
const results = async (people: readonly string[]): Promise<string[]> => {
  const ends = await Promise.all(people.map((identityId) => rig.ended(identityId, 1, 30_000)));
  return ends.map(([end]) => end?.result ?? 'none');
};
const done = (count: number): string[] => Array.from({ length: count }, () => 'done');

describe('people who are to join one group', () => {
  it('travel twenty to a request, each with a result of their own', async () => {
    const group = await newGroup('sixty');
    const people = await everybody(accounts.slice(0, 60), (id) => [member('grant', group, id)]);
    expect(await results(people)).toEqual(done(60));
    expect(await membersOf(group)).toEqual(accounts.slice(0, 60).toSorted());
    expect(await writesTo(group)).toEqual(['PATCH 204', 'PATCH 204', 'PATCH 204']);
  }, 60_000);

  it('are held up by nobody whom the directory refuses, and one who is a member already is done', async () => {
    const group = await newGroup('one-bad');
    const nobody = '00000000-0000-4000-8000-00000000dead';
    await edit({ edit: 'add-member', id: group, member: accounts[3] });
    const people = await everybody([...accounts.slice(0, 19), nobody], (id) => [member('grant', group, id)]);
    expect(await results(people)).toEqual([...done(3), 'found', ...done(15), 'refused']);
    const [refused] = await rig.ends(people[19] ?? '');
    expect(refused?.fault).toMatchObject({ code: 'target.not_found' });
    expect(await membersOf(group)).toEqual(accounts.slice(0, 19).toSorted());
    expect((await writesTo(group)).length).toBeLessThanOrEqual(40);
  }, 60_000);

  it('are all refused by one request when the group is gone', async () => {
    const group = await newGroup('gone');
    await edit({ edit: 'purge', id: group });
    const people = await everybody(accounts.slice(0, 20), (id) => [member('grant', group, id)]);
    expect(new Set(await results(people))).toEqual(new Set(['refused']));
    expect(await writesTo(group)).toEqual(['PATCH 404']);
  }, 60_000);

  it('leave without the one whose plan was withdrawn while the request waited for its turn', async () => {
    const [group, other] = [await newGroup('withdrawn'), accounts[70] ?? ''];
    // The answer to a write closes the connection for some seconds.
    await rig.fault({
      server: 'graph',
      method: 'PATCH',
      path: `^/v1.0/users/${other}`,
      kind: 'status',
      status: 429,
      headers: { 'retry-after': '4' },
      times: 1,
    });
    const people = await everybody(accounts.slice(0, 20), (id) => [member('grant', group, id)], 2_500);
    const late = await rig.person([
      command({ action: 'set', connection: 'entra-main', field: 'jobTitle', value: 'Late', object: { kind: 'account', id: other } }),
    ]);
    await until('the request was written down as waiting', async () => {
      const { connections } = await rig.ask<SendingStatus>('/status');
      return (connections['entra-main']?.budget.waiting.batch ?? 0) > 0 ? true : undefined;
    });
    expect(await writesTo(group)).toEqual([]);
    await rig.release(people[5] ?? '', []);
    expect(await results(people)).toEqual([...done(5), 'superseded', ...done(14)]);
    expect(await membersOf(group)).toEqual(
      accounts
        .slice(0, 20)
        .filter((_, index) => index !== 5)
        .toSorted(),
    );
    expect(await writesTo(group)).toEqual(['PATCH 204']);
    await rig.ended(late, 1);
  }, 60_000);

  it.each(['lost-before', 'lost-after'])(
    'are tried again at once when the answer is lost (%s), and are members once',
    async (kind) => {
      const group = await newGroup(kind);
      await rig.fault({ server: 'graph', method: 'PATCH', path: `^/v1.0/groups/${group}`, kind, times: 1 });
      const people = await everybody(accounts.slice(20, 40), (id) => [member('grant', group, id)]);
      expect(await results(people)).toEqual(done(20));
      expect(await membersOf(group)).toEqual(accounts.slice(20, 40).toSorted());
      expect((await writesTo(group))[0]).toBe('PATCH 0');
      for (const identityId of people) expect(await rig.ends(identityId)).toHaveLength(1);
    },
    60_000,
  );
});

describe('two changes of one group at the same time', () => {
  it('E4: both survive: ours that add, ours that remove, and those of an admin', async () => {
    const group = await newGroup('crowded');
    const [leaving, staying, joining, byHand] = [
      accounts.slice(0, 30),
      accounts.slice(30, 50),
      accounts.slice(50, 90),
      accounts.slice(90, 110),
    ];
    for (const id of [...leaving, ...staying]) await edit({ edit: 'add-member', id: group, member: id });
    const people = await everybody([...leaving, ...joining], (id) => [member(leaving.includes(id) ? 'revoke' : 'grant', group, id)]);
    const since = Date.now();
    const edits = [
      ...byHand.map((id) => ({ edit: 'add-member', id: group, member: id })),
      ...staying.slice(0, 10).map((id) => ({ edit: 'remove-member', id: group, member: id })),
    ];
    const [first, ...others] = edits;
    await edit(first ?? {});
    await until('something of ours has left', async () => ((await rig.writes('graph', since)).length > 0 ? true : undefined));
    for (const one of others) await edit(one);
    expect(await results(people)).toEqual(done(70));
    expect(await membersOf(group)).toEqual([...staying.slice(10), ...joining, ...byHand].toSorted());
  }, 90_000);
});

describe('attributes of many people', () => {
  it('travel twenty to a request, and a value that is refused is refused for one alone', async () => {
    const since = Date.now();
    const chosen = accounts.slice(40, 80);
    const titled = (id: string, index: number): Command =>
      command({
        action: 'set',
        connection: 'entra-main',
        lane: 'batch',
        object: { kind: 'account', id },
        field: index === 7 ? 'usageLocation' : 'jobTitle',
        value: index === 7 ? 'nowhere at all' : `Title ${index}`,
      });
    const people = await everybody(chosen, (id) => [titled(id, chosen.indexOf(id))]);
    expect(await results(people)).toEqual([...done(7), 'refused', ...done(32)]);
    expect((await rig.writes('graph', since)).filter((write) => !write.includes('token'))).toEqual([
      'POST /v1.0/$batch',
      'POST /v1.0/$batch',
    ]);
    const titles = new Map((await rig.entraUsers()).map((user) => [user['id'], user['jobTitle']]));
    expect(chosen.filter((id, index) => titles.get(id) === `Title ${index}`)).toHaveLength(39);
  }, 60_000);
});

describe('people who are to leave one group', () => {
  it('are taken out twenty to a request; one whose turn was throttled inside waits as told', async () => {
    const group = await newGroup('removals');
    const leaving = accounts.slice(0, 40);
    for (const id of leaving) await edit({ edit: 'add-member', id: group, member: id });
    const path = `^/v1.0/groups/${group}/members/${leaving[4]}`;
    await rig.fault({
      id: 'inner',
      server: 'graph',
      method: 'DELETE',
      path,
      kind: 'status',
      status: 429,
      headers: { 'Retry-After': '2' },
      times: 1,
    });
    const since = Date.now();
    const people = await everybody(leaving, (id) => [member('revoke', group, id)]);
    expect(await results(people)).toEqual(done(40));
    expect(await membersOf(group)).toEqual([]);
    const { entries } = (await rig.sandbox.admin('GET', '/journal?server=graph&limit=100000')) as {
      entries: { at: string; method: string; path: string }[];
    };
    const writes = entries.filter(({ at, method }) => Date.parse(at) >= since && method !== 'GET');
    const [batches, single] = [writes.filter(({ path: to }) => to.endsWith('/$batch')), writes.filter(({ method }) => method === 'DELETE')];
    expect(batches).toHaveLength(2);
    expect(single).toHaveLength(1);
    expect(Date.parse(single[0]?.at ?? '') - Date.parse(batches[0]?.at ?? '')).toBeGreaterThanOrEqual(2_000);
  }, 60_000);
});
