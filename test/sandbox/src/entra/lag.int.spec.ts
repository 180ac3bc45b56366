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
const crew = () => tenant.entra.tenant.directory.holder('group', 'displayName', 'crew')!.id;
const reference = (id: string) => ({ '@odata.id': `${tenant.entra.graphUrl}/v1.0/users/${id}` });

describe('replica lag', () => {
  const lag = (readClass: string, ms: number) => tenant.kit.lag.set({ class: readClass as 'id', minMs: ms, maxMs: ms });
  const idsOf = async (path: string) => ((await muster.api(path).get()) as { value: { id: string }[] }).value.map((item) => item.id);

  it('hides a new user from reads by id and by login, and shows old values after a change', async () => {
    lag('id', 5_000);
    const user = newUser();
    const { id } = (await muster.api('/users').post(user)) as { id: string };
    expect((await tenant.faultOf(muster.api(`/users/${id}`).get())).statusCode).toBe(404);
    expect((await tenant.faultOf(muster.api(`/users/${user.userPrincipalName}`).get())).statusCode).toBe(404);
    expect(await idsOf('/users')).toEqual([id]);
    tenant.kit.clock.advance(5_000);
    await muster.api(`/users/${id}`).patch({ city: 'Ulm' });
    expect(await muster.api(`/users/${id}`).select('city').get()).toMatchObject({ city: null });
    tenant.kit.clock.advance(5_000);
    expect(await muster.api(`/users/${id}`).select('city').get()).toMatchObject({ city: 'Ulm' });
    expect(tenant.kit.lag.stale['id']).toBeGreaterThan(1);
  });

  it('hides a new user from lists and filters, and finds one by the value that it had', async () => {
    lag('list', 5_000);
    const { id } = (await muster.api('/users').post(newUser())) as { id: string };
    const byEmployeeId = (value: string) => idsOf(`/users?$filter=${encodeURIComponent(`employeeId eq '${value}'`)}`);
    expect(await idsOf('/users')).toEqual([]);
    expect(await byEmployeeId('E1')).toEqual([]);
    tenant.kit.clock.advance(5_000);
    await muster.api(`/users/${id}`).patch({ employeeId: 'E2' });
    expect([await byEmployeeId('E1'), await byEmployeeId('E2')]).toEqual([[id], []]);
    tenant.kit.clock.advance(5_000);
    expect([await byEmployeeId('E1'), await byEmployeeId('E2')]).toEqual([[], [id]]);
    expect(tenant.kit.lag.stale['list']).toBeGreaterThan(1);
  });

  it('hides a new membership on both sides, while a second add is refused', async () => {
    lag('membership', 5_000);
    const { id } = (await muster.api('/users').post(newUser())) as { id: string };
    await muster.api(`/groups/${crew()}/members/$ref`).post(reference(id));
    expect(await idsOf(`/groups/${crew()}/members`)).toEqual([]);
    expect(await idsOf(`/users/${id}/memberOf`)).toEqual([]);
    expect((await tenant.faultOf(muster.api(`/groups/${crew()}/members/$ref`).post(reference(id)))).message).toMatch(/already exist/);
    tenant.kit.clock.advance(5_000);
    expect(await idsOf(`/groups/${crew()}/members`)).toEqual([id]);
    expect(await idsOf(`/users/${id}/memberOf`)).toEqual([crew()]);
    await muster.api(`/groups/${crew()}/members/${id}/$ref`).delete();
    expect(await idsOf(`/groups/${crew()}/members`)).toEqual([id]);
    expect(tenant.kit.lag.stale['membership']).toBeGreaterThan(2);
  });

  it('keeps a change out of delta, and the change comes later under the same token', async () => {
    lag('delta', 5_000);
    const link = ((await muster.api('/users/delta?$deltatoken=latest').get()) as Record<string, string>)['@odata.deltaLink']!;
    const { id } = (await muster.api('/users').post(newUser())) as { id: string };
    const early = (await muster.api(link).get()) as { value: object[]; '@odata.deltaLink': string };
    expect(early.value).toEqual([]);
    tenant.kit.clock.advance(5_000);
    expect(await idsOf(early['@odata.deltaLink'])).toEqual([id]);
    expect(tenant.kit.lag.stale['delta']).toBeGreaterThan(0);
  });

  it('refuses writes to an object that the written replica does not know yet, though delta shows it', async () => {
    lag('write', 5_000);
    const { id } = (await muster.api('/users').post(newUser())) as { id: string };
    expect(await idsOf('/users/delta')).toEqual([id]);
    expect((await tenant.faultOf(muster.api(`/users/${id}`).patch({ city: 'Ulm' }))).statusCode).toBe(404);
    expect((await tenant.faultOf(muster.api(`/groups/${crew()}/members/$ref`).post(reference(id)))).statusCode).toBe(404);
    tenant.kit.clock.advance(5_000);
    await muster.api(`/users/${id}`).patch({ city: 'Ulm' });
    expect(tenant.kit.lag.stale['write']).toBeGreaterThan(1);
  });

  it('differs from object to object, and is the same at each read of one', async () => {
    tenant.kit.lag.set({ class: 'id', minMs: 0, maxMs: 3_000_000 });
    const ids: string[] = [];
    for (let turn = 0; turn < 24; turn++) ids.push(((await muster.api('/users').post(newUser())) as { id: string }).id);
    tenant.kit.clock.advance(1_500_000);
    const seen = async () =>
      Promise.all(
        ids.map((id) =>
          muster
            .api(`/users/${id}`)
            .get()
            .then(
              () => true,
              () => false,
            ),
        ),
      );
    const first = await seen();
    expect(new Set(first)).toEqual(new Set([true, false]));
    const later = await seen(); // more of them may have been replicated meanwhile
    expect(later.filter((there, index) => first[index] && !there)).toEqual([]);
    expect(later).toContain(false);
  });
});
