import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Fault, Secret, kindDefaults } from '@muster/connector';
import type { Connection, ConnectionState, OktaConfig } from '@muster/connector';
import { connectorSuite, sandboxControls, startSandbox } from '@muster/connector/testing';
import type { ConnectorUnderTest, SandboxProcess } from '@muster/connector/testing';
import { connectOkta, oktaManifest } from './index.ts';
import { openOktaWriters } from './connect-okta.ts';

const TIME_FACTOR = 60;
const DOMAIN = 'kestrel.example';

const configFor = ({ addresses }: SandboxProcess, client: string, state: ConnectionState): OktaConfig => {
  const { buckets, share, concurrency, matchKey, attributes } = kindDefaults.okta;
  const app = addresses.okta.oauth[client];
  if (!app) throw new Error(`the sandbox has no client ${client}`);
  return {
    name: 'okta-main',
    kind: 'okta',
    state,
    authoritative: false,
    url: addresses.okta.url,
    credential: { clientId: app.clientId, privateKey: new Secret(readFileSync(app.privateKeyFile, 'utf8')) },
    matchKey,
    attributes,
    writes: [],
    settleMs: 500,
    incrementalMs: 100,
    fullMs: 1_000_000,
    timeoutMs: 3000,
    budget: { buckets, share, concurrency, timeFactor: TIME_FACTOR },
    limits: {},
  };
};

const open = async (): Promise<ConnectorUnderTest> => {
  const sandbox = await startSandbox({ timeFactor: TIME_FACTOR });
  await sandbox.admin('POST', '/seed', { workers: 450, groups: 5, apps: 2 });
  const { groups } = (await sandbox.admin('GET', '/state?server=okta&kind=groups')) as { groups: { id: string; type: string }[] };
  const one = '^/api/v1/users/[^/]+$';
  return {
    controls: sandboxControls(sandbox, {
      server: 'okta',
      paths: {
        'fetch-account': { method: 'GET', path: one },
        'list-accounts': { method: 'GET', path: '^/api/v1/users$' },
        'create-account': { method: 'POST', path: '^/api/v1/users$' },
        'set-account': { method: 'POST', path: one },
      },
      matchKeyOf: (user) => (user['profile'] as Record<string, unknown>)['employeeNumber'],
      editOutside: (user) =>
        sandbox.admin('POST', '/okta/outside-edit', { do: 'update-user', user, profile: { nickName: `edited ${Date.now()}` } }),
      disableOutside: (user) => sandbox.admin('POST', '/okta/outside-edit', { do: 'deactivate', user }),
    }),
    connect: (state) => connectOkta(configFor(sandbox, state === 'live' ? 'muster' : 'observe', state)),
    newAccount: (number) => ({
      login: `new.person${number}@${DOMAIN}`,
      matchKey: `N${number}`,
      profile: { email: `new.person${number}@${DOMAIN}`, firstName: 'New', lastName: `Person ${number}`, title: null },
    }),
    attribute: { name: 'title', values: ['Engineer', 'Architect'] },
    groupId: groups.find(({ type }) => type === 'OKTA_GROUP')?.id ?? '',
    // Okta never trims a list for want of a scope: it refuses. The first scope asked for is the one to read users.
    shortPermissions: 'refused',
    shortList: 'accounts',
    shorten: async () => {
      await sandbox.admin('POST', '/faults', {
        server: 'okta',
        path: '/oauth2/v1/token',
        kind: 'status',
        status: 400,
        body: { error: 'invalid_scope' },
        times: 2,
      });
    },
    settleMs: 10,
    close: () => sandbox.stop(),
  };
};

connectorSuite('Okta', open);

