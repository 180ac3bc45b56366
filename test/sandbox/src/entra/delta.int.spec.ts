import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PageIterator, type Client, type PageCollection } from '@microsoft/microsoft-graph-client';

import { openSpecTenant, type SpecTenant } from './official-clients.ts';
import { seedEntra } from './seed.ts';

type Item = Record<string, unknown> & { id: string };

interface Page {
  value: Item[];
  '@odata.nextLink'?: string;
  '@odata.deltaLink'?: string;
}

const DAY = 86_400_000;
let tenant: SpecTenant;
let muster: Client;
let admin: Client;

beforeEach(async () => {
  const users = Array.from({ length: 30 }, (_, at) => ({
    properties: { userPrincipalName: `p${at}@contoso.example`, mailNickname: `p${at}`, displayName: `Person ${at}`, employeeId: `E${at}` },
  }));
  const members = users.slice(0, 5).map((user) => user.properties.userPrincipalName);
  tenant = await openSpecTenant({
    seed: {
      users,
      groups: [
        { name: 'crew', members },
        { name: 'secret', hidden: true },
      ],
    },
  });
  muster = tenant.client('muster');
  admin = tenant.client('admin');
});
afterEach(() => tenant.close());

/** Reads a round to its end; gives the pages and the next delta link. */
async function round(start: string, headers: Record<string, string> = {}): Promise<{ pages: Page[]; items: Item[]; link: string }> {
  const pages: Page[] = [];
  let next: string | undefined = start;
  for (let turn = 0; next !== undefined && turn < 200; turn++) {
    const page = (await muster.api(next).headers(headers).get()) as Page;
    pages.push(page);
    next = page['@odata.nextLink'];
  }
  const link = pages.at(-1)!['@odata.deltaLink'];
  if (link === undefined) throw new Error('a round ended without a delta link');
  return { pages, items: pages.flatMap((page) => page.value), link };
}

const idOf = (at: number) => tenant.entra.tenant.directory.holder('user', 'employeeId', `E${at}`)!.id;
const crew = () => tenant.entra.tenant.directory.holder('group', 'displayName', 'crew')!.id;
const reference = (id: string) => ({ '@odata.id': `${tenant.entra.graphUrl}/v1.0/directoryObjects/${id}` });

