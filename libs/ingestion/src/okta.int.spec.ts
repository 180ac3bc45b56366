import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { kindDefaults, type OktaConfig, Secret } from '@muster/connector';
import { startSandbox } from '@muster/connector/testing';
import { connectOkta } from '@muster/connector-okta';
import type { AccountObserved, EntitlementObserved } from '@muster/contracts';
import { type Given, ingestionSuite } from './testing/ingestion-suite.ts';
import { until } from './testing/rig.ts';
import type { Vendor } from './testing/vendor.ts';

const TIME_FACTOR = 60;

interface User {
  id: string;
  status: string;
}

const ownTests = ({ rig, observe, someone }: Given): void => {
  const api = async (method: string, path: string, body?: object): Promise<{ id: string }> => {
    const { url, tokens } = rig().sandbox.addresses.okta;
    const answer = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { authorization: `SSWS ${tokens['admin'] ?? ''}`, 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer.status === 204 ? { id: '' } : ((await answer.json()) as { id: string });
  };
  const settings = (more: object) => rig().sandbox.admin('POST', '/okta/settings', more);

  describe('a slow org', () => {
    it('has an account that is on its way to another state looked at until it is there, and nothing concluded meanwhile', async () => {
      const observer = await observe().settle();
      const id = someone();
      const states = async () =>
        (await observer.factsOf(id, 'AccountObserved')).map(({ data }) => data as unknown as AccountObserved).map(({ enabled }) => enabled);
      // Longer than it takes until the account is looked at again behind all lag.
      await settings({ lifecycleMs: 80_000 });
      await rig().sandbox.admin('POST', '/okta/outside-edit', { do: 'deactivate', user: id });
      await settings({ lifecycleMs: 0 });
      await until('it is open', async () => ((await observer.isOpen(id)) ? true : undefined));
      expect(await states()).toEqual([true]);
      await until('it is seen where it came to', async () => ((await states()).at(-1) === false ? true : undefined), 5_000);
      await until('the hint is closed', async () => ((await observer.isOpen(id)) ? undefined : true));
      expect(await states()).toEqual([true, false]);
    }, 60_000);

    it('has the memberships that a rule makes later recorded when they come, and one that a person ended not put back', async () => {
      const observer = await observe().settle();
      const id = someone();
      const group = await api('POST', '/groups', { profile: { name: 'Ruled' } });
      const said = async () =>
        (await observer.factsOf(id, 'EntitlementObserved', 'EntitlementGone'))
          .filter(({ data }) => (data as unknown as EntitlementObserved).entitlement.id === group.id)
          .map(({ type }) => type);
      await settings({ rulesMs: 20_000 });
      const rule = await api('POST', '/groups/rules', {
        type: 'group_rule',
        name: 'late',
        conditions: { expression: { type: 'urn:okta:expression:1.0', value: 'user.title=="Ruled"' } },
        actions: { assignUserToGroups: { groupIds: [group.id] } },
      });
      await api('POST', `/groups/rules/${rule.id}/lifecycle/activate`);
      await rig().sandbox.admin('POST', '/okta/outside-edit', { do: 'update-user', user: id, profile: { title: 'Ruled' } });
      await observer.recorded(id, 'Ruled');
      expect(await said()).toEqual([]);
      await until('the membership is recorded', async () => ((await said()).length === 1 ? true : undefined), 5_000);
      await api('DELETE', `/groups/${group.id}/users/${id}`);
      await until('its end is recorded', async () => ((await said()).length === 2 ? true : undefined), 5_000);
      expect(await said()).toEqual(['EntitlementObserved', 'EntitlementGone']);
      await settings({ rulesMs: 0 });
    }, 60_000);
  });
};

const okta: Vendor = {
  name: 'Okta',
  kind: 'okta',
  server: 'okta',
  start: () => startSandbox({ timeFactor: TIME_FACTOR }),
  config: ({ addresses }, name): OktaConfig => {
    const { buckets, share, concurrency, matchKey, attributes } = kindDefaults.okta;
    const app = addresses.okta.oauth['observe'] ?? addresses.okta.oauth['muster'];
    if (!app) throw new Error('the sandbox has no client');
    return {
      name,
      kind: 'okta',
      state: 'observe',
      authoritative: false,
      url: addresses.okta.url,
      credential: { clientId: app.clientId, privateKey: new Secret(readFileSync(app.privateKeyFile, 'utf8')) },
      matchKey,
      attributes,
      writes: [],
      settleMs: 300,
      incrementalMs: 150,
      fullMs: 10 ** 9,
      timeoutMs: 5000,
      budget: { buckets, share, concurrency, timeFactor: TIME_FACTOR * 10 },
      limits: {},
    };
  },
  connect: (config) => connectOkta(config as OktaConfig),
  paths: { users: '^/api/v1/users$', groups: '^/api/v1/groups$', user: (id) => `^/api/v1/users/${id}$` },
  title: 'title',
  emptyPage: (sandbox) =>
    sandbox.admin('POST', '/faults', { server: 'okta', method: 'GET', path: '^/api/v1/users$', kind: 'empty-page', times: 1 }),
  people: async (sandbox) => {
    const { users } = (await sandbox.admin('GET', '/state?server=okta')) as { users: User[] };
    return users.map(({ id }) => id);
  },
  edit: (sandbox, user, title) => sandbox.admin('POST', '/okta/outside-edit', { do: 'update-user', user, profile: { title } }),
  // The first deletion deactivates, the second deletes.
  remove: async (sandbox, user) => {
    await sandbox.admin('POST', '/okta/outside-edit', { do: 'delete-user', user });
    await sandbox.admin('POST', '/okta/outside-edit', { do: 'delete-user', user });
  },
  expireChanges: (sandbox) =>
    sandbox.admin('POST', '/faults', {
      server: 'okta',
      path: '^/api/v1/logs$',
      kind: 'status',
      status: 400,
      body: { errorCode: 'E0000001', errorSummary: 'Api validation failed: since' },
      times: 1,
    }),
  permission: async (sandbox, granted) => {
    if (granted) return sandbox.admin('DELETE', '/faults/permission').catch(() => undefined);
    return sandbox.admin('POST', '/faults', {
      id: 'permission',
      server: 'okta',
      path: '^/api/v1/users',
      kind: 'status',
      status: 403,
      body: { errorCode: 'E0000006', errorSummary: 'You do not have permission to perform the requested action' },
    });
  },
};

ingestionSuite(okta, ownTests);
