import { invalid, isRecord, malformed, need, notFound } from './errors.ts';
import type { Org } from './org.ts';
import type { AppRecord, AppUserRecord, UserRecord } from './records.ts';
import type { Deed } from './system-log.ts';
import { appTarget, appUserTarget, groupTarget, loginOf, userTarget } from './targets.ts';

export const findApp = (org: Org, id: string): AppRecord => need(org.apps.get(id), id, 'AppInstance');
export const viewApp = (org: Org, id: string): AppRecord => need(org.apps.view(id, 'id'), id, 'AppInstance');

const OWN_FIELDS = new Set(['id', 'name', 'label', 'status', 'signOnMode', 'created', 'lastUpdated', '_links', '_embedded']);

export function createApp(org: Org, deed: Deed, body: Record<string, unknown>, active: boolean): AppRecord {
  const { label, signOnMode } = body;
  if (typeof label !== 'string' || label === '') throw invalid('label', 'label: The field cannot be left blank');
  if (typeof signOnMode !== 'string') throw invalid('signOnMode', 'signOnMode: The field cannot be left blank');
  const id = org.newId('0oa');
  const now = org.now();
  const app: AppRecord = {
    id,
    name: typeof body['name'] === 'string' ? body['name'] : label.toLowerCase().replaceAll(/\W+/g, '_'),
    label,
    status: active ? 'ACTIVE' : 'INACTIVE',
    signOnMode,
    created: now,
    lastUpdated: now,
    rest: restOf(body),
  };
  org.apps.put(id, app);
  org.log.write(deed, 'application.lifecycle.create', [appTarget(app)]);
  return app;
}

const restOf = (body: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(body).filter(([name]) => !OWN_FIELDS.has(name)));

export function replaceApp(org: Org, deed: Deed, app: AppRecord, body: Record<string, unknown>): AppRecord {
  if (typeof body['label'] !== 'string') throw invalid('label', 'label: The field cannot be left blank');
  const after = { ...app, label: body['label'], rest: restOf(body), lastUpdated: org.now() };
  org.apps.put(app.id, after);
  org.log.write(deed, 'application.lifecycle.update', [appTarget(after)]);
  return after;
}

export function setAppStatus(org: Org, deed: Deed, app: AppRecord, status: AppRecord['status']): void {
  if (app.status === status) return;
  org.apps.put(app.id, { ...app, status, lastUpdated: org.now() });
  org.log.write(deed, status === 'ACTIVE' ? 'application.lifecycle.activate' : 'application.lifecycle.deactivate', [appTarget(app)]);
}

/** Only an inactive app can be deleted. */
export function deleteApp(org: Org, deed: Deed, app: AppRecord): void {
  if (app.status === 'ACTIVE') throw invalid('app', 'The application must be deactivated before it is deleted');
  for (const user of org.appUsers.of(app.id).keys()) org.appUsers.delete(app.id, user);
  for (const group of org.appGroups.of(app.id).keys()) org.appGroups.delete(app.id, group);
  org.apps.delete(app.id);
  org.log.write(deed, 'application.lifecycle.delete', [appTarget(app)]);
}

export interface AppUserView {
  user: UserRecord;
  scope: 'USER' | 'GROUP';
  record: AppUserRecord;
  /** The group that the assignment comes from. */
  via?: string;
}

/** A user's assignment to an app, own or by group, as a lagging read sees it. */
export function viewAppUser(org: Org, app: AppRecord, user: UserRecord): AppUserView | undefined {
  const own = org.appUsers.view(app.id, user.id, 'membership');
  if (own) return { user, scope: 'USER', record: own };
  for (const [groupId, assignment] of org.appGroups.viewOf(app.id, 'membership')) {
    if (groupId !== org.everyone && org.members.view(groupId, user.id, 'membership') === undefined) continue;
    const record = {
      created: assignment.lastUpdated,
      lastUpdated: assignment.lastUpdated,
      userName: loginOf(user),
      profile: assignment.profile,
    };
    return { user, scope: 'GROUP', record, via: groupId };
  }
  return undefined;
}