describe('a delta of users', () => {
  it('begins with everything, over pages, and ends with a link that shows what came after', async () => {
    const first = await round('/users/delta?$select=id,displayName', { Prefer: 'odata.maxpagesize=7' });
    expect(first.pages.length).toBeGreaterThan(4);
    expect(first.items).toHaveLength(30);
    expect(first.link).toMatch(new RegExp(`^${tenant.entra.graphUrl}/v1.0/users/delta\\?\\$deltatoken=`));
    expect((await round(first.link)).items).toEqual([]);
    await muster.api(`/users/${idOf(3)}`).patch({ displayName: 'Changed' });
    await muster.api(`/users/${idOf(4)}`).patch({ department: 'not selected' });
    expect((await round(first.link)).items).toEqual([{ id: idOf(3), displayName: 'Changed' }]);
  });

  it('is walked by the PageIterator, whose delta link can be stored and passed whole', async () => {
    const first = (await muster.api('/users/delta').select('id').get()) as PageCollection;
    const iterator = new PageIterator(muster, first, () => true);
    await iterator.iterate();
    const link = iterator.getDeltaLink()!;
    const id = idOf(1);
    await muster.api(`/users/${id}`).delete();
    expect(((await muster.api(link).get()) as Page).value).toEqual([{ id, '@removed': { reason: 'changed' } }]);
  });

  it('can begin with now', async () => {
    const { items, link } = await round('/users/delta?$deltatoken=latest');
    expect(items).toEqual([]);
    await muster.api(`/users/${idOf(2)}`).patch({ jobTitle: 'Chief' });
    expect((await round(link)).items).toMatchObject([{ id: idOf(2), jobTitle: 'Chief' }]);
  });

  it('tells a removed value by null, a deleted user by "changed", one gone for good by "deleted", a restored one whole', async () => {
    await muster.api(`/users/${idOf(5)}`).patch({ jobTitle: 'X' });
    let { link } = await round('/users/delta?$deltatoken=latest');
    const [kept, gone, back] = [idOf(5), idOf(6), idOf(7)];
    await muster.api(`/users/${kept}`).patch({ jobTitle: null });
    await muster.api(`/users/${gone}`).delete();
    await muster.api(`/directory/deletedItems/${gone}`).delete();
    await muster.api(`/users/${back}`).delete();
    const round1 = await round(link);
    ({ link } = round1);
    expect(round1.items).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ id: kept, jobTitle: null }),
        { id: gone, '@removed': { reason: 'deleted' } },
        { id: back, '@removed': { reason: 'changed' } },
      ]),
    );
    await muster.api(`/directory/deletedItems/${back}/restore`).post({});
    expect((await round(link)).items).toMatchObject([{ id: back, userPrincipalName: 'p7@contoso.example' }]);
  });

  it('shows the manager when it is selected, and its removal', async () => {
    const [worker, boss] = [idOf(8), idOf(9)];
    await muster.api(`/users/${worker}/manager/$ref`).put(reference(boss));
    const first = await round('/users/delta?$select=id,manager');
    expect(first.items.find((item) => item.id === worker)?.['manager@delta']).toEqual([
      { '@odata.type': '#microsoft.graph.user', id: boss },
    ]);
    await muster.api(`/users/${worker}/manager/$ref`).delete();
    const second = await round(first.link);
    expect(second.items).toMatchObject([{ id: worker, 'manager@delta': [{ id: boss, '@removed': { reason: 'deleted' } }] }]);
  });

  it('shows only what changed with Prefer: return=minimal', async () => {
    const minimal = { Prefer: 'return=minimal' };
    const { link } = await round('/users/delta?$deltatoken=latest', minimal);
    await muster.api(`/users/${idOf(2)}`).patch({ jobTitle: 'Chief' });
    expect((await round(link, minimal)).items).toEqual([{ id: idOf(2), jobTitle: 'Chief' }]);
  });

  it('takes a filter of up to fifty ids and no other', async () => {
    const ids = (count: number) => Array.from({ length: count }, (_, at) => `id eq '${idOf(at % 30)}'`).join(' or ');
    const first = await round(`/users/delta?$filter=${encodeURIComponent(ids(2))}`);
    expect(first.items).toHaveLength(2);
    await muster.api(`/users/${idOf(5)}`).patch({ jobTitle: 'outside' });
    await muster.api(`/users/${idOf(1)}`).patch({ jobTitle: 'inside' });
    expect((await round(first.link)).items.map((item) => item.id)).toEqual([idOf(1)]);
    expect((await tenant.faultOf(round(`/users/delta?$filter=${encodeURIComponent(ids(51))}`))).statusCode).toBe(400);
    expect((await tenant.faultOf(round(`/users/delta?$filter=${encodeURIComponent("department eq 'Sales'")}`))).statusCode).toBe(400);
  });
});

describe('a seed', () => {
  it('that comes after somebody read is told by delta, as nobody would find it else', async () => {
    const { link } = await round('/users/delta?$deltatoken=latest');
    const properties = { userPrincipalName: 'late@contoso.example', mailNickname: 'late', displayName: 'Late' };
    seedEntra(tenant.entra.tenant, { users: [{ properties }] });
    expect((await round(link)).items).toMatchObject([{ userPrincipalName: 'late@contoso.example' }]);
  });
});

