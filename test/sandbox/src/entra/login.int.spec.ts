import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';

import { ClientAssertionCredential } from '@azure/identity';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { openSpecTenant, type SpecTenant } from './official-clients.ts';
import { OBSERVE } from './permissions.ts';

const SCOPE = 'https://graph.microsoft.com/.default';
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
let tenant: SpecTenant;

beforeAll(async () => {
  tenant = await openSpecTenant({ registrations: [{ displayName: 'with-key', publicKeys: [publicPem], permissions: OBSERVE }] });
});
afterAll(() => tenant.close());

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

function assertionCredential(changes: Record<string, unknown> = {}, key = privateKey) {
  const { clientId } = tenant.entra.credentials['with-key']!;
  const now = Math.floor(Date.now() / 1_000);
  const claims = {
    iss: clientId,
    sub: clientId,
    aud: `${tenant.entra.loginUrl}/${tenant.entra.tenantId}/oauth2/v2.0/token`,
    nbf: now,
    exp: now + 300,
    jti: randomUUID(),
    ...changes,
  };
  const input = `${encode({ alg: 'RS256', typ: 'JWT', kid: 'k1' })}.${encode(claims)}`;
  const assertion = () => Promise.resolve(`${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`);
  return new ClientAssertionCredential(tenant.entra.tenantId, clientId, assertion, {
    authorityHost: tenant.entra.loginUrl,
    disableInstanceDiscovery: true,
    retryOptions: { maxRetries: 0 },
  });
}

const journalOf = (from: number) => tenant.kit.journal.since(from, 100, 'login');

describe('the login host, in front of @azure/identity', () => {
  it('gives a token for a client secret, which carries the app permissions as roles', async () => {
    const before = tenant.kit.journal.last;
    const { token, expiresOnTimestamp } = (await tenant.credential('muster').getToken(SCOPE))!;
    const claims = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as Record<string, unknown>;
    expect(claims).toMatchObject({ aud: 'https://graph.microsoft.com', tid: tenant.entra.tenantId, idtyp: 'app' });
    expect(claims['roles']).toContain('User.ReadWrite.All');
    expect(claims['roles']).not.toContain('AppRoleAssignment.ReadWrite.All');
    expect(expiresOnTimestamp - Date.now()).toBeGreaterThan(3_500_000);
    expect(journalOf(before).map((entry) => `${entry.method} ${entry.path.split('?')[0]}`)).toEqual([
      `GET /${tenant.entra.tenantId}/v2.0/.well-known/openid-configuration`,
      `POST /${tenant.entra.tenantId}/oauth2/v2.0/token`,
    ]);
  });

  it('is asked once for a token that the credential then keeps', async () => {
    const credential = tenant.credential('muster-observe');
    await credential.getToken(SCOPE);
    const before = tenant.kit.journal.last;
    await credential.getToken(SCOPE);
    expect(journalOf(before)).toEqual([]);
  });

  it('refuses a wrong secret with AADSTS7000215', async () => {
    await expect(tenant.credential('muster', { secret: 'wrong' }).getToken(SCOPE)).rejects.toThrow(/AADSTS7000215: Invalid client secret/);
  });

  it('refuses an application that it does not know with AADSTS700016', async () => {
    await expect(tenant.credential('muster', { clientId: randomUUID() }).getToken(SCOPE)).rejects.toThrow(/AADSTS700016/);
  });

  it('refuses a tenant that it is not with AADSTS90002', async () => {
    const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: 'x', client_secret: 'y', scope: SCOPE });
    const answer = await fetch(`${tenant.entra.loginUrl}/${randomUUID()}/oauth2/v2.0/token`, { method: 'POST', body: form });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: 'invalid_request', error_codes: [90002] });
    await expect(tenant.credential('muster', { tenant: randomUUID() }).getToken(SCOPE)).rejects.toThrow();
  });

  it('refuses scopes of another resource and scopes that are not .default', async () => {
    await expect(tenant.credential('muster').getToken('https://other.example/.default')).rejects.toThrow(/AADSTS500011/);
    await expect(tenant.credential('muster').getToken('https://graph.microsoft.com/User.Read.All')).rejects.toThrow(/AADSTS1002012/);
  });

  it('gives a token for a client assertion signed by a registered key', async () => {
    const { token } = (await assertionCredential().getToken(SCOPE))!;
    const answer = await tenant.bare('GET', '/users', { token });
    expect(answer.status).toBe(200);
  });

  it('refuses assertions that are late, meant for another, or signed by a key that is not registered', async () => {
    const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    await expect(assertionCredential({ exp: Math.floor(Date.now() / 1_000) - 3_600 }).getToken(SCOPE)).rejects.toThrow(/AADSTS700024/);
    await expect(assertionCredential({ aud: 'https://elsewhere.example' }).getToken(SCOPE)).rejects.toThrow(/AADSTS700212/);
    await expect(assertionCredential({ sub: 'someone' }).getToken(SCOPE)).rejects.toThrow(/AADSTS700021/);
    await expect(assertionCredential({}, stranger).getToken(SCOPE)).rejects.toThrow(/AADSTS700027/);
  });

  it('is asked again by the credential after a 429, and not after a refusal', async () => {
    const rule = tenant.kit.faults.add({ server: 'login', method: 'POST', kind: 'throttle', times: 1 });
    const { token } = (await tenant.credential('auditor', { retries: 2 }).getToken(SCOPE))!;
    expect(token).toBeTruthy();
    expect(tenant.kit.faults.fired(rule)).toBe(1);
    const before = tenant.kit.journal.last;
    await expect(tenant.credential('auditor', { secret: 'wrong', retries: 2 }).getToken(SCOPE)).rejects.toThrow(/AADSTS7000215/);
    expect(journalOf(before).filter((entry) => entry.method === 'POST')).toHaveLength(1);
  });

  it('is not asked over http', async () => {
    const { ClientSecretCredential } = await import('@azure/identity');
    const { clientId, clientSecret } = tenant.entra.credentials['muster']!;
    const make = () =>
      new ClientSecretCredential(tenant.entra.tenantId, clientId, clientSecret, {
        authorityHost: tenant.entra.loginUrl.replace('https:', 'http:'),
        disableInstanceDiscovery: true,
      }).getToken(SCOPE);
    await expect((async () => make())()).rejects.toThrow(/https/);
  });
});

