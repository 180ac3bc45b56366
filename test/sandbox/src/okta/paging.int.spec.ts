import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type okta from '@okta/okta-sdk-nodejs';
import { drawCompany } from '../kit/company.ts';
import { errorOf, openSpecOrg, type SpecOrg } from './official-client.ts';
import { seedOkta } from './seed.ts';

let org: SpecOrg;
let client: okta.Client;

jest.setTimeout(60_000);

beforeAll(async () => {
  org = await openSpecOrg();
  client = org.client();
  seedOkta(org.okta.org, drawCompany({ workers: 57, groups: 24 }));
});
afterAll(() => org.close());

/** Drains a collection as `for await` would, nulls included; never more than 1,000 items. */
async function drain<T>(collection: { next(): Promise<{ value: T | null; done: boolean }> }): Promise<(T | null)[]> {
  const items: (T | null)[] = [];
  for (let at = 0; at < 1000; at++) {
    const { value, done } = await collection.next();
    if (done) return items;
    items.push(value);
  }
  throw new Error('the collection does not end');
}

describe('lists through the SDK', () => {
  it('follow the next links to the end, in the order of ids, without repeats', async () => {
    const ids = (await drain(await client.userApi.listUsers({ limit: 10 }))).map((user) => user?.id);
    expect(ids).toHaveLength(57);
    expect(new Set(ids).size).toBe(57);
  });

  it('send self and next links as two header lines', async () => {
    const { headers } = await org.bare('GET', '/api/v1/users?limit=2');
    expect(headers.get('link')).toMatch(/rel="self".*, <.*after=.*>; rel="next"/);
    expect((await org.bare('GET', '/api/v1/users?limit=200')).headers.get('link')).not.toContain('rel="next"');
  });

  it('yield null for an empty page in the middle, where each() silently stops', async () => {
    org.kit.faults.add({ id: 'hole', kind: 'empty-page', path: '/api/v1/users', skip: 1, times: 1 });
    const items = await drain(await client.userApi.listUsers({ limit: 10 }));
    expect(items.filter((item) => item === null)).toHaveLength(1);
    expect(items.filter((item) => item !== null)).toHaveLength(57);
    org.kit.faults.add({ id: 'hole2', kind: 'empty-page', path: '/api/v1/users', skip: 1, times: 1 });
    const seen: unknown[] = [];
    await (await client.userApi.listUsers({ limit: 10 })).each((user) => void seen.push(user));
    expect(seen).toHaveLength(10);
    expect([org.kit.faults.fired('hole'), org.kit.faults.fired('hole2')]).toEqual([1, 1]);
  });

  it('show a page twice when the next link repeats it, and end early when the link is lost', async () => {
    org.kit.faults.add({ id: 'twice', kind: 'repeat-page', path: '/api/v1/users', times: 1 });
    expect(await drain(await client.userApi.listUsers({ limit: 10 }))).toHaveLength(67);
    org.kit.faults.add({ id: 'short', kind: 'short-page', path: '/api/v1/users', skip: 1, times: 1 });
    expect(await drain(await client.userApi.listUsers({ limit: 10 }))).toHaveLength(15);
    expect([org.kit.faults.fired('twice'), org.kit.faults.fired('short')]).toEqual([1, 1]);
  });

  it('resume after an error in the middle, and from a kept link', async () => {
    org.kit.faults.add({ id: 'mid', kind: 'status', status: 500, path: '/api/v1/users', skip: 1, times: 1 });
    const users = await client.userApi.listUsers({ limit: 50 });
    for (let at = 0; at < 50; at++) await users.next();
    const kept = users.nextUri;
    expect(await errorOf(users.next())).toMatchObject({ status: 500 });
    expect(await drain(users)).toHaveLength(7);
    const again = await client.userApi.listUsers({ limit: 50 });
    again.nextUri = kept;
    expect(await drain(again)).toHaveLength(7);
    expect(org.kit.faults.fired('mid')).toBe(1);
  });

  it('leave out deactivated users unless a filter asks for them', async () => {
    const { id } = (await org.admin('/okta/outside-edit', {
      do: 'create-user',
      profile: { login: 'gone@kestrel.example', email: 'gone@kestrel.example', firstName: 'G', lastName: 'One' },
    })) as { id: string };
    await org.admin('/okta/outside-edit', { do: 'deactivate', user: id });
    expect((await drain(await client.userApi.listUsers({ limit: 200 }))).map((user) => user?.id)).not.toContain(id);
    expect((await drain(await client.userApi.listUsers({ filter: 'status eq "DEPROVISIONED"' }))).map((user) => user?.id)).toEqual([id]);
    expect((await client.userApi.getUser({ userId: 'gone' })).status).toBe('DEPROVISIONED');
  });

  it('find by search, filter and q, and refuse what they do not know', async () => {
    const all = (await drain(await client.userApi.listUsers({ limit: 200 }))) as okta.User[];
    const someone = all[3] as okta.User;
    const { employeeNumber = '', login = '', lastName = '' } = someone.profile as unknown as Record<string, string>;
    const ids = async (query: Parameters<typeof client.userApi.listUsers>[0]) =>
      (await drain(await client.userApi.listUsers(query))).map((user) => user?.id);
    expect(await ids({ search: `profile.employeeNumber eq "${employeeNumber}"` })).toEqual([someone.id]);
    expect(await ids({ filter: `profile.login eq "${login}"` })).toEqual([someone.id]);
    expect(await ids({ q: lastName.slice(0, 4) })).toContain(someone.id);
    expect(
      await ids({ search: `profile.department eq "Nowhere" or (status eq "ACTIVE" and profile.login sw "${login.slice(0, 6)}")` }),
    ).toContain(someone.id);
    expect(await errorOf(ids({ filter: 'profile.login co "x"' }))).toMatchObject({ status: 400, errorCode: 'E0000031' });
  });
});

