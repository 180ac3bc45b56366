import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client } from '@microsoft/microsoft-graph-client';

import { openSpecTenant, type SpecTenant } from './official-clients.ts';

let tenant: SpecTenant;
let muster: Client;
let admin: Client;
let next = 1;

beforeAll(async () => {
  tenant = await openSpecTenant({ domains: ['contoso.example', 'fed.example'], federatedDomains: ['fed.example'] });
  muster = tenant.client('muster');
  admin = tenant.client('admin');
});
afterAll(() => tenant.close());

const newUser = (changes: Record<string, unknown> = {}) => {
  const name = `person${next++}`;
  return {
    accountEnabled: true,
    displayName: `Person ${name}`,
    mailNickname: name,
    userPrincipalName: `${name}@contoso.example`,
    passwordProfile: { password: 'Str0ng-Enough!', forceChangePasswordNextSignIn: true },
    ...changes,
  };
};
const create = async (changes: Record<string, unknown> = {}) =>
  (await muster.api('/users').post(newUser(changes))) as Record<string, string>;
const refusalOf = (work: Promise<unknown>) => tenant.faultOf(work);

describe('creating a user', () => {
  it('answers 201 with the default properties only, and counts the create by employeeId', async () => {
    const made = await create({ employeeId: 'E-100', department: 'Sales', jobTitle: 'Seller' });
    expect(made).toMatchObject({ jobTitle: 'Seller', businessPhones: [], mail: null });
    expect(made['@odata.context']).toBe(`${tenant.entra.graphUrl}/v1.0/$metadata#users/$entity`);
    expect(made).not.toHaveProperty('department');
    expect(made).not.toHaveProperty('passwordProfile');
    expect(tenant.kit.journal.counter('graph.create.employeeId.E-100')).toBe(1);
  });

  it('demands the required properties, each by name', async () => {
    for (const name of ['accountEnabled', 'displayName', 'mailNickname', 'userPrincipalName']) {
      const fault = await refusalOf(muster.api('/users').post(newUser({ [name]: undefined })));
      expect(fault).toMatchObject({
        statusCode: 400,
        code: 'Request_BadRequest',
        message: `A value is required for property '${name}' of resource 'User'.`,
      });
    }
    const fault = await refusalOf(muster.api('/users').post(newUser({ passwordProfile: undefined })));
    expect(fault.message).toBe('A password must be specified to create a new user.');
  });

  it.each([
    [{ favouriteColour: 'red' }, "Invalid property 'favouriteColour'."],
    [{ createdDateTime: '2026-01-01T00:00:00Z' }, "Property 'createdDateTime' is read-only and cannot be set."],
    [{ department: '' }, "Invalid value specified for property 'department' of resource 'User'."],
    [{ givenName: 'x'.repeat(65) }, "Invalid value specified for property 'givenName' of resource 'User'."],
    [{ usageLocation: 'Germany' }, "Invalid value specified for property 'usageLocation' of resource 'User'."],
    [{ accountEnabled: 'yes' }, "Cannot convert the literal 'yes' to the expected type 'Edm.Boolean'."],
    [{ employeeHireDate: '2026-01-01' }, "Cannot convert the literal '2026-01-01' to the expected type 'Edm.DateTimeOffset'."],
    [{ businessPhones: ['1', '2'] }, "Invalid value specified for property 'businessPhones' of resource 'User'."],
    [{ employeeOrgData: { team: 'x' } }, "Invalid property 'team' in 'employeeOrgData'."],
    [{ passwordProfile: { password: 'weak' } }, /does not comply with password complexity/],
    [{ userPrincipalName: 'a b@contoso.example' }, 'Property userPrincipalName is invalid.'],
    [{ userPrincipalName: 'a@elsewhere.example' }, /You must use one of the verified domain names/],
    [{ userPrincipalName: 'a@fed.example' }, "A value is required for property 'onPremisesImmutableId' of resource 'User'."],
  ])('refuses %j', async (changes, message) => {
    const fault = await refusalOf(muster.api('/users').post(newUser(changes)));
    expect(fault).toMatchObject({ statusCode: 400, code: 'Request_BadRequest' });
    expect(fault.message).toMatch(message);
  });

  it('refuses a login that is taken, also in other letters, with ObjectConflict in the details', async () => {
    const { userPrincipalName } = await create();
    const fault = await refusalOf(muster.api('/users').post(newUser({ userPrincipalName: userPrincipalName!.toUpperCase() })));
    expect(fault).toMatchObject({
      statusCode: 400,
      code: 'Request_BadRequest',
      message: 'Another object with the same value for property userPrincipalName already exists.',
    });
    const body = JSON.parse(fault.body as string) as { details: unknown[]; innerError: Record<string, string> };
    expect(body.details).toMatchObject([{ code: 'ObjectConflict', target: 'userPrincipalName' }]);
    expect(fault.requestId).toBe(body.innerError['request-id']);
    expect(fault.headers?.get('request-id')).toBe(fault.requestId);
  });

  it('keeps no password', async () => {
    const { id } = await create();
    const shown = (await admin.api(`/users/${id}`).select('id,passwordProfile').get()) as Record<string, unknown>;
    expect(shown['passwordProfile']).toBeNull();
    expect(JSON.stringify(tenant.entra.tenant.directory.find(id!)!.current)).not.toContain('Str0ng');
  });

  it('is denied to an app that may only read', async () => {
    const fault = await refusalOf(tenant.client('muster-observe').api('/users').post(newUser()));
    expect(fault).toMatchObject({
      statusCode: 403,
      code: 'Authorization_RequestDenied',
      message: 'Insufficient privileges to complete the operation.',
    });
  });
});

