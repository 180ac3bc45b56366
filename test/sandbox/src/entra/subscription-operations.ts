import type { VendorRequest } from '../kit/vendor-request.ts';
import { holdsAny, NO_CONTENT, type Answer, type Call, type JsonObject } from './call.ts';
import { badRequest, denied, GraphFault, notFound, type Json } from './errors.ts';
import { MAY, type Permission } from './permissions.ts';
import type { Subscription, Subscriptions } from './subscriptions.ts';
import type { Tenant } from './tenant.ts';

/** A subscription to users or groups lives less than 29 days (change-notifications-subscription-lifetime). */
const LONGEST_MS = 41_760 * 60_000;
const CHANGE_TYPES = new Set(['created', 'updated', 'deleted']);
const LOCAL = new Set(['localhost', '127.0.0.1']);

/** The least permission to hear of groups reads all of them, not only their members. */
const HEAR: Readonly<Record<string, readonly Permission[]>> = {
  users: MAY.readProfiles,
  groups: ['Group.Read.All', 'Group.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'],
};

/** What addresses answered the last time, by tenant. */
const reachable = new WeakMap<Subscriptions, Map<string, boolean>>();

/** Asks the addresses of a new subscription whether they want to receive, before the request is answered. */
export async function checkReceivers(subscriptions: Subscriptions, { body }: VendorRequest): Promise<void> {
  const { notificationUrl, lifecycleNotificationUrl } = (body ?? {}) as Record<string, unknown>;
  const urls = [...new Set([notificationUrl, lifecycleNotificationUrl])].filter((url) => typeof url === 'string').filter(isAllowed);
  const answers = reachable.get(subscriptions) ?? new Map<string, boolean>();
  reachable.set(subscriptions, answers);
  for (const url of urls) answers.set(url, await subscriptions.notifier.validate(url));
}

export function createSubscription(tenant: Tenant, call: Call): Answer {
  const subscriptions = of(tenant);
  const given = fieldsOf(tenant, call);
  const applicationId = call.caller.clientId;
  if (!holdsAny(call.caller, HEAR[given.resource.split('/')[0] ?? ''] ?? [])) throw denied();
  if (subscriptions.ofApp(applicationId).length >= subscriptions.settings.quota)
    throw new GraphFault(
      403,
      'ExtensionError',
      `Operation: Create; Exception: [Status Code: Forbidden; Reason: The application has reached its limit of '${subscriptions.settings.quota}' subscriptions]`,
    );
  if (!answered(subscriptions, given))
    throw new GraphFault(
      400,
      'ValidationError',
      'Subscription validation request failed. Notification endpoint must respond with 200 OK to validation request.',
    );
  const made = subscriptions.put({ ...given, id: subscriptions.newId(), applicationId, startsAt: tenant.now() });
  call.effects.push(`created ${made.id}`);
  return { status: 201, body: { ...shown(tenant, call, made), clientState: made.clientState ?? null } };
}

export const listSubscriptions = (tenant: Tenant, call: Call): Answer => ({
  status: 200,
  body: {
    '@odata.context': `${call.root}/$metadata#subscriptions`,
    value: of(tenant)
      .ofApp(call.caller.clientId)
      .map((one) => shown(tenant, call, one)),
  },
});

export const getSubscription = (tenant: Tenant, call: Call): Answer => ({ status: 200, body: shown(tenant, call, find(tenant, call)) });

export function renewSubscription(tenant: Tenant, call: Call): Answer {
  const { expirationDateTime } = objectOf(call.body);
  const { waitsForApp: _authorised, ...found } = find(tenant, call);
  const renewed = of(tenant).put({ ...found, startsAt: tenant.now(), expiresAt: endOf(tenant, expirationDateTime) });
  call.effects.push(`renewed ${renewed.id}`);
  return { status: 200, body: shown(tenant, call, renewed) };
}

export function reauthorizeSubscription(tenant: Tenant, call: Call): Answer {
  const { waitsForApp: _authorised, ...found } = find(tenant, call);
  of(tenant).put(found);
  call.effects.push(`reauthorized ${found.id}`);
  return NO_CONTENT;
}

