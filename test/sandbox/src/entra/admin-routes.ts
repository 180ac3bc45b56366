import { Refused, type AdminServer } from '../kit/admin.ts';
import type { Kit } from '../kit/kit.ts';
import type { AccessTokens } from './access-tokens.ts';
import { GraphFault } from './errors.ts';
import { playEdit, rawObject, rawState, type OutsideEdit } from './outside-edits.ts';
import type { Tenant } from './tenant.ts';
import type { Throttle } from './throttle.ts';

interface Controlled {
  tenant: Tenant;
  tokens: AccessTokens;
  throttle: Throttle;
}

const objectOf = (body: unknown): Record<string, unknown> => {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new Refused(400, 'the body must be a JSON object');
  return body as Record<string, unknown>;
};

/**
 * The tenant's own admin routes:
 * - POST /entra/edits `{ edit, id, ..., as? }`: an edit by hand of another administrator (`as`: `user:<id>` or `app:<client id>`)
 * - POST /entra/delta/expire: every delta token issued so far is too old
 * - POST /entra/tokens `{ expire?: true, lifetimeSeconds? }`: access tokens
 * - POST /entra/limits `{ units?, writes?, reports? }`, GET /entra/limits: limits and what each app spent
 * - GET /entra/subscriptions, POST /entra/subscriptions `{ quota?, patienceMs?, slowAfterMs? }`: who is told, and how long a receiver may take
 * - POST /entra/lifecycle `{ event, resource? }`: tells apps that their subscriptions need authorisation, were removed, or missed something
 * - GET /state?server=graph[&id=]: raw state, or one object of it
 */
export function addEntraRoutes(kit: Kit, parts: Controlled): void {
  const { tenant, tokens, throttle } = parts;
  const { admin } = kit;
  addEdits(admin, tenant, kit);
  addSubscriptionControls(admin, tenant);
  admin.route('POST', '/entra/delta/expire', () => {
    tenant.deltaTokensFrom = tenant.now() + 1;
  });
  admin.route('POST', '/entra/tokens', ({ body }) => {
    const { expire, lifetimeSeconds } = objectOf(body);
    if (typeof lifetimeSeconds === 'number' && lifetimeSeconds > 0) tokens.lifetime = lifetimeSeconds;
    if (expire === true) tokens.expireAll();
    return { lifetimeSeconds: tokens.lifetime };
  });
  admin.route('POST', '/entra/limits', ({ body }) => {
    throttle.limits = { ...throttle.limits, ...(objectOf(body) as Partial<Throttle['limits']>) };
    return throttle.limits;
  });
  admin.route('GET', '/entra/limits', () => ({
    limits: throttle.limits,
    throttled: throttle.throttled,
    spent: Object.fromEntries(throttle.total),
  }));
  kit.stateReaders.set('graph', (query) => readState(tenant, query.get('id')));
}

const LIFECYCLE = ['reauthorizationRequired', 'subscriptionRemoved', 'missed'] as const;

function addSubscriptionControls(admin: AdminServer, { subscriptions }: Tenant): void {
  if (!subscriptions) return;
  admin.route('GET', '/entra/subscriptions', () => ({
    settings: subscriptions.settings,
    receivers: subscriptions.notifier.states(),
    subscriptions: subscriptions.all().map(({ clientState: _secret, ...one }) => one),
  }));
  admin.route('POST', '/entra/subscriptions', ({ body }) => Object.assign(subscriptions.settings, objectOf(body)));
  admin.route('POST', '/entra/lifecycle', ({ body }) => {
    const { event, resource } = objectOf(body);
    const wanted = LIFECYCLE.find((one) => one === event);
    if (!wanted) throw new Refused(400, `event must be one of ${LIFECYCLE.join(', ')}`);
    const told = subscriptions.all().filter((one) => resource === undefined || one.resource === resource);
    for (const one of told) subscriptions.tellLifecycle(one, wanted);
    return { told: told.map(({ id }) => id) };
  });
}

function addEdits(admin: AdminServer, tenant: Tenant, kit: Kit): void {
  const administrator = tenant.settings.registrations.find((one) => one.displayName === 'admin')?.clientId ?? 'admin';
  admin.route('POST', '/entra/edits', ({ body }) => {
    const { as, ...edit } = objectOf(body);
    try {
      const id = playEdit(tenant, edit as unknown as OutsideEdit, typeof as === 'string' ? as : `app:${administrator}`);
      kit.journal.count(`graph.edit.${String(edit['edit'])}`);
      return { id };
    } catch (error) {
      if (error instanceof GraphFault) throw new Refused(error.status, error.message);
      throw error;
    }
  });
}

function readState(tenant: Tenant, id: string | null): unknown {
  if (id === null) return rawState(tenant);
  const object = tenant.directory.find(id) ?? tenant.directory.holder('user', 'userPrincipalName', id);
  if (!object) throw new Refused(404, `no such object: ${id}`);
  return rawObject(object);
}