describe('reading a user', () => {
  it('finds it by id and by login, and shows what is selected', async () => {
    const { id, userPrincipalName } = await create({ department: 'Sales', employeeOrgData: { costCenter: '7' } });
    const shown = (await muster.api(`/users/${userPrincipalName}`).select('id,department,employeeOrgData,city').get()) as object;
    expect(shown).toMatchObject({ id, department: 'Sales', employeeOrgData: { costCenter: '7', division: null }, city: null });
    expect(shown).not.toHaveProperty('displayName');
  });

  it('says 404 for what is not there and 400 for a property that does not exist', async () => {
    const fault = await refusalOf(muster.api('/users/nobody@contoso.example').get());
    expect(fault).toMatchObject({
      statusCode: 404,
      code: 'Request_ResourceNotFound',
      message: "Resource 'nobody@contoso.example' does not exist or one of its queried reference-property objects are not present.",
    });
    const { id } = await create();
    const unknown = await refusalOf(muster.api(`/users/${id}`).select('colour').get());
    expect(unknown.message).toBe(
      "Parsing OData Select and Expand failed: Could not find a property named 'colour' on type 'microsoft.graph.user'.",
    );
  });

  it('shows nulls, and no error, for what the permissions do not cover', async () => {
    const { id } = await create({ department: 'Sales' });
    await admin.api(`/users/${id}`).patch({ employeeLeaveDateTime: '2027-01-31T00:00:00Z' });
    const select = 'id,department,employeeLeaveDateTime';
    expect(await muster.api(`/users/${id}`).select(select).get()).toMatchObject({ department: 'Sales', employeeLeaveDateTime: null });
    expect(await admin.api(`/users/${id}`).select(select).get()).toMatchObject({ employeeLeaveDateTime: '2027-01-31T00:00:00Z' });
  });
});

describe('changing a user', () => {
  it('answers 204; null clears; what is not named stays', async () => {
    const { id } = await create({ department: 'Sales', city: 'Ulm', employeeOrgData: { division: 'A', costCenter: '7' } });
    await muster.api(`/users/${id}`).patch({ department: null, employeeOrgData: { costCenter: '8' } });
    const shown = await muster.api(`/users/${id}`).select('department,city,employeeOrgData').get();
    expect(shown).toMatchObject({ department: null, city: 'Ulm', employeeOrgData: { division: 'A', costCenter: '8' } });
  });

  it('refuses to change a synchronised user, except what the cloud masters', async () => {
    const { id } = await create();
    await tenant.edit({ edit: 'synchronise', id: id! });
    const fault = await refusalOf(muster.api(`/users/${id}`).patch({ department: 'Sales' }));
    expect(fault.message).toMatch(/^Unable to update the specified properties for on-premises mastered Directory Sync objects/);
    await muster.api(`/users/${id}`).patch({ usageLocation: 'DE' });
    expect((await refusalOf(muster.api(`/users/${id}`).delete())).statusCode).toBe(400);
  });

  it('lets only a privileged administrator disable a privileged user', async () => {
    const { id } = await create();
    await tenant.edit({ edit: 'privilege', id: id! });
    expect((await refusalOf(muster.api(`/users/${id}`).patch({ accountEnabled: false }))).statusCode).toBe(403);
    await muster.api(`/users/${id}`).patch({ department: 'Sales' });
  });

  it('needs the permission of its own for the leave date', async () => {
    const { id } = await create();
    expect((await refusalOf(muster.api(`/users/${id}`).patch({ employeeLeaveDateTime: '2027-01-31T00:00:00Z' }))).statusCode).toBe(403);
  });
});

