import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Fault, Secret, kindDefaults } from '@muster/connector';
import type { Connection, ConnectionState, EntraConfig, HolderRef } from '@muster/connector';
import { connectorSuite, sandboxControls, startSandbox } from '@muster/connector/testing';
import type { ConnectorUnderTest, SandboxProcess } from '@muster/connector/testing';
import { openEntraWriters } from './connect-entra.ts';
import { connectEntra } from './index.ts';

const TIME_FACTOR = 60;
const DOMAIN = 'kestrel.example';

/** The sandboxes with one more client, whose permissions leave profiles and hidden members out. */
const withShortClient = `
  const { startSandboxes } = await import(${JSON.stringify(new URL('../../../test/sandbox/dist/start-sandboxes.js', import.meta.url).href)});
  const sandboxes = await startSandboxes({ data: process.argv[1], timeFactor: ${TIME_FACTOR} });
  const short = { displayName: 'short', clientId: '5a0e7000-0000-4000-8000-000000000001', secret: 'short-secret', permissions: ['User.ReadBasic.All', 'GroupMember.Read.All'] };
  sandboxes.entra.tenant.settings.registrations.push(short);
  const clients = { ...sandboxes.addresses.entra.clients, short: { clientId: short.clientId, clientSecret: short.secret } };
  console.log(JSON.stringify({ ...sandboxes.addresses, entra: { ...sandboxes.addresses.entra, clients } }));
  process.once('SIGTERM', () => void sandboxes.close().then(() => process.exit(0)));
`;

const configFor = ({ addresses }: SandboxProcess, client: string, state: ConnectionState): EntraConfig => {
  const { buckets, share, concurrency, matchKey, attributes } = kindDefaults.entra;
  const app = addresses.entra.clients[client];
  if (!app) throw new Error(`the sandbox has no client ${client}`);
  return {
    name: 'entra-main',
    kind: 'entra',
    state,
    authoritative: false,
    url: addresses.entra.graphUrl,
    loginUrl: addresses.entra.loginUrl,
    tenant: addresses.entra.tenantId,
    credential: { clientId: app.clientId, clientSecret: new Secret(app.clientSecret) },
    matchKey,
    attributes,
    writes: [],
    settleMs: 2000,
    incrementalMs: 500,
    fullMs: 1_000_000,
    timeoutMs: 3000,
    budget: { buckets, share, concurrency, timeFactor: TIME_FACTOR },
    limits: {},
  };
};

const firstGroup = async (connection: Connection): Promise<string> => {
  for await (const page of connection.readers.groups.listGroups()) {
    const group = page.items.find(({ writable }) => writable);
    if (group) return group.groupId;
  }
  throw new Error('the tenant has no group that takes members');
};

const open = async (): Promise<ConnectorUnderTest> => {
  const sandbox = await startSandbox({ script: withShortClient });
  // More than fit on one page of 999.
  await sandbox.admin('POST', '/seed', { workers: 1100, groups: 4, apps: 2 });
  const looking = connectEntra(configFor(sandbox, 'muster-observe', 'observe'));
  const groupId = await firstGroup(looking);
  await looking.close();
  const one = '^/v1.0/users/[^/]+$';
  return {
    controls: sandboxControls(sandbox, {
      server: 'graph',
      paths: {
        'fetch-account': { method: 'GET', path: one },
        'list-accounts': { method: 'GET', path: '^/v1.0/users$' },
        'create-account': { method: 'POST', path: '^/v1.0/users$' },
        'set-account': { method: 'PATCH', path: one },
      },
      matchKeyOf: (user) => user['employeeId'],
      editOutside: (id) => sandbox.admin('POST', '/entra/edits', { edit: 'update', id, properties: { city: `edited ${Date.now()}` } }),
      disableOutside: (id) => sandbox.admin('POST', '/entra/edits', { edit: 'disable', id }),
    }),
    connect: (state, permissions = 'whole') =>
      connectEntra(configFor(sandbox, permissions === 'short' ? 'short' : state === 'live' ? 'muster' : 'muster-observe', state)),
    newAccount: (number) => ({
      login: `new.person${number}@${DOMAIN}`,
      matchKey: `N${number}`,
      profile: { displayName: `New Person ${number}`, givenName: 'New', jobTitle: null },
    }),
    attribute: { name: 'employeeOrgData.division', values: ['North', 'South'] },
    groupId,
    shortPermissions: 'trimmed',
    shortList: 'accounts',
    settleMs: 10,
    close: () => sandbox.stop(),
  };
};

connectorSuite('Entra', open);

