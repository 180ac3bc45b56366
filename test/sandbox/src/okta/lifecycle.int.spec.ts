import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type okta from '@okta/okta-sdk-nodejs';
import { errorOf, newProfile, openSpecOrg, type SpecOrg } from './official-client.ts';

let org: SpecOrg;
let client: okta.Client;

jest.setTimeout(60_000);

beforeAll(async () => {
  org = await openSpecOrg();
  client = org.client();
});
afterAll(() => org.close());
afterEach(async () => {
  org.kit.lag.off();
  org.kit.limits.enabled = false;
  await org.admin('/okta/settings', { lifecycleMs: 0, rulesMs: 0 });
});

const create = async (activate = true) => (await client.userApi.createUser({ body: { profile: newProfile() }, activate })).id ?? '';
const statusOf = async (userId: string) => (await client.userApi.getUser({ userId })).status;

describe('the life of a user', () => {
  it('is STAGED, PROVISIONED by activation with a mail, and ACTIVE only by the click of the person', async () => {
    const id = await create(false);
    expect(await statusOf(id)).toBe('STAGED');
    await expect(org.admin(`/okta/users/${id}/click-activation`)).rejects.toThrow('409');
    await client.userApi.activateUser({ userId: id, sendEmail: true });
    expect(await statusOf(id)).toBe('PROVISIONED');
    expect(org.okta.org.mails.filter((mail) => mail.userId === id)).toHaveLength(1);
    await org.admin(`/okta/users/${id}/click-activation`);
    expect(await statusOf(id)).toBe('ACTIVE');
    expect(await errorOf(client.userApi.activateUser({ userId: id }))).toMatchObject({ status: 403, errorCode: 'E0000016' });
  });

  it('gives the activation token to the caller instead of a mail when asked', async () => {
    const token = await client.userApi.activateUser({ userId: await create(false), sendEmail: false });
    expect(token.activationToken).toMatch(/^\w{20}$/);
  });

  it('can be suspended and resumed only from the right states', async () => {
    const id = await create();
    expect(await errorOf(client.userApi.suspendUser({ userId: id }))).toMatchObject({
      status: 400,
      errorSummary: expect.stringContaining('Cannot suspend a user that is not active'),
    });
    await org.admin(`/okta/users/${id}/click-activation`);
    await client.userApi.suspendUser({ userId: id });
    expect(await statusOf(id)).toBe('SUSPENDED');
    await client.userApi.unsuspendUser({ userId: id });
    expect(await statusOf(id)).toBe('ACTIVE');
  });

  it('ends in two deletes: the first deactivates, the second removes, and the login is free again', async () => {
    const profile = newProfile();
    const { id = '' } = await client.userApi.createUser({ body: { profile } });
    await client.userApi.deleteUser({ userId: id });
    expect(await statusOf(id)).toBe('DEPROVISIONED');
    await client.userApi.deleteUser({ userId: id });
    expect(await errorOf(client.userApi.getUser({ userId: id }))).toMatchObject({
      status: 404,
      errorSummary: `Not found: Resource not found: ${id} (User)`,
    });
    expect((await client.userApi.createUser({ body: { profile } })).id).not.toBe(id);
  });

  it('takes a while in an org that is slow, and says so', async () => {
    await org.admin('/okta/settings', { lifecycleMs: 30_000 });
    const id = await create();
    expect(await client.userApi.getUser({ userId: id })).toMatchObject({ status: 'STAGED', transitioningToStatus: 'ACTIVE' });
    expect(await errorOf(client.userApi.updateUser({ userId: id, user: { profile: { title: 'x' } } }))).toMatchObject({
      errorCode: 'E0000112',
    });
    org.kit.clock.advance(31_000);
    expect(await statusOf(id)).toBe('PROVISIONED');
  });
});

