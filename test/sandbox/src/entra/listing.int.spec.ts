import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PageIterator, type Client, type PageCollection } from '@microsoft/microsoft-graph-client';

import { openSpecTenant, type SpecTenant } from './official-clients.ts';

interface Listed {
  value: Record<string, string>[];
  '@odata.nextLink'?: string;
  '@odata.count'?: number;
}

const PEOPLE = 250;
let tenant: SpecTenant;
let muster: Client;

beforeAll(async () => {
  const users = Array.from({ length: PEOPLE }, (_, at) => ({
    properties: {
      userPrincipalName: `p${at}@contoso.example`,
      mailNickname: `p${at}`,
      displayName: at === 7 ? "Anne O'Neill & Sons #1" : `Person ${String(at).padStart(3, '0')}`,
      employeeId: `E${at}`,
      ...(at % 2 === 0 ? { department: 'Sales' } : {}),
      employeeHireDate: `20${String(10 + (at % 10))}-01-01T00:00:00Z`,
    },
  }));
  tenant = await openSpecTenant({ seed: { users } });
  muster = tenant.client('muster');
});
afterAll(() => tenant.close());

const list = (query: string, headers: Record<string, string> = {}) =>
  muster.api(`/users${query}`).headers(headers).get() as Promise<Listed>;
const EVENTUAL = { ConsistencyLevel: 'eventual' };
const filter = (text: string, rest = '', headers: Record<string, string> = {}) =>
  list(`?$filter=${encodeURIComponent(text)}${rest}`, headers);
const loginsOf = (page: Listed) => page.value.map((user) => user['userPrincipalName']!.split('@')[0]);

async function readAll(first: Listed, headers: Record<string, string> = {}): Promise<Listed> {
  const value = [...first.value];
  let page = first;
  for (let turn = 0; page['@odata.nextLink'] && turn < 1_000; turn++) {
    page = (await muster.api(page['@odata.nextLink']).headers(headers).get()) as Listed;
    value.push(...page.value);
  }
  return { value };
}

