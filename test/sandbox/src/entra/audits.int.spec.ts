import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client } from '@microsoft/microsoft-graph-client';

import { openSpecTenant, type SpecTenant } from './official-clients.ts';

interface Audit {
  id: string;
  activityDisplayName: string;
  activityDateTime: string;
  initiatedBy: { app: { displayName: string; servicePrincipalId: string } | null; user: { id: string } | null };
  targetResources: {
    id: string;
    type: string;
    modifiedProperties: { displayName: string; oldValue: string | null; newValue: string | null }[];
  }[];
}

let tenant: SpecTenant;
let muster: Client;
let user: string;

beforeAll(async () => {
  const properties = { userPrincipalName: 'p@contoso.example', mailNickname: 'p', displayName: 'P' };
  tenant = await openSpecTenant({ seed: { users: [{ properties }], groups: [{ name: 'crew' }] } });
  muster = tenant.client('muster');
  user = tenant.entra.tenant.directory.holder('user', 'mailNickname', 'p')!.id;
});
afterAll(() => tenant.close());

async function audits(filter?: string): Promise<Audit[]> {
  const request = muster.api('/auditLogs/directoryAudits');
  return ((await (filter === undefined ? request : request.query({ $filter: encodeURIComponent(filter) })).get()) as { value: Audit[] })
    .value;
}

describe('the audit log', () => {
  it('names who disabled and who enabled: an app by its service principal, a person by the user', async () => {
    await muster.api(`/users/${user}`).patch({ accountEnabled: false });
    await tenant.edit({ edit: 'enable', id: user, as: `user:${user}` });
    const [enabled, disabled] = (await audits(`targetResources/any(t:t/id eq '${user}')`)).filter((entry) =>
      entry.activityDisplayName.endsWith('able account'),
    );
    expect(disabled).toMatchObject({
      activityDisplayName: 'Disable account',
      initiatedBy: {
        user: null,
        app: {
          displayName: 'muster',
          servicePrincipalId: tenant.entra.tenant.servicePrincipalIdOf(tenant.entra.credentials['muster']!.clientId),
        },
      },
    });
    expect(disabled!.targetResources[0]!.modifiedProperties).toEqual([
      { displayName: 'AccountEnabled', oldValue: '[true]', newValue: '[false]' },
    ]);
    expect(enabled).toMatchObject({ activityDisplayName: 'Enable account', initiatedBy: { app: null, user: { id: user } } });
  });

  it('tells memberships with both sides, and is silent about the seed', async () => {
    const crew = tenant.entra.tenant.directory.holder('group', 'displayName', 'crew')!.id;
    await muster.api(`/groups/${crew}/members/$ref`).post({ '@odata.id': `${tenant.entra.graphUrl}/v1.0/users/${user}` });
    const [added] = await audits("activityDisplayName eq 'Add member to group'");
    expect(added!.targetResources.map((target) => [target.type, target.id])).toEqual([
      ['User', user],
      ['Group', crew],
    ]);
    expect(await audits("activityDisplayName eq 'Add user'")).toEqual([]);
  });

  it('is narrowed by time and read in pages, newest first', async () => {
    const all = await audits();
    expect(all.map((entry) => entry.activityDateTime)).toEqual(
      all
        .map((entry) => entry.activityDateTime)
        .toSorted()
        .toReversed(),
    );
    tenant.kit.clock.advance(60_000);
    muster = tenant.client('muster');
    await muster.api(`/users/${user}`).patch({ city: 'Ulm' });
    expect(await audits(`activityDateTime ge ${new Date(tenant.kit.clock.now() - 30_000).toISOString()}`)).toHaveLength(1);
    const first = (await muster.api('/auditLogs/directoryAudits?$top=2').get()) as { value: Audit[]; '@odata.nextLink': string };
    const second = (await muster.api(first['@odata.nextLink']).get()) as { value: Audit[] };
    const ids = [...first.value, ...second.value].map((entry) => entry.id);
    expect(new Set(ids).size).toBe(4);
  });

  it('lags by itself', async () => {
    tenant.kit.clock.advance(10_000);
    tenant.kit.lag.set({ class: 'log', minMs: 5_000, maxMs: 5_000 });
    await muster.api(`/users/${user}`).patch({ city: 'Bonn' });
    const count = async () => (await audits("activityDisplayName eq 'Update user'")).length;
    const before = await count();
    tenant.kit.clock.advance(5_000);
    expect(await count()).toBe(before + 1);
    tenant.kit.lag.off();
  });

  it('may be asked five times in ten seconds', async () => {
    tenant.kit.limits.enabled = true;
    tenant.kit.limits.reset();
    const statuses: number[] = [];
    const token = await tenant.tokenOf('auditor');
    for (let turn = 0; turn < 6; turn++) statuses.push((await tenant.bare('GET', '/auditLogs/directoryAudits', { token })).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
  });
});
