import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Client } from '@microsoft/microsoft-graph-client';

import { openSpecTenant, type SpecTenant } from './official-clients.ts';

let tenant: SpecTenant;
let muster: Client;
let next = 1;

beforeEach(async () => {
  tenant = await openSpecTenant({ seed: { groups: [{ name: 'crew' }] } });
  muster = tenant.client('muster');
});
afterEach(() => tenant.close());

const newUser = () => ({
  accountEnabled: true,
  displayName: 'Person',
  mailNickname: `n${next}`,
  userPrincipalName: `n${next++}@contoso.example`,
  employeeId: 'E1',
  passwordProfile: { password: 'Str0ng-Enough!' },
});
const newGroup = () => ({ displayName: 'Twice', mailEnabled: false, mailNickname: 'twice', securityEnabled: true });
const requests = (from = 0) => tenant.kit.journal.since(from, 1_000, 'graph');
const crew = () => tenant.entra.tenant.directory.holder('group', 'displayName', 'crew')!.id;

describe('an answer that is lost', () => {
  it('after the effect leaves a user behind, and the second create meets it', async () => {
    const rule = tenant.kit.faults.add({ server: 'graph', method: 'POST', path: '/v1.0/users', kind: 'lost-after', times: 1 });
    const user = newUser();
    await expect(muster.api('/users').post(user)).rejects.toThrow();
    expect(tenant.kit.faults.fired(rule)).toBe(1);
    expect((await tenant.faultOf(muster.api('/users').post(user))).message).toMatch(/userPrincipalName already exists/);
    expect(tenant.kit.journal.counter('graph.create.employeeId.E1')).toBe(1);
    expect(requests().find((entry) => entry.lost === 'after')!.effects[0]).toMatch(/^create /);
  });

  it('before the effect leaves nothing', async () => {
    const rule = tenant.kit.faults.add({ server: 'graph', method: 'POST', path: '/v1.0/users', kind: 'lost-before', times: 1 });
    await expect(muster.api('/users').post(newUser())).rejects.toThrow();
    expect(tenant.kit.faults.fired(rule)).toBe(1);
    expect(tenant.kit.journal.counter('graph.create.employeeId.E1')).toBe(0);
  });

  it('is waited for until the caller gives up', async () => {
    const rule = tenant.kit.faults.add({ server: 'graph', kind: 'hang' });
    await expect(muster.api('/users').option('signal', AbortSignal.timeout(100)).get()).rejects.toThrow();
    expect(tenant.kit.faults.fired(rule)).toBe(1);
  });
});

describe('the retries of the Graph client', () => {
  it('repeat a POST after a 504, so that a group is made twice', async () => {
    const rule = tenant.kit.faults.add({ server: 'graph', method: 'POST', kind: 'status', status: 504, afterEffect: true, times: 1 });
    await tenant.client('admin', { retries: 1 }).api('/groups').post(newGroup());
    expect(tenant.kit.faults.fired(rule)).toBe(1);
    expect(requests().filter((entry) => entry.method === 'POST')).toHaveLength(2);
    const filter = encodeURIComponent("displayName eq 'Twice'");
    expect(((await muster.api(`/groups?$filter=${filter}`).get()) as { value: object[] }).value).toHaveLength(2);
  });

  it.each([
    [429, 2],
    [503, 2],
    [504, 2],
    [500, 1],
    [502, 1],
  ])('after %i send %i requests', async (status, sent) => {
    const rule = tenant.kit.faults.add({ server: 'graph', kind: 'status', status, times: 1, body: { error: { code: 'x', message: 'y' } } });
    const patient = tenant.client('muster', { retries: 2 });
    await patient
      .api('/users')
      .get()
      .catch(() => undefined);
    expect(tenant.kit.faults.fired(rule)).toBe(1);
    expect(requests()).toHaveLength(sent);
  });

  it('do not follow a lost answer', async () => {
    const rule = tenant.kit.faults.add({ server: 'graph', kind: 'lost-before', times: 1 });
    await expect(tenant.client('muster', { retries: 3 }).api('/users').get()).rejects.toThrow();
    expect(tenant.kit.faults.fired(rule)).toBe(1);
    expect(requests()).toHaveLength(1);
  });

  it('wait as long as Retry-After says', async () => {
    tenant.kit.faults.add({ server: 'graph', kind: 'status', status: 429, headers: { 'Retry-After': '1' }, times: 1 });
    const startedAt = Date.now();
    await tenant.client('muster', { retries: 1 }).api('/users').get();
    expect(Date.now() - startedAt).toBeGreaterThan(950);
  });
});