describe('a connection to Okta', () => {
  let sandbox: SandboxProcess;
  let connection: Connection | undefined;

  const connect = (client = 'muster', over: Partial<OktaConfig> = {}): Connection => {
    connection = connectOkta({ ...configFor(sandbox, client, 'live'), ...over });
    return connection;
  };
  /** Creates an account whose names all derive from one word; gives its id. */
  const create = async ({ writers }: Connection, word: string): Promise<string> => {
    const login = `${word}@${DOMAIN}`;
    const [outcome] =
      (await writers?.accounts.create([{ login, matchKey: word, profile: { email: login, firstName: word, lastName: word } }])) ?? [];
    if (outcome?.result !== 'done' || outcome.id === undefined) throw new Error(`not created: ${JSON.stringify(outcome)}`);
    return outcome.id;
  };
  const fault = (rule: object): Promise<unknown> => sandbox.admin('POST', '/faults', { server: 'okta', ...rule });
  const failed = async (call: Promise<unknown>): Promise<Fault> => {
    const error: unknown = await call.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof Fault)) throw new Error(`expected a fault, got ${String(error)}`);
    return error;
  };

  beforeAll(async () => {
    sandbox = await startSandbox({ timeFactor: TIME_FACTOR });
    await sandbox.admin('POST', '/seed', { workers: 20, groups: 3, apps: 2 });
  }, 60_000);
  afterAll(async () => {
    await sandbox.stop();
  });
  afterEach(async () => {
    await connection?.close();
    await sandbox.admin('DELETE', '/faults');
  });

  it('constructs no writer while it observes', () => {
    const asked: unknown[] = [];
    const openWriters: typeof openOktaWriters = (session) => {
      asked.push(session);
      return openOktaWriters(session);
    };
    const observing = connectOkta(configFor(sandbox, 'observe', 'observe'), { openWriters });
    expect(asked).toEqual([]);
    expect(observing).not.toHaveProperty('writers');
    connection = connectOkta(configFor(sandbox, 'muster', 'live'), { openWriters });
    expect(asked).toHaveLength(1);
  });

  it('takes a failing token endpoint for what it is, and no error answer for a token', async () => {
    await fault({ path: '/oauth2/v1/token', kind: 'status', status: 500, body: { errorCode: 'E0000009' }, times: 1 });
    expect(await failed(connect().readers.permissions.permissions())).toMatchObject({ kind: 'transient', code: 'target.unavailable' });
    await fault({ path: '/oauth2/v1/token', kind: 'status', status: 401, body: { error: 'invalid_client' }, times: 1 });
    expect(await failed(connect().readers.permissions.permissions())).toMatchObject({
      kind: 'unauthorised',
      code: 'connection.unauthorised',
    });
    await fault({ id: 'busy-tokens', path: '/oauth2/v1/token', kind: 'throttle', times: 1 });
    expect(await failed(connect().readers.accounts.getAccount('nobody'))).toMatchObject({
      kind: 'throttled',
      code: 'target.throttled',
      retryAfter: expect.any(Number),
    });
    const { granted } = await connect().readers.permissions.permissions();
    expect(granted).toEqual(expect.arrayContaining(['okta.users.manage']));
  });

  it('fetches one token for many first calls, and another when that one has expired', async () => {
    const { readers } = connect();
    const { last } = (await sandbox.admin('GET', '/journal?limit=1')) as { last: number };
    await Promise.all(Array.from({ length: 8 }, () => readers.accounts.getAccount('nobody')));
    await sandbox.admin('POST', '/okta/expire-tokens');
    expect(await readers.accounts.getAccount('nobody')).toBe('absent');
    const { entries } = (await sandbox.admin('GET', `/journal?since=${last}`)) as { entries: { path: string }[] };
    expect(entries.filter(({ path }) => path === '/oauth2/v1/token')).toHaveLength(2);
  });

  it('asks for no more scopes than its state needs', async () => {
    const observing = connectOkta(configFor(sandbox, 'muster', 'observe'));
    connection = observing;
    const { granted, excess, missing } = await observing.readers.permissions.permissions();
    expect(granted?.filter((scope) => scope.endsWith('.manage'))).toEqual([]);
    expect({ excess, missing }).toEqual({ excess: [], missing: [] });
  });

  it('works with tokens that are bound to a key', async () => {
    const { accounts } = connect('dpop').readers;
    expect(await accounts.getAccount('nobody')).toBe('absent');
  });

  it('tells that it does not know what an API token may do, nor who acts with it', async () => {
    const token = sandbox.addresses.okta.tokens['muster'] ?? '';
    const byToken = connect('muster', { credential: { token: new Secret(token) } });
    const { readers, writers } = byToken;
    expect(await readers.permissions.permissions()).toMatchObject({ granted: undefined, missing: [], excess: [] });
    const id = await create(byToken, 'token');
    await writers?.accounts.disable([id]);
    expect(await readers.disablements.traceDisablement(id, undefined)).toMatchObject({ by: 'unknown' });
  });

  it('sees deactivated accounts in a full read: they are not absent', async () => {
    const live = connect();
    const { readers, writers } = live;
    const id = await create(live, 'gone');
    await writers?.accounts.disable([id]);
    const seen: string[] = [];
    for await (const page of readers.accounts.listAccounts()) seen.push(...page.items.map(({ accountId }) => accountId));
    expect(seen).toContain(id);
  });

  it('ends a hanging answer after its time-out: a read is tried again, a write is unknown', async () => {
    const { readers, writers } = connect('muster', { timeoutMs: 300 });
    await fault({ method: 'GET', path: '^/api/v1/users/[^/]+$', kind: 'hang', times: 1 });
    expect(await failed(readers.accounts.getAccount('00u1'))).toMatchObject({ kind: 'transient' });
    await fault({ method: 'POST', path: '^/api/v1/users/[^/]+$', kind: 'hang', times: 1 });
    const [outcome] = (await writers?.accounts.set([{ accountId: '00u1', values: { title: 'x' } }])) ?? [];
    expect(outcome).toMatchObject({ result: 'fault', fault: { kind: 'unknown' } });
  });

  it('says how an account holds an app, the same from both sides', async () => {
    const live = connect();
    const { readers, writers } = live;
    const apps: string[] = [];
    for await (const page of readers.apps.listApps()) apps.push(...page.items.map(({ appId }) => appId));
    const account = { kind: 'account', id: await create(live, 'app') } as const;
    const app = { kind: 'app', id: apps[0] ?? '' } as const;
    for (let turn = 0; turn < 2; turn += 1) {
      expect(await writers?.entitlements.grant(app, [account])).toEqual([expect.objectContaining({ result: 'done' })]);
    }
    const held = await readers.entitlements.entitlementsOf(account, { aspects: ['apps'] });
    const seen = [];
    for await (const page of readers.entitlements.listAssignments(app.id)) seen.push(...page.items);
    expect(held.items.find(({ entitlement }) => entitlement.id === app.id)).toMatchObject({ via: 'direct' });
    expect(seen).toContainEqual(held.items.find(({ entitlement }) => entitlement.id === app.id));
    await writers?.entitlements.revoke(app, [account]);
    expect((await readers.entitlements.entitlementsOf(account, { aspects: ['apps'] })).items).not.toContainEqual(
      expect.objectContaining({ via: 'direct' }),
    );
  });

  it('says of an app that is inactive that it can be given to nobody, and what to do', async () => {
    const live = connect();
    const account = { kind: 'account', id: await create(live, 'inactive') } as const;
    const admin = (path: string, body: object = {}): Promise<{ id: string }> =>
      fetch(`${sandbox.addresses.okta.url}/api/v1/apps${path}`, {
        method: 'POST',
        headers: { authorization: `SSWS ${sandbox.addresses.okta.tokens['admin'] ?? ''}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }).then((answer) => answer.json() as Promise<{ id: string }>);
    const app = { kind: 'app', id: (await admin('', { label: 'Ledger', signOnMode: 'BOOKMARK', name: 'bookmark' })).id } as const;
    expect(await live.writers?.entitlements.grant(app, [account])).toMatchObject([{ result: 'done' }]);
    await live.writers?.entitlements.revoke(app, [account]);
    await admin(`/${app.id}/lifecycle/deactivate`);
    expect(await live.readers.apps.getApp(app.id)).toMatchObject({ status: 'INACTIVE' });
    const [outcome] = (await live.writers?.entitlements.grant(app, [account])) ?? [];
    expect(outcome).toMatchObject({
      result: 'fault',
      fault: { code: 'target.not_writable', kind: 'refused', remedy: expect.stringContaining('Activate the app') },
    });
  });

  it('concludes nothing from a state that an account is leaving, and takes the refusal of a write meanwhile for a wait', async () => {
    await sandbox.admin('POST', '/okta/settings', { lifecycleMs: 30_000 });
    const live = connect();
    const id = await create(live, 'slow');
    expect(await live.readers.accounts.getAccount(id)).toMatchObject({ status: 'STAGED', aspects: ['profile'], underWay: true });
    const set = () => live.writers?.accounts.set([{ accountId: id, values: { title: 'Late' } }]);
    expect(await set()).toMatchObject([{ result: 'fault', fault: { code: 'target.unavailable', kind: 'transient' } }]);
    await sandbox.admin('POST', '/okta/settings', { lifecycleMs: 0 });
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(await live.readers.accounts.getAccount(id)).toMatchObject({
      status: 'PROVISIONED',
      enabled: true,
      aspects: ['profile', 'status'],
    });
    expect(await set()).toMatchObject([{ result: 'done' }]);
  });

  it('declares every permission by its state', () => {
    expect(
      oktaManifest.permissions.filter(({ states }) => !states.includes('observe')).every(({ anyOf }) => anyOf[0].endsWith('.manage')),
    ).toBe(true);
  });
});
