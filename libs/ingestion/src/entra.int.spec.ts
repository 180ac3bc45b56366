import { describe, expect, it } from '@jest/globals';
import { type EntraConfig, kindDefaults, Secret } from '@muster/connector';
import { startSandbox } from '@muster/connector/testing';
import { connectEntra } from '@muster/connector-entra';
import { type Given, ingestionSuite } from './testing/ingestion-suite.ts';
import { until } from './testing/rig.ts';
import type { Vendor } from './testing/vendor.ts';

const TIME_FACTOR = 60;

/** The sandboxes, with a way to take the permission to read profiles from every client: new tokens are without it, old ones end. */
const withPermissions = `
  const { startSandboxes } = await import(${JSON.stringify(new URL('../../../test/sandbox/dist/start-sandboxes.js', import.meta.url).href)});
  const sandboxes = await startSandboxes({ data: process.argv[1], timeFactor: ${TIME_FACTOR} });
  const { registrations } = sandboxes.entra.tenant.settings;
  const granted = new Map(registrations.map((one) => [one.clientId, one.permissions]));
  const short = ['User.ReadBasic.All', 'GroupMember.Read.All', 'Application.Read.All', 'Member.Read.Hidden'];
  sandboxes.kit.admin.route('POST', '/permission', ({ body }) => {
    for (const one of registrations) if (one.displayName !== 'admin') one.permissions = body.granted ? granted.get(one.clientId) : short;
    return {};
  });
  console.log(JSON.stringify(sandboxes.addresses));
  process.once('SIGTERM', () => void sandboxes.close().then(() => process.exit(0)));
`;

interface User {
  id: string;
  deleted: boolean;
}

const ownTests = ({ rig, observe, someone }: Given): void => {
  describe('a delta round of Entra', () => {
    it('with empty pages, objects that come twice and replays says each change once', async () => {
      const observer = await observe().settle();
      const id = someone();
      const before = await observer.facts();
      const kinds = ['empty-page', 'delta-duplicate', 'delta-replay'];
      for (const kind of kinds) await rig().fault({ id: kind, path: '^/v1.0/users/delta', kind });
      await entra.edit(rig().sandbox, id, 'Told twice');
      await observer.recorded(id, 'Told twice');
      await until('all of it was played', async () => {
        const { active } = (await rig().sandbox.admin('GET', '/faults')) as { active: { fired: number }[] };
        return active.every(({ fired }) => fired > 0) ? true : undefined;
      });
      await until('the hint is closed', async () => ((await observer.isOpen(id)) ? undefined : true));
      await rig().clearFaults();
      await observer.quiet();
      expect((await observer.facts()).slice(before.length).map(({ type, stream }) => `${type} ${stream}`)).toEqual([
        `AccountObserved account-${observer.config.name}.${id}`,
      ]);
    }, 60_000);

    it('tells of a deletion and of its being taken back: the account is there again, and holds what it held', async () => {
      const observer = await observe().settle();
      const id = someone();
      const edit = (kind: string) => rig().sandbox.admin('POST', '/entra/edits', { edit: kind, id });
      await edit('delete');
      await until('it is recorded as deleted', async () => (await observer.factsOf(id, 'AccountDeleted'))[0]);
      await edit('restore');
      await until('it is recorded as restored', async () => (await observer.factsOf(id, 'AccountRestored'))[0]);
      await until('the hint is closed', async () => ((await observer.isOpen(id)) ? undefined : true));
      const said = (await observer.factsOf(id)).map(({ type }) => type);
      expect(said.slice(said.indexOf('AccountDeleted'), said.indexOf('AccountDeleted') + 3)).toEqual([
        'AccountDeleted',
        'AccountRestored',
        'AccountObserved',
      ]);
      expect(said.filter((type) => type === 'AccountDeleted')).toHaveLength(1);
      expect(said).not.toContain('EntitlementGone');
    }, 60_000);
  });
};

const entra: Vendor = {
  name: 'Entra',
  kind: 'entra',
  server: 'graph',
  start: () => startSandbox({ script: withPermissions }),
  config: ({ addresses: { entra } }, name): EntraConfig => {
    const { buckets, share, concurrency, matchKey, attributes } = kindDefaults.entra;
    const app = entra.clients['muster-observe'];
    if (!app) throw new Error('the sandbox has no client');
    return {
      name,
      kind: 'entra',
      state: 'observe',
      authoritative: false,
      url: entra.graphUrl,
      loginUrl: entra.loginUrl,
      tenant: entra.tenantId,
      credential: { clientId: app.clientId, clientSecret: new Secret(app.clientSecret) },
      matchKey,
      attributes,
      writes: [],
      settleMs: 300,
      incrementalMs: 150,
      fullMs: 10 ** 9,
      timeoutMs: 5000,
      budget: { buckets, share, concurrency, timeFactor: TIME_FACTOR },
      limits: {},
    };
  },
  connect: (config) => connectEntra(config as EntraConfig),
  paths: { users: '^/v1.0/users$', groups: '^/v1.0/groups$', user: (id) => `^/v1.0/users/${id}$` },
  title: 'jobTitle',
  emptyPage: (sandbox) => {
    const next = `${sandbox.addresses.entra.graphUrl}/v1.0/users?$select=id,accountEnabled,userPrincipalName,employeeId&$top=999`;
    const body = { value: [], '@odata.nextLink': next };
    // Of several rules the first that fires counts.
    return sandbox.admin('POST', '/faults', {
      server: 'graph',
      method: 'GET',
      path: '^/v1.0/users$',
      kind: 'status',
      status: 200,
      body,
      times: 1,
    });
  },
  people: async (sandbox) => {
    const { users } = (await sandbox.admin('GET', '/state?server=graph')) as { users: User[] };
    return users.filter(({ deleted }) => !deleted).map(({ id }) => id);
  },
  edit: (sandbox, id, jobTitle) => sandbox.admin('POST', '/entra/edits', { edit: 'update', id, properties: { jobTitle } }),
  remove: (sandbox, id) => sandbox.admin('POST', '/entra/edits', { edit: 'delete', id }),
  expireChanges: (sandbox) => sandbox.admin('POST', '/entra/delta/expire'),
  permission: async (sandbox, granted) => {
    await sandbox.admin('POST', '/permission', { granted });
    await sandbox.admin('POST', '/entra/tokens', { expire: true });
  },
};

ingestionSuite(entra, ownTests);
