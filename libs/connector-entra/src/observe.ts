import type { ObservedAccount, ObservedApp, ObservedEntitlement, ObservedGroup } from '@muster/connector';
import { flatten, isWire } from './properties.ts';
import type { Wire } from './properties.ts';

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

export const idOf = (wire: Wire): string | undefined => {
  const id = textOf(wire['id']);
  return id !== undefined && id.length <= 200 ? id : undefined;
};

const timeOf = (value: unknown): string | undefined => {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
};

/** How an observation is made: for which connection, of which attributes, and whether the token's permissions cover profiles. */
export interface Sight {
  connection: string;
  attributes: readonly string[];
  /** Without a profile permission Graph shows nulls instead of values, and no error. */
  profiles: boolean;
}

/** Properties that Graph lets the cloud write even where an on-premises directory masters the user. */
const CLOUD_MASTERED = new Set(['usageLocation', 'preferredDataLocation']);

const unseen = (connection: string, accountId: string): ObservedAccount => ({
  connection,
  accountId,
  profile: {},
  status: 'unknown',
  enabled: false,
  aspects: [],
});

/** A user read with USER_PROPERTIES, the attributes, and the manager expanded. */
export const observeUser = ({ connection, attributes, profiles }: Sight, user: Wire): ObservedAccount | undefined => {
  const accountId = idOf(user);
  if (accountId === undefined) return undefined;
  if (!profiles) return unseen(connection, accountId);
  const { accountEnabled: enabled, manager } = user;
  if (typeof enabled !== 'boolean') return undefined;
  const createdAt = timeOf(user['createdDateTime']);
  const synced = user['onPremisesSyncEnabled'] === true;
  return {
    connection,
    accountId,
    profile: flatten(user, attributes),
    status: enabled ? 'enabled' : 'disabled',
    enabled,
    managerAccountId: isWire(manager) ? (idOf(manager) ?? null) : null,
    ...(createdAt === undefined ? {} : { createdAt }),
    ...(synced
      ? { notWritable: [...attributes.filter((name) => !CLOUD_MASTERED.has(name)), 'manager'], masteredBy: 'ACTIVE_DIRECTORY' }
      : {}),
    aspects: ['profile', 'status', 'manager'],
  };
};

export const USER_PROPERTIES = ['id', 'accountEnabled', 'createdDateTime', 'onPremisesSyncEnabled'];

export const GROUP_PROPERTIES = [
  'id',
  'displayName',
  'description',
  'mailNickname',
  'groupTypes',
  'mailEnabled',
  'securityEnabled',
  'onPremisesSyncEnabled',
  'isAssignableToRole',
  'visibility',
];

const kindOf = (group: Wire): string => {
  const types = Array.isArray(group['groupTypes']) ? group['groupTypes'] : [];
  if (types.includes('DynamicMembership')) return 'dynamic';
  if (types.includes('Unified')) return 'microsoft365';
  if (group['mailEnabled'] === true) return group['securityEnabled'] === true ? 'mailEnabledSecurity' : 'distribution';
  return 'security';
};

const NOT_WRITABLE: Readonly<Record<string, string>> = {
  dynamic: 'members follow from a rule',
  mailEnabledSecurity: 'Exchange writes it, Graph only reads it',
  distribution: 'Exchange writes it, Graph only reads it',
};

const notWritable = (group: Wire, kind: string): string | undefined => {
  if (group['onPremisesSyncEnabled'] === true) return 'mastered by an on-premises directory';
  if (group['isAssignableToRole'] === true) return 'it can hold directory roles, which needs a privileged permission';
  return NOT_WRITABLE[kind];
};

/** A group read with GROUP_PROPERTIES. */
export const observeGroup = (connection: string, group: Wire): ObservedGroup | undefined => {
  const groupId = idOf(group);
  const name = textOf(group['displayName']);
  if (groupId === undefined || name === undefined) return undefined;
  const groupKind = kindOf(group);
  const because = notWritable(group, groupKind);
  return {
    connection,
    groupId,
    name,
    groupKind,
    writable: because === undefined,
    ...(because === undefined ? {} : { notWritableBecause: because }),
    profile: flatten(group, ['displayName', 'description', 'mailNickname', 'visibility']),
  };
};

export const APP_PROPERTIES = ['id', 'appId', 'displayName', 'accountEnabled', 'appRoles', 'servicePrincipalType'];

/** A service principal: the app as it stands in this tenant. */
export const observeApp = (connection: string, app: Wire): ObservedApp | undefined => {
  const appId = idOf(app);
  const name = textOf(app['displayName']);
  if (appId === undefined || name === undefined) return undefined;
  const roles = (Array.isArray(app['appRoles']) ? app['appRoles'] : []).slice(0, 500).flatMap((role: unknown) => {
    const id = isWire(role) ? idOf(role) : undefined;
    return isWire(role) && id !== undefined
      ? [{ id, value: textOf(role['value']) ?? null, name: textOf(role['displayName']) ?? null }]
      : [];
  });
  return { connection, appId, name, status: app['accountEnabled'] === false ? 'disabled' : 'enabled', roles };
};

/** The kind of an object of a mixed list; undefined for kinds that are not observed, such as devices. */
export const holderKind = (object: Wire): 'account' | 'group' | undefined => {
  const type = textOf(object['@odata.type']);
  if (type === '#microsoft.graph.user') return 'account';
  return type === '#microsoft.graph.group' ? 'group' : undefined;
};

export const membership = (connection: string, holder: ObservedEntitlement['holder'], groupId: string): ObservedEntitlement => ({
  connection,
  holder,
  entitlement: { kind: 'group', id: groupId },
  via: 'direct',
});

/**
 * An app role assignment as holding of the app. Below a user Graph shows those of its groups too, with the group as principal: they are the group's,
 * and are observed there.
 */
export const assignment = (
  connection: string,
  asked: ObservedEntitlement['holder'] | undefined,
  wire: Wire,
): readonly ObservedEntitlement[] | undefined => {
  const principalId = textOf(wire['principalId']);
  const resourceId = textOf(wire['resourceId']);
  if (principalId === undefined || resourceId === undefined) return undefined;
  const kind = PRINCIPALS[textOf(wire['principalType']) ?? ''];
  if (kind === undefined || (asked && asked.id !== principalId)) return [];
  return [{ connection, holder: { kind, id: principalId }, entitlement: { kind: 'app', id: resourceId }, via: 'direct' }];
};

const PRINCIPALS: Readonly<Record<string, 'account' | 'group'>> = { User: 'account', Group: 'group' };
