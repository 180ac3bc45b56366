import { guid } from '../kit/random.ts';
import { textOf, type Json } from './errors.ts';
import type { Tenant, Wish } from './tenant.ts';
import { PRIVILEGED } from './user-rules.ts';

export type GroupSort = 'security' | 'unified' | 'dynamic' | 'mail-security' | 'role-assignable' | 'synchronised';

export interface SeedGroup {
  name: string;
  description?: string;
  /** Default: security. */
  sort?: GroupSort;
  /** Members are shown only to holders of Member.Read.Hidden. */
  hidden?: boolean;
  /** Logins of users, names of groups. */
  members?: readonly string[];
}

export interface SeedApp {
  name: string;
  /** Values of its app roles; the first one is given to the groups. Default: one role, `User`. */
  roles?: readonly string[];
  /** Names of groups that hold the first role. */
  groups?: readonly string[];
}

export interface SeedUser {
  /** userPrincipalName, displayName and mailNickname are required; the rest as in Graph. */
  properties: Record<string, Json>;
  /** Login of the manager. */
  manager?: string;
  /** Holds a directory role that protects it. */
  privileged?: boolean;
}

/** What stands in the tenant before the first request. */
export interface EntraSeed {
  groups?: readonly SeedGroup[];
  apps?: readonly SeedApp[];
  users?: readonly SeedUser[];
}

const MEMBERS_A_MUTATION = 1_000;

/**
 * Puts what is missing of the seed into the tenant. Before the first request ever this is quiet (no audit entry, no change for delta,
 * no lag); later it is as if an administrator had done it, so that nobody's delta misses it. Ids depend on tenant and name alone: a
 * second call with the same seed changes nothing.
 */
export function seedEntra(tenant: Tenant, seed: EntraSeed): void {
  const { users, groups, apps } = { users: [], groups: [], apps: [], ...seed };
  const ids = new Map<string, string>();
  for (const user of users) ids.set(loginOf(user), addUser(tenant, user));
  for (const user of users) addManager(tenant, user, ids);
  for (const group of groups) ids.set(group.name, addGroup(tenant, group));
  for (const group of groups) addMembers(tenant, group, ids);
  for (const app of apps) addApp(tenant, app, ids);
}

const put = (tenant: Tenant, wish: Wish) => tenant.commit({ ...wish, quiet: !tenant.everAsked() }, 'app:seed', 'seed');
const idOf = (tenant: Tenant, sort: string, name: string) => guid(`${tenant.settings.tenantId}/${sort}/${name.toLowerCase()}`);
const loginOf = (user: SeedUser) => textOf(user.properties['userPrincipalName']);

function addUser(tenant: Tenant, user: SeedUser): string {
  const id = idOf(tenant, 'user', loginOf(user));
  if (tenant.directory.find(id)) return id;
  const properties = {
    accountEnabled: true,
    userType: 'Member',
    createdDateTime: tenant.timestamp(),
    ...user.properties,
    ...(user.privileged ? { [PRIVILEGED]: true } : {}),
  };
  put(tenant, { op: 'create', kind: 'user', id, properties });
  return id;
}

function addManager(tenant: Tenant, user: SeedUser, ids: Map<string, string>): void {
  const manager = user.manager === undefined ? undefined : ids.get(user.manager);
  const id = ids.get(loginOf(user));
  if (manager && id && !tenant.directory.find(id)?.current.manager) put(tenant, { op: 'manager', id, manager });
}

const SORTS: Record<GroupSort, Record<string, Json>> = {
  security: { groupTypes: [], mailEnabled: false, securityEnabled: true },
  unified: { groupTypes: ['Unified'], mailEnabled: true, securityEnabled: false, visibility: 'Private' },
  dynamic: {
    groupTypes: ['DynamicMembership'],
    mailEnabled: false,
    securityEnabled: true,
    membershipRule: '(user.department -eq "Sales")',
    membershipRuleProcessingState: 'On',
  },
  'mail-security': { groupTypes: [], mailEnabled: true, securityEnabled: true },
  'role-assignable': { groupTypes: [], mailEnabled: false, securityEnabled: true, isAssignableToRole: true, visibility: 'Private' },
  synchronised: { groupTypes: [], mailEnabled: false, securityEnabled: true, onPremisesSyncEnabled: true },
};

function addGroup(tenant: Tenant, group: SeedGroup): string {
  const id = idOf(tenant, 'group', group.name);
  if (tenant.directory.find(id)) return id;
  const properties: Record<string, Json> = {
    displayName: group.name,
    mailNickname: group.name.replaceAll(/[^A-Za-z0-9.-]/g, '').slice(0, 60),
    description: group.description ?? null,
    createdDateTime: tenant.timestamp(),
    ...SORTS[group.sort ?? 'security'],
    ...(group.hidden ? { visibility: 'HiddenMembership' } : {}),
  };
  put(tenant, { op: 'create', kind: 'group', id, properties });
  return id;
}

function addMembers(tenant: Tenant, group: SeedGroup, ids: Map<string, string>): void {
  const id = ids.get(group.name)!;
  const members = (group.members ?? []).map((name) => ids.get(name)).filter((member) => member !== undefined);
  for (let from = 0; from < members.length; from += MEMBERS_A_MUTATION) {
    put(tenant, { op: 'join', id, members: members.slice(from, from + MEMBERS_A_MUTATION) });
  }
}

function addApp(tenant: Tenant, app: SeedApp, ids: Map<string, string>): void {
  const id = idOf(tenant, 'servicePrincipal', app.name);
  const roles = (app.roles ?? ['User']).map((value) => ({
    id: idOf(tenant, 'appRole', `${app.name}/${value}`),
    allowedMemberTypes: ['User'],
    displayName: value,
    description: `${value} of ${app.name}`,
    isEnabled: true,
    origin: 'Application',
    value,
  }));
  if (!tenant.directory.find(id)) {
    const appId = idOf(tenant, 'application', app.name);
    put(tenant, {
      op: 'create',
      kind: 'servicePrincipal',
      id,
      properties: { ...servicePrincipal(tenant, app.name, appId), appRoleAssignmentRequired: true, appRoles: roles },
    });
  }
  for (const name of app.groups ?? []) {
    const principal = ids.get(name);
    const held = principal && tenant.directory.find(principal)?.held?.some((one) => one.resource.id === id);
    const assignment = idOf(tenant, 'assignment', `${app.name}/${name}`);
    if (principal && !held) put(tenant, { op: 'assign', id: assignment, principal, resource: id, appRoleId: roles[0]!.id });
  }
}

const servicePrincipal = (tenant: Tenant, displayName: string, appId: string): Record<string, Json> => ({
  displayName,
  appDisplayName: displayName,
  appId,
  accountEnabled: true,
  appOwnerOrganizationId: tenant.settings.tenantId,
  servicePrincipalNames: [appId],
  servicePrincipalType: 'Application',
  signInAudience: 'AzureADMyOrg',
  tags: ['WindowsAzureActiveDirectoryIntegratedApp'],
  createdDateTime: tenant.timestamp(),
});

/** Every app registration has a service principal in its own tenant. */
export function seedRegistrations(tenant: Tenant): void {
  for (const { clientId, displayName } of tenant.settings.registrations) {
    const id = tenant.servicePrincipalIdOf(clientId);
    if (tenant.directory.find(id)) continue;
    put(tenant, { op: 'create', kind: 'servicePrincipal', id, properties: servicePrincipal(tenant, displayName, clientId) });
  }
}
