import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client } from '@microsoft/microsoft-graph-client';

import { drawCompany } from '../kit/company.ts';
import { entraSeedOf } from '../seed-company.ts';
import { openSpecTenant, type SpecTenant } from './official-clients.ts';

interface Listed {
  value: Record<string, unknown>[];
  '@odata.nextLink'?: string;
}

const company = drawCompany({ workers: 60, groups: 6, apps: 3, domain: 'contoso.example' });
const EXTRA = [
  { name: 'dynamic', sort: 'dynamic' },
  { name: 'list', sort: 'mail-security' },
  { name: 'synced', sort: 'synchronised' },
  { name: 'admins', sort: 'role-assignable' },
  { name: 'team', sort: 'unified' },
  { name: 'hidden', hidden: true, members: [company.workers[1]!.login, company.workers[2]!.login] },
] as const;

let tenant: SpecTenant;
let muster: Client;
let admin: Client;
let next = 1;

beforeAll(async () => {
  const seed = entraSeedOf(company);
  tenant = await openSpecTenant({
    seed: { ...seed, groups: [...seed.groups!, ...EXTRA] },
    registrations: [
      { displayName: 'members-only', permissions: ['GroupMember.Read.All'] },
      { displayName: 'basic', permissions: ['User.ReadBasic.All'] },
    ],
  });
  muster = tenant.client('muster');
  admin = tenant.client('admin');
});
afterAll(() => tenant.close());

const userId = (at: number) => tenant.entra.tenant.directory.holder('user', 'employeeId', company.workers[at]!.key)!.id;
const groupId = (name: string) => tenant.entra.tenant.directory.holder('group', 'displayName', name)!.id;
const appId = (name: string) => tenant.entra.tenant.directory.holder('servicePrincipal', 'displayName', name)!.id;
const reference = (id: string) => ({ '@odata.id': `${tenant.entra.graphUrl}/v1.0/directoryObjects/${id}` });
const urlOf = (id: string) => `${tenant.entra.graphUrl}/v1.0/directoryObjects/${id}`;
const membersOf = (group: string) => tenant.entra.tenant.directory.find(group)!.members!.size;

async function makeGroup(client = admin): Promise<string> {
  const body = { displayName: `Made ${next++}`, mailEnabled: false, mailNickname: `made${next}`, securityEnabled: true };
  return ((await client.api('/groups').post(body)) as { id: string }).id;
}