/** Ids of all who hold the app after an id, sorted. */
export function appUserIds(org: Org, app: AppRecord, after: string): string[] {
  const ids = new Set(org.appUsers.viewOf(app.id, 'membership').map(([id]) => id));
  for (const [groupId] of org.appGroups.viewOf(app.id, 'membership')) {
    if (groupId === org.everyone) for (const [id] of org.users.scan('membership', after)) ids.add(id);
    else for (const [id] of org.members.viewOf(groupId, 'membership')) ids.add(id);
  }
  return [...ids].filter((id) => id > after).sort();
}

/** Assigns the app to the person as an own assignment; one that is there already, or that comes from a group, becomes or stays that. */
export function assignUser(org: Org, deed: Deed, app: AppRecord, user: UserRecord, body: Record<string, unknown>): AppUserView {
  refuseInactive(app);
  if (user.status === 'DEPROVISIONED') throw invalid('assignment', 'user: A deactivated user cannot be assigned to an application');
  const before = org.appUsers.get(app.id, user.id);
  const now = org.now();
  const profile = assignmentProfile(app, body['profile'], before?.profile);
  const credentials = isRecord(body['credentials']) ? body['credentials'] : {};
  const userName = typeof credentials['userName'] === 'string' ? credentials['userName'] : (before?.userName ?? loginOf(user));
  const record = { created: before?.created ?? now, lastUpdated: now, userName, profile };
  org.appUsers.put(app.id, user.id, record);
  org.log.write(deed, before ? 'application.user_membership.update' : 'application.user_membership.add', [
    appUserTarget(user),
    appTarget(app),
    userTarget(user),
  ]);
  return { user, scope: 'USER', record };
}

function assignmentProfile(app: AppRecord, given: unknown, before: AppUserRecord['profile'] = {}): AppUserRecord['profile'] {
  if (given === undefined || given === null) return before;
  if (!isRecord(given)) throw malformed();
  const known = isRecord(app.rest['appUserSchema']) ? app.rest['appUserSchema'] : {};
  const causes = Object.keys(given).flatMap((name) => (name in known ? [] : [`Property '${name}' not found`]));
  if (causes.length > 0) throw invalid('assignment', ...causes);
  return { ...before, ...given };
}

const refuseInactive = (app: AppRecord): void => {
  if (app.status === 'INACTIVE') throw invalid('app', 'The application is not active');
};

export function unassignUser(org: Org, deed: Deed, app: AppRecord, user: UserRecord): void {
  if (!org.appUsers.delete(app.id, user.id)) {
    if (viewAppUser(org, app, user)) throw invalid('assignment', 'The assignment comes from a group and cannot be removed from the user');
    throw notFound(user.id, 'AppUser');
  }
  org.log.write(deed, 'application.user_membership.remove', [appUserTarget(user), appTarget(app), userTarget(user)]);
}

/** PUT: sets the assignment, new or not. */
export function assignGroup(org: Org, deed: Deed, app: AppRecord, groupId: string, body: Record<string, unknown>): void {
  refuseInactive(app);
  const group = need(org.groups.get(groupId), groupId, 'UserGroup');
  const before = org.appGroups.get(app.id, groupId);
  const priority = typeof body['priority'] === 'number' ? body['priority'] : (before?.priority ?? org.appGroups.of(app.id).size);
  const profile = assignmentProfile(app, body['profile'], before?.profile);
  if (before && before.priority === priority && JSON.stringify(before.profile) === JSON.stringify(profile)) return;
  org.appGroups.put(app.id, groupId, { lastUpdated: org.now(), priority, profile });
  org.log.write(deed, before ? 'group.application_assignment.update' : 'group.application_assignment.add', [
    groupTarget(group),
    appTarget(app),
  ]);
}

export function unassignGroup(org: Org, deed: Deed, app: AppRecord, groupId: string): void {
  const group = need(org.groups.get(groupId), groupId, 'UserGroup');
  if (!org.appGroups.delete(app.id, groupId)) throw notFound(groupId, 'ApplicationGroupAssignment');
  org.log.write(deed, 'group.application_assignment.remove', [groupTarget(group), appTarget(app)]);
}
