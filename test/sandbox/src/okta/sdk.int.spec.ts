import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import okta from '@okta/okta-sdk-nodejs';
import { errorOf, newProfile, openSpecOrg, type SpecOrg } from './official-client.ts';

/** Each test pins one thing that the official SDK does with the org's answers: what a connector must live with. */
let org: SpecOrg;
let client: okta.Client;

jest.setTimeout(60_000);

beforeAll(async () => {
  org = await openSpecOrg();
  client = org.client();
});
afterAll(() => org.close());

const make = async (more: Record<string, unknown> = {}) => client.userApi.createUser({ body: { profile: newProfile(more) } });

describe('the official SDK over HTTPS', () => {
  it('refuses a certificate of an unknown authority and accepts it through an executor with an agent', async () => {
    const refused = await errorOf(org.client({ untrusting: true }).userApi.getUser({ userId: 'nobody' }));
    expect(refused.message).toMatch(/unable to verify|self-signed|UNABLE_TO_VERIFY/i);
    expect((await make()).status).toBe('PROVISIONED');
  });

  it('sends an API token as SSWS; a wrong one is E0000011', async () => {
    const wrong = await errorOf(
      org
        .client({ token: 'wrong' })
        .userApi.listUsers()
        .then((users) => users.next()),
    );
    expect(wrong).toMatchObject({ status: 401, errorCode: 'E0000011' });
  });

  it('adds nothing that would make a create safe: two equal creates are one user and one E0000001', async () => {
    const profile = newProfile();
    await client.userApi.createUser({ body: { profile } });
    const again = await errorOf(client.userApi.createUser({ body: { profile: { ...profile, login: profile.login.toUpperCase() } } }));
    expect(again).toMatchObject({ status: 400, errorCode: 'E0000001', errorSummary: 'Api validation failed: login' });
    expect(again.errorCauses).toEqual([{ errorSummary: 'login: An object with this field already exists in the current organization' }]);
    expect(org.kit.journal.counter(`okta.create.employeeNumber.${profile.employeeNumber}`)).toBe(1);
  });
});

describe('errors and retries of the SDK', () => {
  it.each([500, 502, 503, 504])('are not for %i: it is not retried', async (status) => {
    const fault = org.kit.faults.add({ kind: 'status', status, body: '<html>oops</html>', path: '/api/v1/users/*', times: 5 });
    const mark = org.kit.journal.last;
    expect(await errorOf(org.client({ retries: 2 }).userApi.getUser({ userId: 'x' }))).toMatchObject({ status });
    expect(org.met(mark)).toHaveLength(1);
    expect(org.kit.faults.fired(fault)).toBe(1);
    org.kit.faults.clear();
  });

  it('are not for a reset socket either: the create may have happened, and here it did', async () => {
    const profile = newProfile();
    const fault = org.kit.faults.add({ kind: 'lost-after', method: 'POST', path: '/api/v1/users', times: 1 });
    const mark = org.kit.journal.last;
    expect((await errorOf(org.client({ retries: 2 }).userApi.createUser({ body: { profile } }))).message).toMatch(
      /socket hang up|ECONNRESET/,
    );
    expect(org.kit.faults.fired(fault)).toBe(1);
    expect(org.met(mark)).toMatchObject([{ status: 0, lost: 'after', effects: [expect.stringMatching(/^created 00u/)] }]);
    expect((await client.userApi.getUser({ userId: profile.login })).profile?.employeeNumber).toBe(profile.employeeNumber);
  });

  it('leave nothing behind when the socket is reset before the effect', async () => {
    const profile = newProfile();
    org.kit.faults.add({ id: 'before', kind: 'lost-before', method: 'POST', path: '/api/v1/users', times: 1 });
    await errorOf(client.userApi.createUser({ body: { profile } }));
    expect(org.kit.faults.fired('before')).toBe(1);
    expect(await errorOf(client.userApi.getUser({ userId: profile.login }))).toMatchObject({ status: 404, errorCode: 'E0000007' });
  });

  it('are two for 429 with a reset header, after a back-off that it announces, with headers that name the first try', async () => {
    org.kit.faults.add({ id: 'past', kind: 'throttle', form: 'reset-past', path: '/api/v1/users/*', times: 2 });
    const executor = org.executor({ maxRetries: 2 });
    const waits: unknown[] = [];
    executor.on('backoff', (_request: unknown, _response: unknown, _id: unknown, delay: unknown) => waits.push(delay));
    const patient = new okta.Client({
      orgUrl: org.okta.url,
      token: org.okta.credentials.tokens.get('muster')?.secret ?? '',
      requestExecutor: executor,
    });
    const { id } = await make();
    const mark = org.kit.journal.last;
    expect((await patient.userApi.getUser({ userId: id ?? '' })).id).toBe(id);
    expect(org.met(mark).map((entry) => entry.status)).toEqual([429, 429, 200]);
    expect(waits).toHaveLength(2);
    expect(org.kit.faults.fired('past')).toBe(2);
  });

  it('are none for 429 without a reset header', async () => {
    org.kit.faults.add({ id: 'bald', kind: 'throttle', form: 'no-reset', path: '/api/v1/users/*', times: 1 });
    expect(await errorOf(org.client({ retries: 2 }).userApi.getUser({ userId: 'x' }))).toMatchObject({
      status: 429,
      errorCode: 'E0000047',
    });
    expect(org.kit.faults.fired('bald')).toBe(1);
  });

  it('wait for ever on an answer that never comes, unless the executor has a time-out', async () => {
    org.kit.faults.add({ id: 'hang', kind: 'hang', path: '/api/v1/users/*', times: 1 });
    const error = await errorOf(org.client({ timeoutMs: 200 }).userApi.getUser({ userId: 'x' }));
    expect(error.message).toMatch(/timeout/i);
    expect(org.kit.faults.fired('hang')).toBe(1);
  });

  it('end in a SyntaxError when an empty answer claims to be JSON, and are none for 204 and for 200 with {}', async () => {
    const { id = '' } = await make();
    await client.userApi.deactivateUser({ userId: id });
    await client.userApi.activateUser({ userId: id });
    await client.userApi.revokeUserSessions({ userId: id });
    org.kit.faults.add({ id: 'void', kind: 'status', status: 200, headers: { 'content-type': 'application/json' }, times: 1 });
    expect((await errorOf(client.userApi.getUser({ userId: id }))).name).toBe('SyntaxError');
    expect(org.kit.faults.fired('void')).toBe(1);
  });
});