describe('a group', () => {
  it('is made only by those who may make groups', async () => {
    expect((await tenant.faultOf(makeGroup(muster))).statusCode).toBe(403);
    const id = await makeGroup();
    expect(await muster.api(`/groups/${id}`).get()).toMatchObject({ id, groupTypes: [], securityEnabled: true, mailEnabled: false });
  });

  it.each([
    [{ displayName: undefined }, "A value is required for property 'displayName' of resource 'Group'."],
    [{ mailEnabled: true }, /does not currently support writes of mail-enabled groups/],
    [{ groupTypes: ['DynamicMembership'] }, "A value is required for property 'membershipRule' of resource 'Group'."],
    [{ colour: 'red' }, "Invalid property 'colour'."],
  ])('is refused with %j', async (changes, message) => {
    const body = { displayName: 'X', mailEnabled: false, mailNickname: 'x', securityEnabled: true, ...changes };
    expect((await tenant.faultOf(admin.api('/groups').post(body))).message).toMatch(message);
  });

  it('takes a member once, and lets go of one only while it is there', async () => {
    const id = await makeGroup();
    await muster.api(`/groups/${id}/members/$ref`).post(reference(userId(1)));
    const twice = await tenant.faultOf(muster.api(`/groups/${id}/members/$ref`).post(reference(userId(1))));
    expect(twice).toMatchObject({
      statusCode: 400,
      code: 'Request_BadRequest',
      message: "One or more added object references already exist for the following modified properties: 'members'.",
    });
    const absent = await tenant.faultOf(muster.api(`/groups/${id}/members/$ref`).post(reference('00000000-0000-4000-8000-000000000000')));
    expect(absent).toMatchObject({ statusCode: 404, code: 'Request_ResourceNotFound' });
    await muster.api(`/groups/${id}/members/${userId(1)}/$ref`).delete();
    expect((await tenant.faultOf(muster.api(`/groups/${id}/members/${userId(1)}/$ref`).delete())).statusCode).toBe(404);
  });

  it('takes twenty members in one PATCH, twenty-one not', async () => {
    const id = await makeGroup();
    const bind = (count: number) => ({ 'members@odata.bind': Array.from({ length: count }, (_, at) => urlOf(userId(at))) });
    expect((await tenant.faultOf(muster.api(`/groups/${id}`).patch(bind(21)))).statusCode).toBe(400);
    expect(membersOf(id)).toBe(0);
    await muster.api(`/groups/${id}`).patch(bind(20));
    expect(membersOf(id)).toBe(20);
  });

  it('takes all of a PATCH or nothing: one that is there, absent or named twice refuses the rest', async () => {
    const id = await makeGroup();
    await muster.api(`/groups/${id}/members/$ref`).post(reference(userId(3)));
    const patch = (...ids: string[]) => tenant.faultOf(muster.api(`/groups/${id}`).patch({ 'members@odata.bind': ids.map(urlOf) }));
    expect((await patch(userId(4), userId(3))).message).toMatch(/already exist/);
    expect((await patch(userId(4), '00000000-0000-4000-8000-000000000000')).statusCode).toBe(404);
    expect((await patch(userId(4), userId(4))).statusCode).toBe(400);
    expect(membersOf(id)).toBe(1);
  });

  it('is changed by members@odata.bind with GroupMember.ReadWrite.All, by name only with more', async () => {
    const id = await makeGroup();
    const both = { displayName: 'Other', 'members@odata.bind': [urlOf(userId(5))] };
    expect((await tenant.faultOf(muster.api(`/groups/${id}`).patch(both))).statusCode).toBe(403);
    expect(membersOf(id)).toBe(0);
    await admin.api(`/groups/${id}`).patch(both);
    expect(membersOf(id)).toBe(1);
  });

  it.each([
    ['dynamic', 400, /dynamic/],
    ['list', 400, 'Cannot Update a mail-enabled security groups and or distribution list.'],
    ['synced', 400, /on-premises mastered/],
    ['admins', 403, /Insufficient privileges/],
  ])('refuses members when it is %s', async (name, status, message) => {
    const fault = await tenant.faultOf(muster.api(`/groups/${groupId(name)}/members/$ref`).post(reference(userId(1))));
    expect(fault.statusCode).toBe(status);
    expect(fault.message).toMatch(message);
  });

  it('takes members when it is a Microsoft 365 group, but no groups', async () => {
    const path = `/groups/${groupId('team')}/members/$ref`;
    await muster.api(path).post(reference(userId(1)));
    expect((await tenant.faultOf(muster.api(path).post(reference(groupId('hidden'))))).statusCode).toBe(400);
  });

  it('shows nested members only when asked transitively', async () => {
    const [outer, inner] = [await makeGroup(), await makeGroup()];
    await muster.api(`/groups/${outer}/members/$ref`).post(reference(inner));
    await muster.api(`/groups/${inner}/members/$ref`).post(reference(userId(7)));
    expect(((await muster.api(`/groups/${outer}/members`).get()) as Listed).value).toMatchObject([
      { '@odata.type': '#microsoft.graph.group', id: inner },
    ]);
    const users = (await muster.api(`/groups/${outer}/transitiveMembers/microsoft.graph.user`).get()) as Listed;
    expect(users.value).toMatchObject([{ id: userId(7) }]);
    const groups = (await muster
      .api(`/users/${userId(7)}/transitiveMemberOf`)
      .select('id')
      .get()) as Listed;
    expect(groups.value.map((group) => group['id'])).toEqual(expect.arrayContaining([outer, inner]));
  });

  it('goes to the deleted items and comes back with its members', async () => {
    const id = await makeGroup();
    await muster.api(`/groups/${id}/members/$ref`).post(reference(userId(8)));
    await admin.api(`/groups/${id}`).delete();
    expect((await tenant.faultOf(muster.api(`/groups/${id}`).get())).statusCode).toBe(404);
    await admin.api(`/directory/deletedItems/${id}/restore`).post({});
    expect(membersOf(id)).toBe(1);
  });
});