describe('profile updates', () => {
  it('name every bad field in the causes and change nothing', async () => {
    const id = await create();
    const error = await errorOf(
      client.userApi.updateUser({ userId: id, user: { profile: { countryCode: 'Germany', email: 'nope', wings: 2 } } }),
    );
    expect(error.errorCauses?.map(({ errorSummary }) => errorSummary.split(':')[0])).toEqual([
      'countryCode',
      'email',
      "Property name 'wings' is not defined in profile",
    ]);
    expect((await client.userApi.getUser({ userId: id })).profile).not.toHaveProperty('wings');
    expect(await errorOf(client.userApi.createUser({ body: { profile: { login: 'nobody@kestrel.example' } } }))).toMatchObject({
      errorCauses: expect.arrayContaining([{ errorSummary: 'firstName: The field cannot be left blank' }]),
    });
  });

  it('are partial by POST and whole by PUT', async () => {
    const profile = newProfile({ title: 'Clerk', city: 'Rome' });
    const { id = '' } = await client.userApi.createUser({ body: { profile } });
    await client.userApi.updateUser({ userId: id, user: { profile: { city: 'Oslo' } } });
    expect((await client.userApi.getUser({ userId: id })).profile).toMatchObject({ title: 'Clerk', city: 'Oslo' });
    await client.userApi.replaceUser({ userId: id, user: { profile: { ...profile, title: undefined } as never } });
    expect((await client.userApi.getUser({ userId: id })).profile?.title).toBeUndefined();
  });

  it('obey If-Match, refuse a body that is no JSON, and refuse users that a directory masters', async () => {
    const id = await create();
    await client.userApi.updateUser({ userId: id, user: { profile: { title: 'x' } } });
    expect(await errorOf(client.userApi.updateUser({ userId: id, user: { profile: { title: 'y' } }, ifMatch: 'W/"old"' }))).toMatchObject({
      status: 412,
    });
    expect(await org.bare('POST', `/api/v1/users/${id}`, '{"profile":')).toMatchObject({ status: 400, body: { errorCode: 'E0000003' } });
    await org.admin('/okta/outside-edit', { do: 'master-in-ad', user: id });
    expect(await errorOf(client.userApi.updateUser({ userId: id, user: { profile: { title: 'z' } } }))).toMatchObject({ status: 403 });
  });
});

describe('replica lag', () => {
  it('hides a new user from reads while the truth decides on writes', async () => {
    org.kit.lag.set({ class: 'id', minMs: 20_000, maxMs: 20_000 });
    const profile = newProfile();
    const { id = '' } = await client.userApi.createUser({ body: { profile } });
    expect(await errorOf(client.userApi.getUser({ userId: id }))).toMatchObject({ status: 404 });
    expect(await errorOf(client.userApi.getUser({ userId: profile.login }))).toMatchObject({ status: 404 });
    expect(await errorOf(client.userApi.createUser({ body: { profile } }))).toMatchObject({ status: 400 });
    expect(org.kit.lag.stale['id']).toBeGreaterThanOrEqual(2);
    org.kit.clock.advance(21_000);
    expect((await client.userApi.getUser({ userId: profile.login })).id).toBe(id);
  });

  it('shows old values, old logins and old memberships, each class for itself', async () => {
    const profile = newProfile();
    const { id = '' } = await client.userApi.createUser({ body: { profile } });
    const groupId = (await client.groupApi.createGroup({ group: { profile: { name: `Lagging ${id}` } } })).id ?? '';
    org.kit.lag.set({ class: 'id', minMs: 20_000, maxMs: 20_000 });
    org.kit.lag.set({ class: 'membership', minMs: 50_000, maxMs: 50_000 });
    await client.userApi.updateUser({ userId: id, user: { profile: { login: `new-${profile.login}` } } });
    await client.groupApi.assignUserToGroup({ groupId, userId: id });
    expect((await client.userApi.getUser({ userId: profile.login })).profile?.login).toBe(profile.login);
    const members = async () => (await (await client.groupApi.listGroupUsers({ groupId })).next()).value?.id;
    expect(await members()).toBeUndefined();
    org.kit.clock.advance(21_000);
    expect((await client.userApi.getUser({ userId: id })).profile?.login).toBe(`new-${profile.login}`);
    expect(await members()).toBeUndefined();
    org.kit.clock.advance(30_000);
    expect(await members()).toBe(id);
    expect(org.kit.lag.stale['membership']).toBeGreaterThanOrEqual(2);
  });

  it('lets reads go back and forth between replicas', async () => {
    org.kit.lag.set({ class: 'id', minMs: 0, maxMs: 40_000, replicas: 4 });
    const ids: string[] = [];
    for (let at = 0; at < 8; at++) ids.push(await create(false));
    org.kit.clock.advance(20_000);
    const answersOf = (id: string) => Promise.all(Array.from({ length: 20 }, () => org.bare('GET', `/api/v1/users/${id}`)));
    const seen = await Promise.all(ids.map(async (id) => new Set((await answersOf(id)).map(({ status }) => status))));
    expect(seen).toContainEqual(new Set([200, 404]));
  });
});