describe('groups through the SDK', () => {
  it('list members in pages, Everyone included, and membership changes are idempotent', async () => {
    const groups = (await drain(await client.groupApi.listGroups())) as okta.Group[];
    expect(groups.filter((group) => group.type === 'BUILT_IN')).toHaveLength(1);
    const staff = groups.find((group) => group.profile?.name === 'All staff');
    const groupId = staff?.id ?? '';
    expect(await drain(await client.groupApi.listGroupUsers({ groupId, limit: 20 }))).toHaveLength(57);
    const userId = (await client.userApi.getUser({ userId: 'gone' })).id ?? '';
    const mark = org.kit.journal.last;
    for (let at = 0; at < 2; at++) await client.groupApi.assignUserToGroup({ groupId, userId });
    for (let at = 0; at < 2; at++) await client.groupApi.unassignUserFromGroup({ groupId, userId });
    expect(org.met(mark).map(({ status }) => status)).toEqual([204, 204, 204, 204]);
    expect(org.met(mark).map(({ effects }) => effects.length)).toEqual([1, 0, 1, 0]);
  });

  it('refuse changes of Everyone and a name that is taken', async () => {
    const everyone = org.okta.org.everyone;
    expect(await errorOf(client.groupApi.deleteGroup({ groupId: everyone }))).toMatchObject({ status: 403, errorCode: 'E0000006' });
    const error = await errorOf(client.groupApi.createGroup({ group: { profile: { name: 'ALL STAFF' } } }));
    expect(error.errorCauses).toEqual([{ errorSummary: 'name: An object with this field already exists in the current organization' }]);
  });
});

describe('apps through the SDK', () => {
  it('show assignments by group and by user, and put and take them', async () => {
    const [app] = (await drain(await client.applicationApi.listApplications())) as okta.Application[];
    const appId = app?.id ?? '';
    const holders = await drain(await client.applicationApi.listApplicationUsers({ appId, limit: 30 }));
    expect(holders.length).toBeGreaterThan(0);
    expect(new Set(holders.map((holder) => holder?.scope))).toEqual(new Set(['GROUP']));
    const userId = (
      (await org.admin('/okta/outside-edit', {
        do: 'create-user',
        profile: { login: 'app@kestrel.example', email: 'app@kestrel.example', firstName: 'A', lastName: 'P' },
      })) as { id: string }
    ).id;
    expect(await errorOf(client.applicationApi.getApplicationUser({ appId, userId }))).toMatchObject({
      status: 404,
      errorCode: 'E0000007',
    });
    const own = await client.applicationApi.assignUserToApplication({ appId, appUser: { id: userId } });
    expect(own.scope).toBe('USER');
    await client.applicationApi.unassignUserFromApplication({ appId, userId });
    const group = await client.groupApi.createGroup({ group: { profile: { name: 'App holders' } } });
    const groupId = group.id ?? '';
    for (let at = 0; at < 2; at++) await client.applicationApi.assignGroupToApplication({ appId, groupId });
    await client.groupApi.assignUserToGroup({ groupId, userId });
    expect((await client.applicationApi.getApplicationUser({ appId, userId })).scope).toBe('GROUP');
    const held = await drain(await client.applicationApi.listApplications({ filter: `user.id eq "${userId}"`, expand: `user/${userId}` }));
    expect(held.map((one) => [one?.id, one?._embedded?.['user']])).toEqual([
      [appId, expect.objectContaining({ id: userId, scope: 'GROUP' })],
    ]);
    const others = await drain(await client.applicationApi.listApplications({ expand: `user/${userId}` }));
    expect(others.filter((one) => one?._embedded?.['user'] !== undefined)).toEqual([]);
    expect((await drain(await client.groupApi.listAssignedApplicationsForGroup({ groupId }))).map((one) => one?.id)).toEqual([appId]);
    await client.applicationApi.unassignApplicationFromGroup({ appId, groupId });
    expect(await errorOf(client.applicationApi.getApplicationUser({ appId, userId }))).toMatchObject({ status: 404 });
  });

  it('refuse an unknown property of an assignment, and assignments of an inactive app', async () => {
    const app = await org.bare('POST', '/api/v1/apps', { label: 'Ledger', signOnMode: 'BOOKMARK', name: 'bookmark' });
    const { id: appId } = app.body as { id: string };
    const userId = (await client.userApi.getUser({ userId: 'app' })).id ?? '';
    const error = await errorOf(
      client.applicationApi.assignUserToApplication({ appId, appUser: { id: userId, profile: { colour: 'red' } } }),
    );
    expect(error.errorCauses).toEqual([{ errorSummary: "Property 'colour' not found" }]);
    await client.applicationApi.deactivateApplication({ appId });
    expect(await errorOf(client.applicationApi.assignUserToApplication({ appId, appUser: { id: userId } }))).toMatchObject({ status: 400 });
  });
});