describe('what permissions hide', () => {
  it('makes the list of a group with hidden membership short, without an error', async () => {
    const path = `/groups/${groupId('hidden')}/members`;
    expect(((await muster.api(path).get()) as Listed).value).toHaveLength(2);
    expect(((await tenant.client('members-only').api(path).get()) as Listed).value).toEqual([]);
  });

  it('makes the properties of members null, without an error', async () => {
    const list = (await tenant
      .client('members-only')
      .api(`/groups/${groupId('All staff')}/members`)
      .top(3)
      .get()) as Listed;
    expect(list.value).toHaveLength(3);
    for (const member of list.value) expect(member).toMatchObject({ id: expect.any(String), displayName: null, userPrincipalName: null });
    const basic = await tenant
      .client('basic')
      .api(`/users/${userId(1)}`)
      .select('displayName,department')
      .get();
    expect(basic).toMatchObject({ displayName: company.workers[1]!.displayName, department: null });
  });

  it('denies what is not covered at all', async () => {
    expect((await tenant.faultOf(tenant.client('members-only').api('/users').get())).statusCode).toBe(403);
    expect((await tenant.faultOf(tenant.client('basic').api('/servicePrincipals').get())).statusCode).toBe(403);
  });
});

describe('app roles', () => {
  const [app] = company.apps;

  it('are held by groups, and shown for the users directly in them', async () => {
    const held = (await muster.api(`/groups/${groupId(app!.groups[0]!)}/appRoleAssignments`).get()) as Listed;
    expect(held.value).toMatchObject([{ principalType: 'Group', resourceDisplayName: app!.label }]);
    const worker = company.groups.find((group) => group.name === app!.groups[0])!.members[0]!;
    const id = tenant.entra.tenant.directory.holder('user', 'employeeId', worker)!.id;
    const ofUser = (await muster.api(`/users/${id}/appRoleAssignments`).get()) as Listed;
    expect(ofUser.value.map((one) => one['resourceId'])).toContain(appId(app!.label));
  });

  it('are given once and taken, by those who may', async () => {
    const resourceId = appId(app!.label);
    const { value: roles } = (await muster.api(`/servicePrincipals/${resourceId}/appRoles`).get()) as Listed;
    const body = { principalId: userId(9), resourceId, appRoleId: roles[0]!['id'] };
    const path = `/servicePrincipals/${resourceId}/appRoleAssignedTo`;
    expect((await tenant.faultOf(muster.api(path).post(body))).statusCode).toBe(403);
    const given = (await admin.api(path).post(body)) as { id: string };
    expect((await tenant.faultOf(admin.api(path).post(body))).message).toBe('Permission being assigned already exists on the object');
    const wrong = await tenant.faultOf(admin.api(path).post({ ...body, appRoleId: '00000000-0000-0000-0000-000000000000' }));
    expect(wrong.message).toBe('Permission being assigned was not found on application');
    await admin.api(`/users/${userId(9)}/appRoleAssignments/${given.id}`).delete();
    expect((await tenant.faultOf(admin.api(`${path}/${given.id}`).delete())).statusCode).toBe(404);
  });

  it('belong to apps that are found by their appId', async () => {
    const { appId: clientId } = (await muster.api(`/servicePrincipals/${appId(app!.label)}`).get()) as { appId: string };
    expect(await muster.api(`/servicePrincipals(appId='${clientId}')`).get()).toMatchObject({ displayName: app!.label });
  });
});