describe('the manager of a user', () => {
  it('is set by reference, read with its properties, and taken away', async () => {
    const [worker, boss] = [await create(), await create()];
    const reference = `/users/${worker['id']}/manager/$ref`;
    expect((await refusalOf(muster.api(`/users/${worker['id']}/manager`).get())).message).toMatch(/^Resource 'manager' does not exist/);
    await muster.api(reference).put({ '@odata.id': `https://graph.microsoft.com/v1.0/users/${boss['id']}` });
    expect(await muster.api(`/users/${worker['id']}/manager`).get()).toMatchObject({
      '@odata.type': '#microsoft.graph.user',
      id: boss['id'],
    });
    const reports = (await muster.api(`/users/${boss['id']}/directReports`).get()) as { value: object[] };
    expect(reports.value).toMatchObject([{ id: worker['id'] }]);
    const expanded = await muster.api(`/users/${worker['id']}`).select('id').expand('manager($select=id)').get();
    expect(expanded).toMatchObject({ manager: { id: boss['id'] } });
    await muster.api(reference).delete();
    expect((await refusalOf(muster.api(reference).delete())).statusCode).toBe(404);
  });

  it('is refused when it does not exist or the reference is no absolute URL', async () => {
    const { id } = await create();
    const put = (target: string) => refusalOf(muster.api(`/users/${id}/manager/$ref`).put({ '@odata.id': target }));
    expect(await put(`${tenant.entra.graphUrl}/v1.0/users/00000000-0000-4000-8000-000000000000`)).toMatchObject({ statusCode: 404 });
    expect(await put(id!)).toMatchObject({ statusCode: 400 });
  });
});

describe('deleting a user', () => {
  it('keeps it among the deleted items, frees its login, and a restore brings everything back', async () => {
    const { id, userPrincipalName } = await create();
    const group = await makeGroup();
    await muster.api(`/groups/${group}/members/$ref`).post({ '@odata.id': `${tenant.entra.graphUrl}/v1.0/directoryObjects/${id}` });
    await muster.api(`/users/${id}`).delete();
    expect((await refusalOf(muster.api(`/users/${id}`).get())).statusCode).toBe(404);
    expect(await muster.api(`/directory/deletedItems/${id}`).get()).toMatchObject({ id });
    const other = (await muster.api('/users').post(newUser({ userPrincipalName }))) as { id: string };
    expect((await refusalOf(muster.api(`/directory/deletedItems/${id}/restore`).post({}))).message).toMatch(
      /userPrincipalName already exists/,
    );
    await muster.api(`/users/${other.id}`).delete();
    await muster.api(`/directory/deletedItems/${id}/restore`).post({});
    expect(await muster.api(`/users/${id}/memberOf`).get()).toMatchObject({ value: [{ id: group }] });
    await muster.api(`/directory/deletedItems/${other.id}`).delete();
    expect((await refusalOf(muster.api(`/directory/deletedItems/${other.id}`).get())).statusCode).toBe(404);
  });

  it('is told apart from ending the sessions, which says true', async () => {
    const { id } = await create();
    expect(await muster.api(`/users/${id}/revokeSignInSessions`).post({})).toMatchObject({ value: true });
  });
});

async function makeGroup(): Promise<string> {
  const body = { displayName: `G${next++}`, mailEnabled: false, mailNickname: `g${next}`, securityEnabled: true };
  return ((await admin.api('/groups').post(body)) as { id: string }).id;
}