describe('a delta token', () => {
  it('is answered 410 with a Location after seven days; the location begins anew', async () => {
    const { link } = await round('/users/delta?$select=id');
    tenant.kit.clock.advance(7 * DAY + 1_000);
    const fault = await tenant.faultOf(tenant.client('muster').api(link).get());
    expect(fault.statusCode).toBe(410);
    const location = fault.headers!.get('location')!;
    expect(location).toBe(`${tenant.entra.graphUrl}/v1.0/users/delta?$deltatoken=`);
    muster = tenant.client('muster');
    expect((await round(location)).items).toHaveLength(30);
  });

  it('can be made to expire by hand, and be answered syncStateNotFound instead', async () => {
    const { link } = await round('/users/delta?$select=id');
    await tenant.bare('POST', `${tenant.kit.admin.url}/entra/delta/expire`, { body: {} });
    expect((await tenant.faultOf(muster.api(link).get())).statusCode).toBe(410);
    const rule = tenant.kit.faults.add({ server: 'graph', kind: 'sync-state-not-found' });
    expect(await tenant.faultOf(muster.api(link).get())).toMatchObject({ statusCode: 400, code: 'syncStateNotFound' });
    expect(tenant.kit.faults.fired(rule)).toBe(1);
    expect((await tenant.faultOf(muster.api('/users/delta?$deltatoken=made-up').get())).statusCode).toBe(400);
  });

  it('still counts after a restart, on the same address', async () => {
    const { link } = await round('/users/delta?$select=id,jobTitle');
    await muster.api(`/users/${idOf(2)}`).patch({ jobTitle: 'Chief' });
    const { data } = tenant;
    await tenant.close({ keep: true });
    tenant = await openSpecTenant({}, { data });
    muster = tenant.client('muster');
    expect((await round(link)).items).toEqual([{ id: idOf(2), jobTitle: 'Chief' }]);
    const state = (await (await tenant.bare('GET', `${tenant.kit.admin.url}/state?server=graph&id=${crew()}`)).json()) as {
      members: string[];
    };
    expect(state.members).toHaveLength(5);
  });
});

describe('a delta of groups', () => {
  it('shows members in parts, joins and leaves, and what a deleted user leaves behind', async () => {
    const first = await round('/groups/delta');
    expect(first.items.find((item) => item.id === crew())?.['members@delta']).toHaveLength(5);
    await muster.api(`/groups/${crew()}/members/$ref`).post(reference(idOf(20)));
    await muster.api(`/groups/${crew()}/members/${idOf(0)}/$ref`).delete();
    await muster.api(`/users/${idOf(1)}`).delete();
    const second = await round(first.link);
    expect(second.items).toHaveLength(1);
    expect(second.items[0]!['members@delta']).toEqual([
      { '@odata.type': '#microsoft.graph.user', id: idOf(20) },
      { '@odata.type': '#microsoft.graph.user', id: idOf(0), '@removed': { reason: 'deleted' } },
      { '@odata.type': '#microsoft.graph.user', id: expect.any(String), '@removed': { reason: 'deleted' } },
    ]);
  });

  it('gives a big group over several pages under one id', async () => {
    const users = Array.from({ length: 2_500 }, (_, at) => ({
      properties: { userPrincipalName: `m${at}@contoso.example`, mailNickname: `m${at}`, displayName: `M ${at}` },
    }));
    seedEntra(tenant.entra.tenant, { users, groups: [{ name: 'big', members: users.map((user) => user.properties.userPrincipalName) }] });
    const big = tenant.entra.tenant.directory.holder('group', 'displayName', 'big')!.id;
    const parts = (await round('/groups/delta?$select=displayName,members')).items.filter((item) => item.id === big);
    expect(parts.length).toBeGreaterThan(2);
    const members = parts.flatMap((part) => (part['members@delta'] as Item[]).map((member) => member.id));
    expect(new Set(members).size).toBe(2_500);
  });

  it('may show empty pages, an object twice and a replay: nothing is lost', async () => {
    const { link } = await round('/groups/delta');
    await admin.api(`/groups/${crew()}`).patch({ description: 'changed' });
    const kinds = ['empty-page', 'delta-duplicate', 'delta-replay'];
    for (const kind of kinds) tenant.kit.faults.add({ id: kind, server: 'graph', kind });
    const { pages, items } = await round(link);
    for (const kind of kinds) expect(tenant.kit.faults.fired(kind)).toBeGreaterThan(0);
    expect(pages[0]!.value).toEqual([]);
    expect(pages[0]!['@odata.nextLink']).toBeDefined();
    expect(items.filter((item) => item.id === crew()).length).toBeGreaterThan(1);
    expect(items.map((item) => item.id)).toContain(tenant.entra.tenant.directory.holder('group', 'displayName', 'secret')!.id);
  });
});