describe('a connection to Entra', () => {
  let sandbox: SandboxProcess;
  const open: Connection[] = [];

  const connect = (client = 'muster', over: Partial<EntraConfig> = {}): Connection => {
    const connection = connectEntra({ ...configFor(sandbox, client, client === 'muster' ? 'live' : 'observe'), ...over });
    open.push(connection);
    return connection;
  };
  const fault = (rule: object): Promise<unknown> => sandbox.admin('POST', '/faults', { server: 'graph', ...rule });
  const failed = async (call: Promise<unknown>): Promise<Fault> => {
    const error: unknown = await call.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof Fault)) throw new Error(`expected a fault, got ${String(error)}`);
    return error;
  };
  const accountsOf = async ({ readers }: Connection): Promise<HolderRef[]> => {
    const holders: HolderRef[] = [];
    for await (const page of readers.accounts.listAccounts())
      holders.push(...page.items.map(({ accountId }) => ({ kind: 'account' as const, id: accountId })));
    return holders;
  };
  const writersOf = (connection: Connection) => {
    if (!connection.writers) throw new Error('no writers');
    return connection.writers;
  };

  beforeAll(async () => {
    sandbox = await startSandbox({ script: withShortClient });
    await sandbox.admin('POST', '/seed', { workers: 60, groups: 3, apps: 2 });
  }, 60_000);
  afterEach(async () => {
    for (const connection of open.splice(0)) await connection.close();
    await sandbox.admin('DELETE', '/faults');
  });
  afterAll(async () => {
    await sandbox.stop();
  });

  it('constructs no writer while it observes', () => {
    const asked: unknown[] = [];
    const openWriters: typeof openEntraWriters = (session) => {
      asked.push(session);
      return openEntraWriters(session);
    };
    const observing = connectEntra(configFor(sandbox, 'muster-observe', 'observe'), { openWriters });
    const live = connectEntra(configFor(sandbox, 'muster', 'live'), { openWriters });
    open.push(observing, live);
    expect(observing).not.toHaveProperty('writers');
    expect(asked).toHaveLength(1);
  });

  it('names what its client may do beyond the need of its state', async () => {
    const { excess, missing } = await connect('muster', { state: 'observe' }).readers.permissions.permissions();
    expect(missing).toEqual([]);
    expect(excess).toEqual(expect.arrayContaining(['User.ReadWrite.All', 'GroupMember.ReadWrite.All']));
    expect(await connect('muster').readers.permissions.permissions()).toMatchObject({ excess: [], missing: [] });
  });

  it('gives members of a hidden group as incomplete when they are kept from it, and says so of all lists of members', async () => {
    const { readers } = connect('short');
    for await (const page of readers.entitlements.listMembers(await firstGroup(connect()))) expect(page.complete).toBe(false);
    const [holder] = await accountsOf(connect());
    const held = await readers.entitlements.entitlementsOf(holder!, { aspects: ['groups'] });
    expect(held.aspects).toEqual([]);
    expect(held.incompleteBecause).not.toHaveLength(0);
  });

  it('goes on with a fresh token when Graph refuses the one it has', async () => {
    const { accounts } = connect().readers;
    expect(await accounts.getAccount('nobody')).toBe('absent');
    await sandbox.admin('POST', '/entra/tokens', { expire: true });
    expect(await accounts.getAccount('nobody')).toBe('absent');
  });

  it('takes a wrong secret and a failing token endpoint for what they are', async () => {
    const credential = { ...configFor(sandbox, 'muster', 'live').credential, clientSecret: new Secret('wrong') };
    expect(await failed(connect('muster', { credential }).readers.permissions.permissions())).toMatchObject({
      kind: 'unauthorised',
      vendorCode: 'AADSTS7000215',
    });
    await fault({ server: 'login', path: '*/token', kind: 'status', status: 503, times: 1 });
    const { permissions } = connect().readers;
    expect(await failed(permissions.permissions())).toMatchObject({ kind: 'transient' });
    expect(await permissions.permissions()).toMatchObject({ missing: [] });
  });

  it('starts anew when its delta link is too old, in both ways in which Graph says so', async () => {
    for (const rule of [undefined, { kind: 'sync-state-not-found', times: 9 }]) {
      const [users] = connect().readers.changes;
      let mark: string | undefined;
      for await (const page of users!.changes()) mark = page.next;
      await new Promise((resolve) => setTimeout(resolve, 5));
      await sandbox.admin('POST', '/entra/delta/expire');
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (rule) await fault(rule);
      const pages = [];
      for await (const page of users!.changes(mark)) pages.push(page);
      expect(pages).toEqual([expect.objectContaining({ missedChanges: true, items: [] })]);
      expect(pages[0]?.next).not.toBe(mark);
    }
  });

  it('takes a deletion for one only by its sign, and tells whether it can be taken back', async () => {
    const connection = connect();
    const [one, other] = await accountsOf(connection);
    const [users] = connection.readers.changes;
    let mark: string | undefined;
    for await (const page of users!.changes()) mark = page.next;
    await sandbox.admin('POST', '/entra/edits', { edit: 'delete', id: one!.id });
    await sandbox.admin('POST', '/entra/edits', { edit: 'update', id: other!.id, properties: { city: 'Gdynia' } });
    const hints = [];
    for await (const page of users!.changes(mark)) hints.push(...page.items);
    expect(hints).toContainEqual(
      expect.objectContaining({ object: one && { kind: 'account', id: one.id }, deleted: 'removed', restorable: true }),
    );
    expect(hints.find(({ object }) => object.id === other!.id)).not.toHaveProperty('deleted');
    expect(await connection.readers.accounts.getAccount(one!.id)).toBe('absent');
  });

  it('adds many members twenty at a time, and no more requests than that takes', async () => {
    const connection = connect();
    const holders = (await accountsOf(connection)).slice(0, 50);
    const group = { kind: 'group', id: await firstGroup(connection) } as const;
    const { entitlements } = writersOf(connection);
    await entitlements.revoke(group, holders);
    const { last } = (await sandbox.admin('GET', '/journal?limit=1&since=999999999')) as { last: number };
    const outcomes = await entitlements.grant(group, holders);
    expect(new Set(outcomes.map(({ result }) => result))).toEqual(new Set(['done']));
    const { entries } = (await sandbox.admin('GET', `/journal?server=graph&since=${last}`)) as {
      entries: { method: string; path: string }[];
    };
    expect(entries.map(({ method }) => method)).toEqual(['PATCH', 'PATCH', 'PATCH']);
  });

  it('gives each request of a batch its own outcome, a throttled one its own wait', async () => {
    const connection = connect();
    const [one, other, third] = await accountsOf(connection);
    await fault({ method: 'PATCH', path: `*/users/${other!.id}`, kind: 'throttle', times: 1 });
    const changes = [one!.id, other!.id, third!.id, 'nobody'].map((accountId) => ({ accountId, values: { city: 'Gdynia' } }));
    const outcomes = await writersOf(connection).accounts.set(changes);
    expect(outcomes.map(({ result }) => result)).toEqual(['done', 'fault', 'done', 'fault']);
    expect(outcomes[1]).toMatchObject({ fault: { kind: 'throttled', retryAfter: expect.any(Number) } });
    expect(outcomes[3]).toMatchObject({ fault: { code: 'target.not_found' } });
  });

  it('calls every write of a batch unknown whose answer was lost', async () => {
    const connection = connect();
    const holders = (await accountsOf(connection)).slice(0, 3);
    await fault({ method: 'POST', path: '*/$batch', kind: 'lost-after', times: 1 });
    const outcomes = await writersOf(connection).accounts.set(holders.map(({ id }) => ({ accountId: id, values: { city: 'Sopot' } })));
    expect(outcomes.map((outcome) => outcome.result === 'fault' && outcome.fault.kind)).toEqual(['unknown', 'unknown', 'unknown']);
    expect(await connection.readers.accounts.getAccount(holders[0]!.id)).toMatchObject({ profile: { city: 'Sopot' } });
  });

  it('sets, moves and clears a manager, also when there is none', async () => {
    const connection = connect();
    const [one, boss] = await accountsOf(connection);
    const { accounts } = writersOf(connection);
    await accounts.setManager?.([{ accountId: one!.id, managerAccountId: boss!.id }]);
    expect(await connection.readers.accounts.getAccount(one!.id)).toMatchObject({ managerAccountId: boss!.id });
    const results = [];
    for (let turn = 0; turn < 2; turn += 1)
      results.push(...((await accounts.setManager?.([{ accountId: one!.id, managerAccountId: null }])) ?? []));
    expect(results.map(({ result }) => result)).toEqual(['done', 'already']);
    expect(await connection.readers.accounts.getAccount(one!.id)).toMatchObject({ managerAccountId: null });
  });

  it('observes what it must not write, and is refused in words that say where to change it', async () => {
    const connection = connect();
    const [one, other] = await accountsOf(connection);
    await sandbox.admin('POST', '/entra/edits', { edit: 'synchronise', id: one!.id });
    await sandbox.admin('POST', '/entra/edits', { edit: 'privilege', id: other!.id });
    expect(await connection.readers.accounts.getAccount(one!.id)).toMatchObject({ masteredBy: 'ACTIVE_DIRECTORY' });
    const { accounts } = writersOf(connection);
    const [synced] = await accounts.set([{ accountId: one!.id, values: { city: 'Gdynia' } }]);
    expect(synced).toMatchObject({ result: 'fault', fault: { code: 'target.not_writable', kind: 'refused' } });
    const [privileged] = await accounts.disable([other!.id]);
    expect(privileged).toMatchObject({ result: 'fault', fault: { code: 'target.object_protected', kind: 'refused' } });
  });

  it('ends a hanging answer after its time-out: a read is tried again, a write is unknown', async () => {
    const connection = connect('muster', { timeoutMs: 300 });
    await connection.readers.permissions.permissions();
    await fault({ method: 'GET', path: '*/users/nobody', kind: 'hang', times: 1 });
    expect(await failed(connection.readers.accounts.getAccount('nobody'))).toMatchObject({ kind: 'transient' });
    await fault({ method: 'PATCH', path: '*/users/nobody', kind: 'hang', times: 1 });
    const [outcome] = await writersOf(connection).accounts.set([{ accountId: 'nobody', values: { city: 'x' } }]);
    expect(outcome).toMatchObject({ result: 'fault', fault: { kind: 'unknown' } });
  });
});
