import type { AppUserView } from './apps.ts';
import type { AppGroupRecord, AppRecord, GroupRecord, RuleRecord, UserRecord } from './records.ts';
import type { UserSchema } from './user-schema.ts';

const link = (href: string, method?: string): object => ({ href, ...(method === undefined ? {} : { method }) });

export function userJson(origin: string, schema: UserSchema, user: UserRecord): object {
  const self = `${origin}/api/v1/users/${user.id}`;
  const { id, status, created, activated, statusChanged, lastLogin, lastUpdated, passwordChanged, transitioningToStatus } = user;
  return {
    id,
    status,
    created,
    activated,
    statusChanged,
    lastLogin,
    lastUpdated,
    passwordChanged,
    ...(transitioningToStatus ? { transitioningToStatus } : {}),
    type: { id: 'otyfnly5cQjJT9PnR0g4' },
    profile: schema.shown(user.profile),
    credentials: {
      ...(user.hasPassword ? { password: {} } : {}),
      provider: { type: user.mastered ?? 'OKTA', name: user.mastered ?? 'OKTA' },
    },
    _links: {
      self: link(self),
      schema: link(`${origin}/api/v1/meta/schemas/user/default`),
      type: link(`${origin}/api/v1/meta/types/user/otyfnly5cQjJT9PnR0g4`),
      ...lifecycleLinks(self, user),
    },
  };
}

function lifecycleLinks(self: string, { status }: UserRecord): object {
  const lifecycle = (name: string): object => link(`${self}/lifecycle/${name}`, 'POST');
  if (status === 'STAGED' || status === 'DEPROVISIONED') return { activate: lifecycle('activate') };
  if (status === 'SUSPENDED') return { unsuspend: lifecycle('unsuspend'), deactivate: lifecycle('deactivate') };
  if (status === 'PROVISIONED') return { reactivate: lifecycle('reactivate'), deactivate: lifecycle('deactivate') };
  return { suspend: lifecycle('suspend'), deactivate: lifecycle('deactivate') };
}

export function groupJson(origin: string, group: GroupRecord): object {
  const self = `${origin}/api/v1/groups/${group.id}`;
  const { id, created, lastUpdated, lastMembershipUpdated, type, profile } = group;
  return {
    id,
    created,
    lastUpdated,
    lastMembershipUpdated,
    objectClass: [group.type === 'APP_GROUP' ? 'okta:windows_security_principal' : 'okta:user_group'],
    type,
    profile,
    ...(group.source === undefined ? {} : { source: { id: group.source } }),
    _links: { self: link(self), logo: [], users: link(`${self}/users`), apps: link(`${self}/apps`) },
  };
}

export function appJson(origin: string, app: AppRecord): object {
  const self = `${origin}/api/v1/apps/${app.id}`;
  const { id, name, label, status, lastUpdated, created, signOnMode } = app;
  return {
    id,
    name,
    label,
    status,
    lastUpdated,
    created,
    accessibility: { selfService: false, errorRedirectUrl: null, loginRedirectUrl: null },
    visibility: { autoSubmitToolbar: false, hide: { iOS: false, web: false } },
    features: [],
    signOnMode,
    credentials: { userNameTemplate: { template: '${source.login}', type: 'BUILT_IN' }, signing: {} },
    settings: { app: {}, notifications: { vpn: { network: { connection: 'DISABLED' }, message: null, helpUrl: null } } },
    ...app.rest,
    _links: {
      self: link(self),
      users: link(`${self}/users`),
      groups: link(`${self}/groups`),
      ...(status === 'ACTIVE' ? { deactivate: link(`${self}/lifecycle/deactivate`) } : { activate: link(`${self}/lifecycle/activate`) }),
    },
  };
}

export function appUserJson(origin: string, app: AppRecord, { user, scope, record, via }: AppUserView): object {
  return {
    id: user.id,
    externalId: null,
    created: record.created,
    lastUpdated: record.lastUpdated,
    scope,
    status: 'ACTIVE',
    statusChanged: record.created,
    passwordChanged: null,
    syncState: 'DISABLED',
    credentials: { userName: record.userName },
    profile: record.profile,
    _links: {
      app: link(`${origin}/api/v1/apps/${app.id}`),
      user: link(`${origin}/api/v1/users/${user.id}`),
      ...(via === undefined ? {} : { group: { name: via, href: `${origin}/api/v1/groups/${via}` } }),
    },
  };
}

export function appGroupJson(origin: string, app: AppRecord, groupId: string, record: AppGroupRecord): object {
  return {
    id: groupId,
    lastUpdated: record.lastUpdated,
    priority: record.priority,
    profile: record.profile,
    _links: {
      app: link(`${origin}/api/v1/apps/${app.id}`),
      self: link(`${origin}/api/v1/apps/${app.id}/groups/${groupId}`),
      group: link(`${origin}/api/v1/groups/${groupId}`),
    },
  };
}

export function ruleJson(origin: string, rule: RuleRecord): object {
  const { id, name, status, created, lastUpdated } = rule;
  return {
    type: 'group_rule',
    id,
    status,
    name,
    created,
    lastUpdated,
    conditions: {
      people: { users: { exclude: rule.excluded }, groups: { exclude: [] } },
      expression: { value: rule.expression, type: 'urn:okta:expression:1.0' },
    },
    actions: { assignUserToGroups: { groupIds: rule.groupIds } },
    _links: { self: link(`${origin}/api/v1/groups/rules/${id}`) },
  };
}
