import { readFileSync } from 'node:fs';
import { kindDefaults, type OktaConfig, Secret } from '@muster/connector';
import { startSandbox } from '@muster/connector/testing';
import { connectOkta } from '@muster/connector-okta';
import { ingestionSuite } from './testing/ingestion-suite.ts';

const TIME_FACTOR = 60;

interface User {
  id: string;
  status: string;
}

ingestionSuite({
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
});