describe('rate limits', () => {
  it('are shown on every answer, cut one token off at its share, and end with the window', async () => {
    org.kit.limits.enabled = true;
    await org.admin('/okta/settings', { buckets: { logs: 8 } });
    const answers = [];
    for (let at = 0; at < 5; at++) answers.push(await org.bare('GET', '/api/v1/logs'));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 429]);
    expect(answers.map(({ headers }) => headers.get('x-rate-limit-remaining'))).toEqual(['3', '2', '1', '0', '0']);
    expect(answers[4]?.body).toMatchObject({
      errorCode: 'E0000047',
      errorSummary: 'API call exceeded rate limit due to too many requests.',
    });
    expect(Number(answers[4]?.headers.get('x-rate-limit-reset')) * 1000).toBeGreaterThan(org.kit.clock.now());
    expect(org.kit.journal.counter('okta.status.429')).toBe(1);
    org.kit.clock.advance(60_000);
    expect((await org.bare('GET', '/api/v1/logs')).status).toBe(200);
  });

  it('have the concurrency form, too', async () => {
    org.kit.faults.add({ id: 'crowd', kind: 'throttle', form: 'concurrency', times: 1 });
    const { status, headers } = await org.bare('GET', '/api/v1/users');
    expect([status, headers.get('x-rate-limit-limit'), headers.get('x-rate-limit-remaining')]).toEqual([429, '0', '0']);
    expect(org.kit.faults.fired('crowd')).toBe(1);
  });
});

describe('group rules', () => {
  it('act later and by themselves, and never put back whom a person took out', async () => {
    const groupId = (await client.groupApi.createGroup({ group: { profile: { name: 'Ruled' } } })).id ?? '';
    const { id = '' } = await client.userApi.createUser({ body: { profile: newProfile({ department: 'Ruled department' }) } });
    await org.admin('/okta/settings', { rulesMs: 10_000 });
    const rule = await client.groupApi.createGroupRule({
      groupRule: {
        type: 'group_rule',
        name: 'r',
        conditions: { expression: { type: 'urn:okta:expression:1.0', value: 'user.department=="Ruled department"' } },
        actions: { assignUserToGroups: { groupIds: [groupId] } },
      },
    });
    await client.groupApi.activateGroupRule({ ruleId: rule.id ?? '' });
    const isMember = () => org.okta.org.members.has(groupId, id);
    expect(isMember()).toBe(false);
    org.kit.clock.advance(11_000);
    expect(isMember()).toBe(true);
    await client.groupApi.unassignUserFromGroup({ groupId, userId: id });
    await client.userApi.updateUser({ userId: id, user: { profile: { title: 'again' } } });
    org.kit.clock.advance(11_000);
    expect(isMember()).toBe(false);
  });
});

describe('a restart', () => {
  it('goes on with users, groups, log, tokens and counters', async () => {
    const profile = newProfile();
    const { id = '' } = await client.userApi.createUser({ body: { profile } });
    const groupId = (await client.groupApi.createGroup({ group: { profile: { name: 'Kept' } } })).id ?? '';
    await client.groupApi.assignUserToGroup({ groupId, userId: id });
    const last = org.okta.org.log.last;
    await org.restart();
    client = org.client();
    expect((await client.userApi.getUser({ userId: profile.login })).id).toBe(id);
    expect((await (await client.groupApi.listGroupUsers({ groupId })).next()).value?.id).toBe(id);
    expect(org.okta.org.log.last).toBe(last);
    expect(org.kit.journal.counter(`okta.create.employeeNumber.${profile.employeeNumber}`)).toBe(1);
    expect((await client.userApi.createUser({ body: { profile: newProfile() } })).id).not.toBe(id);
  });
});
