import type { Aspect, ObservedAccount, ObservedApp, ObservedEntitlement, ObservedGroup, Profile, Value } from '@muster/connector';

/** An object as it came over the wire; whatever is unknown in it is passed over. */
export type Wire = Readonly<Record<string, unknown>>;

export const isWire = (value: unknown): value is Wire => typeof value === 'object' && value !== null && !Array.isArray(value);

export const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** The id of an object, if it is one that a stream name can hold. */
export const idOf = (wire: Wire): string | undefined => {
  const id = textOf(wire['id']);
  return id !== undefined && id.length <= 200 ? id : undefined;
};

/** An item of a list is one observation; one that cannot be read is none. */
export const listed = <T>(observed: T | undefined): readonly T[] | undefined => (observed === undefined ? undefined : [observed]);

const timeOf = (value: unknown): string | undefined => {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
};

const valueOf = (value: unknown): Value => {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map(String);
  return null;
};

/** The attributes asked for. Okta leaves out attributes without a value, so one that is not there is `null`. */
export const profileOf = (profile: unknown, attributes: readonly string[]): Profile => {
  const wire = isWire(profile) ? profile : {};
  return Object.fromEntries(attributes.map((name) => [name, valueOf(wire[name])]));
};

/**
 * States in which the owner can sign in, or can get there alone: ACTIVE, PROVISIONED (invited, not yet accepted), RECOVERY, PASSWORD_EXPIRED,
 * LOCKED_OUT. In STAGED, SUSPENDED and DEPROVISIONED somebody has to enable the account first.
 */
const ENABLED = new Set(['ACTIVE', 'PROVISIONED', 'RECOVERY', 'PASSWORD_EXPIRED', 'LOCKED_OUT']);
const NOT_ENABLED = new Set(['STAGED', 'SUSPENDED', 'DEPROVISIONED']);

/** Activation and deactivation take Okta a while, in which the account shows the state that it is leaving. */
export const isUnderWay = (user: Wire): boolean => textOf(user['transitioningToStatus']) !== undefined;

/** Nothing is concluded from a state that the account is leaving, or that Okta made up since. */
const aspectsOf = (user: Wire, status: string): Aspect[] =>
  !isUnderWay(user) && (ENABLED.has(status) || NOT_ENABLED.has(status)) ? ['profile', 'status'] : ['profile'];

export const isEnabled = (status: string): boolean => ENABLED.has(status);

/** Providers whose directory owns the profile; Okta then refuses profile writes. */
const masterOf = (user: Wire): string | undefined => {
  const credentials = isWire(user['credentials']) ? user['credentials'] : {};
  const provider = isWire(credentials['provider']) ? textOf(credentials['provider']['type']) : undefined;
  return provider === 'ACTIVE_DIRECTORY' || provider === 'LDAP' ? provider : undefined;
};

export const observeUser = (connection: string, attributes: readonly string[], user: Wire): ObservedAccount | undefined => {
  const accountId = idOf(user);
  const status = textOf(user['status']);
  if (accountId === undefined || status === undefined || !isWire(user['profile'])) return undefined;
  const createdAt = timeOf(user['created']);
  const changedAt = timeOf(user['lastUpdated']);
  const masteredBy = masterOf(user);
  return {
    connection,
    accountId,
    profile: profileOf(user['profile'], attributes),
    status,
    enabled: isEnabled(status),
    ...(createdAt === undefined ? {} : { createdAt }),
    ...(changedAt === undefined ? {} : { changedAt }),
    ...(masteredBy === undefined ? {} : { notWritable: [...attributes], masteredBy }),
    aspects: aspectsOf(user, status),
  };
};

const NOT_WRITABLE: Readonly<Record<string, string>> = { APP_GROUP: 'mastered by an app', BUILT_IN: 'kept by Okta' };

export const observeGroup = (connection: string, group: Wire): ObservedGroup | undefined => {
  const groupId = idOf(group);
  const groupKind = textOf(group['type']);
  if (groupId === undefined || groupKind === undefined || !isWire(group['profile'])) return undefined;
  const because = groupKind === 'OKTA_GROUP' ? undefined : (NOT_WRITABLE[groupKind] ?? 'of a kind that is not known to take members');
  return {
    connection,
    groupId,
    name: textOf(group['profile']['name']) ?? '',
    groupKind,
    writable: because === undefined,
    ...(because === undefined ? {} : { notWritableBecause: because }),
    profile: Object.fromEntries(
      Object.entries(group['profile'])
        .slice(0, 200)
        .map(([name, value]) => [name, valueOf(value)]),
    ),
  };
};

export const observeApp = (connection: string, app: Wire): ObservedApp | undefined => {
  const appId = idOf(app);
  const status = textOf(app['status']);
  if (appId === undefined || status === undefined) return undefined;
  return { connection, appId, name: textOf(app['label']) ?? textOf(app['name']) ?? '', status };
};

/** Whether a rule or a person put the account there is not told with the membership. */
export const membership = (connection: string, accountId: string, groupId: string): ObservedEntitlement => ({
  connection,
  holder: { kind: 'account', id: accountId },
  entitlement: { kind: 'group', id: groupId },
  via: 'unknown',
});

/** An app user: scope USER is an assignment of its own, GROUP one through a group. */
export const appUser = (connection: string, appId: string, user: Wire): ObservedEntitlement | undefined => {
  const accountId = idOf(user);
  if (accountId === undefined) return undefined;
  const scope = textOf(user['scope']);
  const via = scope === 'USER' ? 'direct' : scope === 'GROUP' ? 'group' : 'unknown';
  return { connection, holder: { kind: 'account', id: accountId }, entitlement: { kind: 'app', id: appId }, via };
};

export const appGroup = (connection: string, appId: string, group: Wire): ObservedEntitlement | undefined => {
  const groupId = idOf(group);
  if (groupId === undefined) return undefined;
  return { connection, holder: { kind: 'group', id: groupId }, entitlement: { kind: 'app', id: appId }, via: 'direct' };
};