describe('the cache of the SDK', () => {
  it('is on by default and never sees a change made elsewhere; without it the change is there', async () => {
    const { id = '' } = await make({ title: 'before' });
    const cached = org.client({ cached: true });
    expect((await cached.userApi.getUser({ userId: id })).profile?.title).toBe('before');
    await org.admin('/okta/outside-edit', { do: 'update-user', user: id, profile: { title: 'after' } });
    expect((await cached.userApi.getUser({ userId: id })).profile?.title).toBe('before');
    expect((await client.userApi.getUser({ userId: id })).profile?.title).toBe('after');
  });
});

describe('profiles through the SDK', () => {
  it('carry custom attributes of users, and null clears', async () => {
    const { id = '' } = await make({ hireDate: '2026-12-01', title: 'Buyer' });
    expect((await client.userApi.getUser({ userId: id })).profile).toMatchObject({ hireDate: '2026-12-01', title: 'Buyer' });
    await client.userApi.updateUser({ userId: id, user: { profile: { title: null as unknown as string, hireDate: null } } });
    const after = (await client.userApi.getUser({ userId: id })).profile as unknown as Record<string, unknown>;
    expect(after['title'] ?? null).toBeNull();
    expect(after['hireDate'] ?? null).toBeNull();
    expect(after['lastName']).toMatch(/^Number/);
  });

  it('lose custom attributes of groups on reading', async () => {
    const group = await org.bare('POST', '/api/v1/groups', { profile: { name: 'With more', costCenterOwner: 'E1' } });
    const { id } = group.body as { id: string };
    expect((await org.bare('GET', `/api/v1/groups/${id}`)).body).toMatchObject({ profile: { costCenterOwner: 'E1' } });
    expect((await client.groupApi.getGroup({ groupId: id })).profile).not.toHaveProperty('costCenterOwner');
  });

  it('tolerate unknown properties and enum values', async () => {
    const { id = '' } = await make();
    org.kit.faults.add({ id: 'drift', kind: 'unknown-property', times: 1 });
    expect((await client.userApi.getUser({ userId: id })).status).toBe('DREAMING');
    expect(org.kit.faults.fired('drift')).toBe(1);
  });
});