describe('an error', () => {
  it('that is no JSON reaches the caller without a message', async () => {
    const rule = tenant.kit.faults.add({
      server: 'graph',
      kind: 'status',
      status: 502,
      headers: { 'content-type': 'text/html' },
      body: '<html>Bad Gateway</html>',
      times: 1,
    });
    const fault = await tenant.faultOf(muster.api('/users').get());
    expect(tenant.kit.faults.fired(rule)).toBe(1);
    expect(fault.statusCode).toBe(502);
    expect(fault.message).toBe('');
  });

  it('carries the ids of the request, the caller’s own included', async () => {
    const answer = await tenant.bare('GET', '/users/nobody', {
      token: await tenant.tokenOf('muster'),
      headers: { 'client-request-id': 'mine' },
    });
    const { error } = (await answer.json()) as { error: { innerError: Record<string, string> } };
    expect(error.innerError).toEqual({
      date: expect.stringMatching(/^\d{4}-.*T/),
      'request-id': answer.headers.get('request-id'),
      'client-request-id': 'mine',
    });
    expect(answer.headers.get('client-request-id')).toBe('mine');
  });

  it.each([
    ['GET', '/nowhere', 400, "Resource not found for the segment 'nowhere'."],
    ['PUT', '/users', 405, 'Specified HTTP method is not allowed for the request target.'],
    ['GET', '/users?$colour=red', 400, "The query parameter '$colour' is not supported."],
  ])('for %s %s is %i', async (method, path, status, message) => {
    const answer = await tenant.bare(method, path, { token: await tenant.tokenOf('muster') });
    expect(answer.status).toBe(status);
    expect(((await answer.json()) as { error: { message: string } }).error.message).toBe(message);
  });

  it('for a body that is no JSON, or not declared so, is 400', async () => {
    const token = await tenant.tokenOf('muster');
    const send = async (type: string, body: string) => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': type };
      const answer = await fetch(`${tenant.entra.graphUrl}/v1.0/users`, { method: 'POST', headers, body });
      return [answer.status, ((await answer.json()) as { error: { message: string } }).error.message];
    };
    expect(await send('application/json', '{')).toEqual([400, expect.stringContaining('Unable to read JSON request payload')]);
    expect(await send('text/plain', '{}')).toEqual([400, expect.stringContaining('Content-Type header declaration')]);
  });
});

describe('the limits', () => {
  beforeEach(() => {
    tenant.kit.limits.enabled = true;
  });

  it('are counted in resource units, which the headers tell', async () => {
    const token = await tenant.tokenOf('muster');
    const unitsOf = async (path: string) => (await tenant.bare('GET', path, { token })).headers.get('x-ms-resource-unit');
    expect(await unitsOf('/users')).toBe('2');
    expect(await unitsOf('/users?$select=id')).toBe('1');
    expect(await unitsOf('/users?$select=id&$top=5')).toBe('1');
    expect(await unitsOf('/users?$expand=manager')).toBe('3');
    expect(await unitsOf(`/groups/${crew()}/members`)).toBe('3');
    expect(await unitsOf(`/groups/${crew()}/transitiveMembers`)).toBe('5');
  });

  it('warn above four fifths, then refuse with the scope and the time to wait, until the window ends', async () => {
    tenant.entra.throttle.limits = { ...tenant.entra.throttle.limits, units: 10 };
    const token = await tenant.tokenOf('muster');
    const answers: Response[] = [];
    for (let turn = 0; turn < 6; turn++) answers.push(await tenant.bare('GET', '/users', { token }));
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200, 200, 429]);
    expect(answers[3]!.headers.get('x-ms-throttle-limit-percentage')).toBeNull();
    expect(answers[4]!.headers.get('x-ms-throttle-limit-percentage')).toBe('1.00');
    const refused = answers[5]!;
    expect(refused.headers.get('retry-after')).toBe('10');
    expect(refused.headers.get('x-ms-throttle-information')).toBe('ResourceUnitLimitExceeded');
    expect(refused.headers.get('x-ms-throttle-scope')).toMatch(/^Tenant_Application\/ReadWrite\//);
    expect(await refused.json()).toMatchObject({ error: { code: 'TooManyRequests' } });
    expect((await tenant.bare('GET', '/users', { token: await tenant.tokenOf('auditor') })).status).toBe(200);
    tenant.kit.clock.advance(10_001);
    expect((await tenant.bare('GET', '/users', { token })).status).toBe(200);
    expect(tenant.entra.throttle.throttled).toBe(1);
  });

  it('may leave out Retry-After', async () => {
    tenant.entra.throttle.limits = { ...tenant.entra.throttle.limits, units: 1 };
    const rule = tenant.kit.faults.add({ server: 'graph', kind: 'no-retry-after' });
    const answer = await tenant.bare('GET', '/users', { token: await tenant.tokenOf('muster') });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, null]);
    expect(tenant.kit.faults.fired(rule)).toBe(1);
  });

  it.each([
    [undefined, '10'],
    ['no-retry-after', null],
  ])('are played by a throttle rule, form %s', async (form, retryAfter) => {
    const rule = tenant.kit.faults.add({ server: 'graph', kind: 'throttle', times: 1, ...(form === undefined ? {} : { form }) });
    const answer = await tenant.bare('GET', '/users', { token: await tenant.tokenOf('muster') });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, retryAfter]);
    expect(await answer.json()).toMatchObject({ error: { code: 'TooManyRequests', innerError: {} } });
    expect(tenant.kit.faults.fired(rule)).toBe(1);
  });

  it('count writes apart, in windows of 150 seconds', async () => {
    tenant.entra.throttle.limits = { ...tenant.entra.throttle.limits, writes: 2 };
    const made = (await muster.api('/users').post(newUser())) as { id: string };
    await muster.api(`/users/${made.id}`).patch({ city: 'Ulm' });
    const fault = await tenant.faultOf(muster.api(`/users/${made.id}`).patch({ city: 'Bonn' }));
    expect(fault.headers?.get('x-ms-throttle-information')).toBe('WriteLimitExceeded');
    await muster.api(`/users/${made.id}`).get();
    tenant.kit.clock.advance(150_001);
    await muster.api(`/users/${made.id}`).patch({ city: 'Bonn' });
  });
});