describe('access tokens in front of Graph', () => {
  it('are demanded, and refused in words when missing, made up or expired', async () => {
    const refusal = async (token?: string) => {
      const answer = await tenant.bare('GET', '/users', token === undefined ? {} : { token });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
      return ((await answer.json()) as { error: { code: string; message: string } }).error;
    };
    expect(await refusal()).toMatchObject({ code: 'InvalidAuthenticationToken', message: 'Access token is empty.' });
    expect((await refusal('nonsense')).message).toMatch(/not well formed/);
    const token = await tenant.tokenOf('muster');
    tenant.entra.tokens.expireAll();
    expect((await refusal(token)).message).toBe('Lifetime validation failed, the token is expired.');
  });

  it('end with their lifetime on the sandbox clock', async () => {
    const token = await tenant.tokenOf('muster');
    expect((await tenant.bare('GET', '/users', { token })).status).toBe(200);
    tenant.kit.clock.advance(3_600_000);
    expect((await tenant.bare('GET', '/users', { token })).status).toBe(401);
  });

  it('are not renewed by the Graph client after a 401', async () => {
    const client = tenant.client('muster', { retries: 3 });
    await client.api('/users').get();
    tenant.entra.tokens.expireAll();
    const before = tenant.kit.journal.last;
    const fault = await tenant.faultOf(client.api('/users').get());
    expect(fault).toMatchObject({ statusCode: 401, code: 'InvalidAuthenticationToken' });
    expect(tenant.kit.journal.since(before)).toHaveLength(1);
  });

  it('are not sent by the Graph client to a custom host that was named with its port', async () => {
    const port = new URL(tenant.entra.graphUrl).port;
    const fault = await tenant.faultOf(
      tenant
        .client('muster', { customHosts: [`localhost:${port}`] })
        .api('/users')
        .get(),
    );
    expect(fault).toMatchObject({ statusCode: 401, message: 'Access token is empty.' });
  });
});
