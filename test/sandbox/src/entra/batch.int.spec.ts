import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BatchRequestContent, BatchResponseContent, type Client } from '@microsoft/microsoft-graph-client';

import { openSpecTenant, type SpecTenant } from './official-clients.ts';

interface Inner {
  id: string;
  status: number;
  headers: Record<string, string>;
  body?: { id?: string; value?: unknown[]; error?: { code: string; message: string } };
}

let tenant: SpecTenant;
let muster: Client;

beforeAll(async () => {
  const users = Array.from({ length: 25 }, (_, at) => ({
    properties: { userPrincipalName: `p${at}@contoso.example`, mailNickname: `p${at}`, displayName: `Person ${at}`, employeeId: `E${at}` },
  }));
  tenant = await openSpecTenant({ seed: { users, groups: [{ name: 'crew' }] } });
  muster = tenant.client('muster');
});
afterAll(() => tenant.close());

const post = async (requests: object[]) => ((await muster.api('/$batch').post({ requests })) as { responses: Inner[] }).responses;
const get = (id: string, url: string, extra: object = {}) => ({ id, method: 'GET', url, ...extra });

describe('a batch', () => {
  it('answers each request by itself, in an order of its own', async () => {
    const responses = await post([get('1', '/users/p1@contoso.example'), get('2', '/users/nobody@x'), get('3', '/groups?$select=id')]);
    expect(responses.map((response) => response.id)).not.toEqual(['1', '2', '3']);
    const byId = new Map(responses.map((response) => [response.id, response]));
    expect(byId.get('1')).toMatchObject({ status: 200, body: { displayName: 'Person 1' } });
    expect(byId.get('2')).toMatchObject({ status: 404, body: { error: { code: 'Request_ResourceNotFound' } } });
    expect(byId.get('3')!.body!.value).toHaveLength(1);
  });

  it('is built and read by the official classes, as long as no request names the version', async () => {
    const inner = (path: string) => new Request(`https://localhost${path}`, { method: 'GET' });
    const content = new BatchRequestContent([
      { id: 'plain', request: inner('/users/p2@contoso.example') },
      { id: 'versioned', request: inner('/v1.0/users/p2@contoso.example') },
    ]);
    const answer = new BatchResponseContent(
      (await muster.api('/$batch').post(await content.getContent())) as { responses: Inner[] } as never,
    );
    expect((await answer.getResponseById('plain').json()) as object).toMatchObject({ displayName: 'Person 2' });
    expect(answer.getResponseById('versioned').status).toBe(400);
    expect(JSON.stringify(await answer.getResponseById('versioned').json())).toContain("Resource not found for the segment 'v1.0'.");
  });

  it('takes twenty requests, by the client and by the server', async () => {
    const many = (count: number) => Array.from({ length: count }, (_, at) => get(`${at}`, `/users/p${at}@contoso.example?$select=id`));
    expect(await post(many(20))).toHaveLength(20);
    expect((await tenant.faultOf(post(many(21)))).statusCode).toBe(400);
    const steps = many(21).map(({ id, url }) => ({ id, request: new Request(`https://localhost${url}`) }));
    expect(() => new BatchRequestContent(steps)).toThrow(/20/);
  });

  it('runs a request after those it depends on, and answers 424 when one of them failed', async () => {
    const patch = (id: string, at: number, body: object, dependsOn: string[] = []) => ({
      id,
      method: 'PATCH',
      url: `/users/p${at}@contoso.example`,
      headers: { 'Content-Type': 'application/json' },
      body,
      dependsOn,
    });
    const responses = await post([
      patch('late', 3, { jobTitle: 'second' }, ['early']),
      patch('early', 3, { jobTitle: 'first' }),
      patch('broken', 4, { colour: 'red' }),
      patch('lost', 4, { jobTitle: 'never' }, ['broken']),
    ]);
    const statuses = Object.fromEntries(responses.map((response) => [response.id, response.status]));
    expect(statuses).toEqual({ late: 204, early: 204, broken: 400, lost: 424 });
    expect(await muster.api('/users/p3@contoso.example').select('jobTitle').get()).toMatchObject({ jobTitle: 'second' });
    expect(await muster.api('/users/p4@contoso.example').select('jobTitle').get()).toMatchObject({ jobTitle: null });
  });

  it('refuses circles, unknown dependencies, ids used twice, and bodies without a content type', async () => {
    const circle = [get('a', '/users', { dependsOn: ['b'] }), get('b', '/users', { dependsOn: ['a'] })];
    expect((await tenant.faultOf(post(circle))).statusCode).toBe(400);
    expect((await tenant.faultOf(post([get('a', '/users', { dependsOn: ['z'] })]))).statusCode).toBe(400);
    expect((await tenant.faultOf(post([get('a', '/users'), get('a', '/groups')]))).statusCode).toBe(400);
    const [answer] = await post([{ id: 'x', method: 'PATCH', url: '/users/p1@contoso.example', body: { city: 'Ulm' } }]);
    expect(answer).toMatchObject({ status: 400, body: { error: { message: expect.stringContaining('Content-Type') } } });
  });

  it('has throttled requests inside that nobody repeats', async () => {
    const rule = tenant.kit.faults.add({ server: 'graph', path: '/v1.0/users/p5*', kind: 'throttle', times: 1 });
    const patient = tenant.client('muster', { retries: 3 });
    const before = tenant.kit.journal.last;
    const { responses } = (await patient
      .api('/$batch')
      .post({ requests: [get('1', '/users/p5@contoso.example'), get('2', '/users/p6@contoso.example')] })) as {
      responses: Inner[];
    };
    expect(tenant.kit.faults.fired(rule)).toBe(1);
    expect(responses.find((response) => response.id === '1')).toMatchObject({ status: 429, headers: { 'Retry-After': '10' } });
    expect(responses.find((response) => response.id === '2')!.status).toBe(200);
    expect(tenant.kit.journal.since(before, 10, 'graph')).toHaveLength(1);
  });

  it('may lose the answer of an inner write that was done', async () => {
    const rule = tenant.kit.faults.add({ server: 'graph', method: 'PATCH', kind: 'status', status: 504, afterEffect: true, times: 1 });
    const headers = { 'Content-Type': 'application/json' };
    const [answer] = await post([{ id: '1', method: 'PATCH', url: '/users/p9@contoso.example', headers, body: { city: 'Ulm' } }]);
    expect(tenant.kit.faults.fired(rule)).toBe(1);
    expect(answer!.status).toBe(504);
    expect(await muster.api('/users/p9@contoso.example').select('city').get()).toMatchObject({ city: 'Ulm' });
  });
});