describe('a list', () => {
  it('comes in pages of a hundred with an absolute next link that keeps the query', async () => {
    const first = await list('?$select=id,userPrincipalName');
    expect(first.value).toHaveLength(100);
    expect(first['@odata.nextLink']).toMatch(new RegExp(`^${tenant.entra.graphUrl}/v1.0/users\\?\\$select=.*&\\$skiptoken=`));
    const all = await readAll(first);
    expect(new Set(loginsOf(all)).size).toBe(PEOPLE);
    expect(Object.keys(all.value.at(-1)!)).toEqual(['id', 'userPrincipalName']);
  });

  it('takes a page size up to 999', async () => {
    expect((await list('?$top=999')).value).toHaveLength(PEOPLE);
    expect((await tenant.faultOf(list('?$top=1000'))).message).toBe(
      "Invalid page size specified: '1000'. Must be between 1 and 999 inclusive.",
    );
  });

  it('refuses a page token that is made up', async () => {
    expect(await tenant.faultOf(list('?$skiptoken=nonsense'))).toMatchObject({ statusCode: 400, code: 'Directory_ExpiredPageToken' });
  });

  it('is walked by the PageIterator, which does not wait for an asynchronous callback', async () => {
    const walk = async (callback: (seen: string[], item: { id: string }) => boolean) => {
      const seen: string[] = [];
      const first = (await list('?$top=50&$select=id')) as unknown as PageCollection;
      await new PageIterator(muster, first, (item: { id: string }) => callback(seen, item)).iterate();
      return seen.length;
    };
    expect(await walk((seen, item) => seen.push(item.id) > 0)).toBe(PEOPLE);
    const late = await walk((seen, item) => {
      setTimeout(() => seen.push(item.id), 50);
      return true;
    });
    expect(late).toBeLessThan(PEOPLE);
  });

  it.each([
    ["employeeId eq 'E17'", ['p17']],
    ["employeeId eq 'e17'", ['p17']],
    ["userPrincipalName in ('p1@contoso.example','P2@contoso.example','nobody@x')", ['p1', 'p2']],
    ["startsWith(displayName,'Person 01') and department eq 'Sales'", ['p10', 'p12', 'p14', 'p16', 'p18']],
    ["(employeeId eq 'E1' or employeeId eq 'E2') and accountEnabled eq true", ['p1', 'p2']],
    ["displayName eq 'Anne O''Neill & Sons #1'", ['p7']],
    [
      "employeeHireDate le 2010-01-01T00:00:00Z and startsWith(employeeId,'E1')",
      ['p10', 'p100', 'p110', 'p120', 'p130', 'p140', 'p150', 'p160', 'p170', 'p180', 'p190'],
    ],
  ])('is filtered by %s', async (text, expected) => {
    expect(loginsOf(await readAll(await filter(text)))).toEqual(expected);
  });

  it.each([
    ["displayName ne 'x'", '$count=true'],
    ["not startsWith(displayName,'Person')", '$count=true'],
    ["endsWith(userPrincipalName,'7@contoso.example')", '$count=true'],
    ['department eq null', '$count=true'],
  ])('is filtered by %s only with ConsistencyLevel eventual and $count', async (text) => {
    expect(await tenant.faultOf(filter(text))).toMatchObject({ statusCode: 400, code: 'Request_UnsupportedQuery' });
    expect(await tenant.faultOf(filter(text, '', EVENTUAL))).toMatchObject({ statusCode: 400 });
    const page = await filter(text, '&$count=true&$top=999', EVENTUAL);
    expect(page['@odata.count']).toBe(page.value.length);
  });

  it.each([
    ["colour eq 'red'", /Could not find a property named 'colour' on type 'microsoft.graph.user'/, 'BadRequest'],
    ["displayName eq 'x", /Syntax error at position/, 'BadRequest'],
    ["displayName like 'x'", /Syntax error at position/, 'BadRequest'],
    [
      "passwordPolicies eq 'x'",
      /Unsupported or invalid query filter clause specified for property 'passwordPolicies'/,
      'Request_UnsupportedQuery',
    ],
    ["contains(displayName,'x')", /not supported/, 'Request_UnsupportedQuery'],
  ])('refuses the filter %s', async (text, message, code) => {
    const fault = await tenant.faultOf(filter(text));
    expect(fault).toMatchObject({ statusCode: 400, code });
    expect(fault.message).toMatch(message);
  });

  it('loses a filter that the caller did not percent-encode: & splits it, # cuts the address', async () => {
    const ampersand = muster.api('/users').filter("displayName eq 'Anne O''Neill & Sons #1'").get();
    expect((await tenant.faultOf(ampersand)).message).toMatch(/Syntax error/);
    const hash = (await muster.api('/users').filter("startsWith(displayName,'Person') #").get()) as Listed;
    expect(hash.value.length).toBeGreaterThan(0);
  });

  it('is ordered and counted, over several pages', async () => {
    const first = await list('?$orderby=displayName desc&$top=100&$count=true', EVENTUAL);
    expect(first['@odata.count']).toBe(PEOPLE);
    const names = (await readAll(first, EVENTUAL)).value.map((user) => user['displayName']!);
    expect(names).toHaveLength(PEOPLE);
    expect(names).toEqual(names.toSorted().toReversed());
  });

  it('is searched by the beginning of a word', async () => {
    expect((await tenant.faultOf(list(`?$search=${encodeURIComponent('"displayName:sons"')}`))).message).toMatch(
      /ConsistencyLevel: eventual/,
    );
    expect(loginsOf(await list(`?$search=${encodeURIComponent('"displayName:sons"')}`, EVENTUAL))).toEqual(['p7']);
  });

  it('may have an empty page in the middle, a repeated item, an unknown property: nothing is lost', async () => {
    const ids = ['empty-page', 'repeat-page', 'unknown-property'].map((kind) =>
      tenant.kit.faults.add({ id: kind, server: 'graph', path: '/v1.0/users', kind, probability: 0.5 }),
    );
    const pages: Listed[] = [await list('?$top=20&$select=id')];
    for (let turn = 0; pages.at(-1)!['@odata.nextLink'] && turn < 100; turn++) {
      pages.push((await muster.api(pages.at(-1)!['@odata.nextLink']!).get()) as Listed);
    }
    for (const id of ids) {
      expect(tenant.kit.faults.fired(id)).toBeGreaterThan(0);
      tenant.kit.faults.remove(id);
    }
    const all = pages.flatMap((page) => page.value.map((user) => user['id']!));
    expect(pages.some((page) => page.value.length === 0 && page['@odata.nextLink'])).toBe(true);
    expect(all.length).toBeGreaterThan(PEOPLE);
    expect(new Set(all).size).toBe(PEOPLE);
    expect(pages.some((page) => page.value.some((user) => 'agentProfile@preview' in user))).toBe(true);
  });
});
