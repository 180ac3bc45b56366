import { randomBytes } from 'node:crypto';

import type { Kit } from '../kit/kit.ts';
import { guid } from '../kit/random.ts';
import type { StateFile } from '../kit/state.ts';
import { AccessTokens } from './access-tokens.ts';
import { addEntraRoutes } from './admin-routes.ts';
import type { ReadClass, ViewLag } from './directory.ts';
import { graphServer } from './graph-server.ts';
import { Login } from './login.ts';
import { loginServer } from './login-server.ts';
import type { Mutation } from './mutation.ts';
import { ADMINISTRATE, OBSERVE, WRITE, type AppRegistration, type Permission } from './permissions.ts';
import { seedEntra, seedRegistrations, type EntraSeed } from './seed.ts';
import { Subscriptions } from './subscriptions.ts';
import { Tenant, type TenantSettings } from './tenant.ts';
import { Throttle } from './throttle.ts';

export interface EntraOptions {
  /** The first is the default domain. */
  domains?: readonly string[];
  displayName?: string;
  seed?: EntraSeed;
  ports?: { login?: number; graph?: number };
  /** Further app registrations, or other ones under a known name. */
  registrations?: readonly (Partial<AppRegistration> & { displayName: string })[];
  federatedDomains?: readonly string[];
}

export interface EntraSandbox {
  readonly tenant: Tenant;
  readonly tenantId: string;
  /** What goes into `authorityHost`. */
  readonly loginUrl: string;
  /** Without the version. */
  readonly graphUrl: string;
  readonly tokens: AccessTokens;
  readonly throttle: Throttle;
  /** By the registration's name: `muster`, `muster-notified`, `muster-observe`, `auditor`, `admin`. */
  readonly credentials: Readonly<Record<string, { clientId: string; clientSecret: string }>>;
}

const REGISTERED: Readonly<Record<string, readonly Permission[]>> = {
  muster: [...OBSERVE, ...WRITE],
  'muster-notified': [...OBSERVE, ...WRITE, 'Group.Read.All'],
  'muster-observe': OBSERVE,
  auditor: OBSERVE,
  admin: ADMINISTRATE,
};

const CLASSES: Record<ReadClass, string> = {
  object: 'id',
  list: 'list',
  membership: 'membership',
  assignment: 'membership',
  delta: 'delta',
  audit: 'log',
  write: 'write',
};
/** Views with a position: another replica at each read would let them step over what it does not show yet. */
const POSITIONED = new Set<ReadClass>(['delta', 'audit', 'write']);

/** Opens the tenant on the kit's folder and starts its login host and Graph. A second opening goes on with the data of the first. */
export async function openEntra(kit: Kit, options: EntraOptions = {}): Promise<EntraSandbox> {
  const state = kit.openState('entra');
  const settings = settingsOf(state, options);
  let sequence = state.lastLogSeq('mutation');
  const tenant = new Tenant({
    settings,
    now: () => kit.clock.now(),
    scale: (ms) => kit.clock.scale(ms),
    lag: lagOf(kit),
    everAsked: () => Object.keys(kit.journal.counters('graph.status.')).length > 0,
    journal: { append: (mutation) => state.appendLog('mutation', { seq: ++sequence, at: mutation.at, value: mutation }) },
  });
  replay(tenant, state);
  seedRegistrations(tenant);
  if (options.seed) seedEntra(tenant, options.seed);
  state.commit();
  tenant.subscriptions = new Subscriptions(kit, state, settings.tenantId);
  const tokens = new AccessTokens(tenant);
  const throttle = new Throttle(tenant, kit.limits);
  const login = new Login(tenant, tokens);
  const graph = graphServer(kit, { tenant, tokens, throttle, state });
  const host = loginServer(kit, login, state);
  await listen(state, { graph, login: host }, options.ports ?? {});
  login.graphOrigin = graph.url;
  addEntraRoutes(kit, { tenant, tokens, throttle });
  return {
    tenant,
    tenantId: settings.tenantId,
    loginUrl: host.url,
    graphUrl: graph.url,
    tokens,
    throttle,
    credentials: Object.fromEntries(
      settings.registrations.map((one) => [one.displayName, { clientId: one.clientId, clientSecret: one.secret }]),
    ),
  };
}

function lagOf(kit: Kit): ViewLag {
  return {
    delay: (view, key) => kit.lag.draw(CLASSES[view], key, POSITIONED.has(view) ? 0 : kit.lag.replica(CLASSES[view])),
    longest: () => (kit.lag.on ? kit.lag.longest() : 0),
    stale: (view) => {
      const name = CLASSES[view];
      kit.lag.stale[name] = (kit.lag.stale[name] ?? 0) + 1;
    },
  };
}

const PAGE = 5_000;

function replay(tenant: Tenant, state: StateFile): void {
  let after = 0;
  for (let page = state.logAfter('mutation', after, PAGE); page.length > 0; page = state.logAfter('mutation', after, PAGE)) {
    for (const entry of page) tenant.replay(entry.value as Mutation);
    after = page.at(-1)!.seq;
  }
}

/** Tenant id, client ids and secrets are made once and kept. */
function settingsOf(state: StateFile, options: EntraOptions): TenantSettings {
  const domains = options.domains ?? ['contoso.example'];
  const kept = (state.object('entra', 'secrets') ?? {}) as Record<string, string>;
  const tenantId = guid(`tenant/${domains[0]}`);
  const names = new Set([...Object.keys(REGISTERED), ...(options.registrations ?? []).map((one) => one.displayName)]);
  const registrations = [...names].map((displayName): AppRegistration => {
    const given = options.registrations?.find((one) => one.displayName === displayName);
    kept[displayName] ??= randomBytes(30).toString('base64url');
    return {
      clientId: guid(`${tenantId}/registration/${displayName}`),
      secret: kept[displayName],
      permissions: REGISTERED[displayName] ?? OBSERVE,
      ...given,
      displayName,
    };
  });
  state.putObject('entra', 'secrets', kept);
  return {
    tenantId,
    displayName: options.displayName ?? 'Contoso',
    domains,
    registrations,
    skus: [{ skuId: '05e9a617-0261-4cee-bb44-138d3ef5d965', skuPartNumber: 'SPE_E3', enabled: 100_000 }],
    ...(options.federatedDomains ? { federatedDomains: options.federatedDomains } : {}),
  };
}

type Servers = Record<'graph' | 'login', { listen(port?: number): Promise<number> }>;

/** Delta and next links are absolute, so the ports are kept over a restart. */
async function listen(state: StateFile, servers: Servers, wished: { login?: number; graph?: number }): Promise<void> {
  const kept = (state.object('entra', 'ports') ?? {}) as { login?: number; graph?: number };
  const ports = {
    graph: await servers.graph.listen(wished.graph ?? kept.graph),
    login: await servers.login.listen(wished.login ?? kept.login),
  };
  state.putObject('entra', 'ports', ports);
  state.commit();
}
