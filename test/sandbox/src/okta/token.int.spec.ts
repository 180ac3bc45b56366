import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { errorOf, newProfile, openSpecOrg, type SpecOrg } from './official-client.ts';

let org: SpecOrg;
let userId: string;

jest.setTimeout(60_000);

beforeAll(async () => {
  org = await openSpecOrg();
  userId = (await org.client().userApi.createUser({ body: { profile: newProfile() } })).id ?? '';
});
afterAll(() => org.close());

const READ = ['okta.users.read'];
const tokenCalls = (mark: number) => org.met(mark).filter((entry) => entry.path === '/oauth2/v1/token');

describe('a service app with a private key', () => {
  it('gets a token with an RS256 assertion and calls with it', async () => {
    const mark = org.kit.journal.last;
    expect((await org.appClient('muster', READ).userApi.getUser({ userId })).id).toBe(userId);
    expect(org.met(mark).map(({ method, path, status }) => `${method} ${path} ${status}`)).toEqual([
      'POST /oauth2/v1/token 200',
      `GET /api/v1/users/${userId} 200`,
    ]);
  });

  it('cannot use an elliptic key: the SDK fails before it calls', async () => {
    const { privateKey } = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    });
    const mark = org.kit.journal.last;
    await errorOf(org.appClient('muster', READ, { privateKey }).userApi.getUser({ userId }));
    expect(org.met(mark).filter(({ status }) => status === 200)).toEqual([]);
  });

  it('fetches a token for each of its parallel first calls, then keeps one for ever', async () => {
    const client = org.appClient('muster', READ);
    const mark = org.kit.journal.last;
    await Promise.all([1, 2, 3, 4].map(() => client.userApi.getUser({ userId })));
    expect(tokenCalls(mark)).toHaveLength(4);
    await client.userApi.getUser({ userId });
    expect(tokenCalls(mark)).toHaveLength(4);
  });

  it('repeats a call once with a new token after a 401: a token that ran out in mid-run is no error', async () => {
    const client = org.appClient('muster', READ);
    await client.userApi.getUser({ userId });
    await org.admin('/okta/expire-tokens');
    const mark = org.kit.journal.last;
    expect((await client.userApi.getUser({ userId })).id).toBe(userId);
    expect(org.met(mark).map(({ status }) => status)).toEqual([401, 200, 200]);
  });

  it('lives with tokens that end after their hour', async () => {
    const client = org.appClient('muster', READ);
    await client.userApi.getUser({ userId });
    org.kit.clock.advance(3_601_000);
    const mark = org.kit.journal.last;
    await client.userApi.getUser({ userId });
    expect(org.met(mark).map(({ status }) => status)).toEqual([401, 200, 200]);
  });

  it.each([401, 429, 500])('hides a %i of the token endpoint behind a misleading E0000011', async (status) => {
    org.kit.faults.add({ id: `token-${status}`, kind: 'status', status, path: '/oauth2/v1/token', body: { error: 'server_error' } });
    expect(await errorOf(org.appClient('muster', READ).userApi.getUser({ userId }))).toMatchObject({ status: 401, errorCode: 'E0000011' });
    expect(org.kit.faults.fired(`token-${status}`)).toBeGreaterThan(0);
    org.kit.faults.clear();
  });

  it('answers the nonce demand of an app with sender-constrained tokens and proves its key with every call', async () => {
    const client = org.appClient('dpop', READ);
    const mark = org.kit.journal.last;
    expect((await client.userApi.getUser({ userId })).id).toBe(userId);
    expect(tokenCalls(mark).map(({ status }) => status)).toEqual([400, 200]);
    const stolen = await org.bareWith('Bearer', client);
    expect(stolen).toBe(401);
  });
});

describe('scopes and roles', () => {
  it('refuse a scope that the app was not granted', async () => {
    const mark = org.kit.journal.last;
    await errorOf(org.appClient('observe', ['okta.users.manage']).userApi.getUser({ userId }));
    expect(tokenCalls(mark).every(({ status }) => status === 400)).toBe(true);
  });

  it('decide per operation: reading users is not reading groups, and no write', async () => {
    const client = org.appClient('muster', READ);
    expect(await errorOf(client.groupApi.listGroups().then((groups) => groups.next()))).toMatchObject({
      status: 403,
      errorCode: 'E0000006',
    });
    expect(await errorOf(client.userApi.deactivateUser({ userId }))).toMatchObject({ status: 403, errorCode: 'E0000006' });
  });

  it('let `manage` read, too', async () => {
    expect((await org.appClient('muster', ['okta.users.manage']).userApi.getUser({ userId })).id).toBe(userId);
  });

  it('keep a read-only token from every write', async () => {
    const token = org.okta.credentials.tokens.get('readOnly')?.secret ?? '';
    const client = org.client({ token });
    expect((await client.userApi.getUser({ userId })).id).toBe(userId);
    expect(await errorOf(client.userApi.updateUser({ userId, user: { profile: { title: 'x' } } }))).toMatchObject({
      status: 403,
      errorCode: 'E0000006',
    });
    expect(await errorOf(client.groupApi.createGroup({ group: { profile: { name: 'x' } } }))).toMatchObject({ status: 403 });
  });

  it('never put a secret into the journal, the System Log or the raw state', async () => {
    const raw = await fetch(`${org.kit.admin.url}/state?server=okta`).then((response) => response.text());
    const log = await fetch(`${org.kit.admin.url}/state?server=okta&kind=log`).then((response) => response.text());
    const secrets = [...org.okta.credentials.tokens.values()].map(({ secret }) => secret);
    for (const text of [raw, log, JSON.stringify(org.met())]) for (const secret of secrets) expect(text).not.toContain(secret);
  });
});