export function deleteSubscription(tenant: Tenant, call: Call): Answer {
  const { id } = find(tenant, call);
  of(tenant).remove(id);
  call.effects.push(`deleted ${id}`);
  return NO_CONTENT;
}

function answered(subscriptions: Subscriptions, { notificationUrl, lifecycleNotificationUrl = notificationUrl }: Fields): boolean {
  const answers = reachable.get(subscriptions);
  return answers?.get(notificationUrl) === true && answers.get(lifecycleNotificationUrl) === true;
}

function of({ subscriptions }: Tenant): Subscriptions {
  if (!subscriptions) throw new Error('this tenant sends no notifications');
  return subscriptions;
}

function find(tenant: Tenant, call: Call): Subscription {
  const id = call.params['id'] ?? '';
  const found = of(tenant).find(id, call.caller.clientId);
  if (!found) throw notFound(id);
  return found;
}

const objectOf = (body: Json | undefined): JsonObject => (typeof body === 'object' && body !== null && !Array.isArray(body) ? body : {});

type Fields = Omit<Subscription, 'id' | 'applicationId' | 'startsAt'>;

function fieldsOf(tenant: Tenant, call: Call): Fields {
  const { changeType, notificationUrl, lifecycleNotificationUrl, resource, expirationDateTime, clientState } = objectOf(call.body);
  const changeTypes = typeof changeType === 'string' ? changeType.split(',').map((type) => type.trim()) : [];
  if (changeTypes.length === 0 || !changeTypes.every((type) => CHANGE_TYPES.has(type))) throw invalid('changeType');
  if (typeof notificationUrl !== 'string' || !isAllowed(notificationUrl)) throw invalid('notificationUrl');
  if (lifecycleNotificationUrl !== undefined && !isAllowed(lifecycleNotificationUrl)) throw invalid('lifecycleNotificationUrl');
  return {
    changeTypes,
    notificationUrl,
    ...(typeof lifecycleNotificationUrl === 'string' ? { lifecycleNotificationUrl } : {}),
    resource: resourceOf(resource),
    expiresAt: endOf(tenant, expirationDateTime),
    ...(typeof clientState === 'string' ? { clientState: shortEnough(clientState) } : {}),
  };
}

function resourceOf(resource: Json | undefined): string {
  const path = typeof resource === 'string' ? resource.replace(/^\/|\/$/g, '') : '';
  if (!/^(users|groups)(\/[^/]+)?$/.test(path)) throw invalid('resource');
  return path;
}

function shortEnough(clientState: string): string {
  if (clientState.length > 128) throw invalid('clientState');
  return clientState;
}

function endOf(tenant: Tenant, text: Json | undefined): number {
  const at = typeof text === 'string' ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at) || at <= tenant.now() || at > tenant.now() + LONGEST_MS) throw invalid('expirationDateTime');
  return at;
}

const invalid = (name: string): GraphFault => badRequest(`Invalid or missing value for '${name}' of the subscription.`);

/** Graph wants HTTPS; plain HTTP is taken on this machine, where the receiver has no certificate of its own. */
function isAllowed(url: unknown): boolean {
  if (typeof url !== 'string' || !URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || (protocol === 'http:' && LOCAL.has(hostname));
}

const shown = (tenant: Tenant, call: Call, one: Subscription): JsonObject => ({
  '@odata.context': `${call.root}/$metadata#subscriptions/$entity`,
  id: one.id,
  applicationId: one.applicationId,
  changeType: one.changeTypes.join(','),
  clientState: null,
  creatorId: tenant.servicePrincipalIdOf(one.applicationId),
  expirationDateTime: new Date(one.expiresAt).toISOString(),
  includeResourceData: null,
  latestSupportedTlsVersion: 'v1_2',
  lifecycleNotificationUrl: one.lifecycleNotificationUrl ?? null,
  notificationUrl: one.notificationUrl,
  resource: one.resource,
});
