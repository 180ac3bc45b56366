import {
  getServicePrincipal,
  giveRoleOn,
  giveRoleTo,
  listAppRoles,
  listGivenRoles,
  listHeldRoles,
  listServicePrincipals,
  takeRole,
} from './app-roles.ts';
import { listDirectoryAudits } from './audit-queries.ts';
import type { Answer, Call } from './call.ts';
import { getByIds, getDeletedItem, getDirectoryObject, listDeletedItems, purgeDeletedItem, restoreDeletedItem } from './deleted-items.ts';
import { readDelta } from './delta.ts';
import * as groups from './groups.ts';
import { MAY, type Permission } from './permissions.ts';
import type { Kind } from './schema.ts';
import { listOrganizations, listSubscribedSkus } from './skus.ts';
import {
  createSubscription,
  deleteSubscription,
  getSubscription,
  listSubscriptions,
  reauthorizeSubscription,
  renewSubscription,
} from './subscription-operations.ts';
import type { Tenant } from './tenant.ts';
import * as users from './users.ts';

export type Handler = (tenant: Tenant, call: Call) => Answer;

/** One operation of Graph v1.0: its path below the version root, who may call it, what it costs, what it does. */
export interface Operation {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Segments; `:name` takes one segment. */
  path: string;
  /** Any one of these; empty: the handler judges. */
  needs: readonly Permission[];
  /** Resource units before what the query adds and takes off (throttling-limits). */
  units: number;
  handler: Handler;
  /** Counted by reporting limits instead of directory ones. */
  reporting?: boolean;
}

type Row = [method: Operation['method'], path: string, needs: readonly Permission[], units: number, handler: Handler];

const CASTS: readonly [string, Kind][] = [
  ['microsoft.graph.user', 'user'],
  ['microsoft.graph.group', 'group'],
  ['microsoft.graph.servicePrincipal', 'servicePrincipal'],
];

const USERS: Row[] = [
  ['GET', '/users', MAY.readUsers, 2, users.listUsers],
  ['POST', '/users', MAY.writeUsers, 1, users.createUser],
  ['GET', '/users/delta', MAY.readUsers, 2, readDelta('user')],
  ['GET', '/users/:id', MAY.readUsers, 1, users.getUser],
  ['PATCH', '/users/:id', MAY.enableUsers, 1, users.updateUser],
  ['DELETE', '/users/:id', MAY.deleteUsers, 1, users.deleteUser],
  ['GET', '/users/:id/manager', MAY.readUsers, 1, users.getManager],
  ['GET', '/users/:id/manager/$ref', MAY.readUsers, 1, users.getManagerReference],
  ['PUT', '/users/:id/manager/$ref', MAY.writeUsers, 1, users.setManager],
  ['DELETE', '/users/:id/manager/$ref', MAY.writeUsers, 1, users.removeManager],
  ['GET', '/users/:id/directReports', MAY.readUsers, 1, users.listDirectReports],
  ['GET', '/users/:id/memberOf', MAY.readMemberships, 2, groups.listMemberOf('user')],
  ['GET', '/users/:id/memberOf/microsoft.graph.group', MAY.readMemberships, 2, groups.listMemberOf('user', 'group')],
  ['GET', '/users/:id/transitiveMemberOf', MAY.readMemberships, 5, groups.listTransitiveMemberOf('user')],
  ['GET', '/users/:id/transitiveMemberOf/microsoft.graph.group', MAY.readMemberships, 5, groups.listTransitiveMemberOf('user', 'group')],
  ['POST', '/users/:id/getMemberGroups', MAY.readMemberships, 2, groups.getMemberGroups],
  ['POST', '/users/:id/revokeSignInSessions', MAY.revokeSessions, 1, users.revokeSignInSessions],
];

const GROUPS: Row[] = [
  ['GET', '/groups', MAY.readGroups, 2, groups.listGroups],
  ['POST', '/groups', MAY.createGroups, 1, groups.createGroup],
  ['GET', '/groups/delta', MAY.readGroups, 2, readDelta('group')],
  ['GET', '/groups/:id', MAY.readGroups, 1, groups.getGroup],
  ['PATCH', '/groups/:id', MAY.writeMembers, 1, groups.updateGroup],
  ['DELETE', '/groups/:id', MAY.writeGroups, 1, groups.deleteGroup],
  ['GET', '/groups/:id/members', MAY.readGroups, 3, groups.listMembers()],
  ['POST', '/groups/:id/members/$ref', MAY.writeMembers, 1, groups.addMember],
  ['DELETE', '/groups/:id/members/:memberId/$ref', MAY.writeMembers, 1, groups.removeMember],
  ['GET', '/groups/:id/transitiveMembers', MAY.readGroups, 5, groups.listTransitiveMembers()],
  ['GET', '/groups/:id/memberOf', MAY.readGroups, 2, groups.listMemberOf('group')],
  ['GET', '/groups/:id/transitiveMemberOf', MAY.readGroups, 5, groups.listTransitiveMemberOf('group')],
  ['GET', '/groups/:id/owners', MAY.readGroups, 2, groups.listOwners],
  ['POST', '/groups/:id/owners/$ref', MAY.writeGroups, 1, groups.addOwner],
  ['DELETE', '/groups/:id/owners/:memberId/$ref', MAY.writeGroups, 1, groups.removeOwner],
  ...CASTS.map(([name, kind]): Row => ['GET', `/groups/:id/members/${name}`, MAY.readGroups, 3, groups.listMembers(kind)]),
  ...CASTS.map(([name, kind]): Row => [
    'GET',
    `/groups/:id/transitiveMembers/${name}`,
    MAY.readGroups,
    5,
    groups.listTransitiveMembers(kind),
  ]),
];

const HOLDERS: readonly [string, Kind][] = [
  ['users', 'user'],
  ['groups', 'group'],
];

const APPS: Row[] = [
  ['GET', '/servicePrincipals', MAY.readApplications, 1, listServicePrincipals],
  ['GET', '/servicePrincipals/delta', MAY.readApplications, 1, readDelta('servicePrincipal')],
  ['GET', '/servicePrincipals/:id', MAY.readApplications, 1, getServicePrincipal],
  ['GET', '/servicePrincipals/:id/appRoles', MAY.readApplications, 1, listAppRoles],
  ['GET', '/servicePrincipals/:id/appRoleAssignedTo', MAY.readApplications, 2, listGivenRoles],
  ['POST', '/servicePrincipals/:id/appRoleAssignedTo', MAY.writeAppRoles, 2, giveRoleOn],
  ['DELETE', '/servicePrincipals/:id/appRoleAssignedTo/:assignmentId', MAY.writeAppRoles, 2, takeRole('servicePrincipal', 'resource')],
  ...HOLDERS.flatMap(([collection, kind]): Row[] => [
    ['GET', `/${collection}/:id/appRoleAssignments`, [...MAY.readApplications, ...MAY.writeAppRoles], 2, listHeldRoles(kind)],
    ['POST', `/${collection}/:id/appRoleAssignments`, MAY.writeAppRoles, 2, giveRoleTo(kind)],
    ['DELETE', `/${collection}/:id/appRoleAssignments/:assignmentId`, MAY.writeAppRoles, 2, takeRole(kind, 'principal')],
  ]),
];

const DIRECTORY: Row[] = [
  ['GET', '/directory/deletedItems/microsoft.graph.user', MAY.readProfiles, 1, listDeletedItems('user')],
  ['GET', '/directory/deletedItems/microsoft.graph.group', MAY.readGroups, 1, listDeletedItems('group')],
  ['GET', '/directory/deletedItems/:id', MAY.anything, 1, getDeletedItem],
  ['POST', '/directory/deletedItems/:id/restore', MAY.anything, 1, restoreDeletedItem],
  ['DELETE', '/directory/deletedItems/:id', MAY.anything, 1, purgeDeletedItem],
  ['POST', '/directoryObjects/getByIds', [...MAY.readUsers, ...MAY.readGroups], 3, getByIds],
  ['GET', '/directoryObjects/:id', [...MAY.readUsers, ...MAY.readGroups], 1, getDirectoryObject],
  ['GET', '/subscribedSkus', MAY.readSkus, 3, listSubscribedSkus],
  ['GET', '/organization', [...MAY.readSkus, ...MAY.readUsers], 1, listOrganizations],
];

/** The handler judges: it depends on the resource. */
const SUBSCRIPTIONS: Row[] = [
  ['GET', '/subscriptions', MAY.anything, 1, listSubscriptions],
  ['POST', '/subscriptions', MAY.anything, 1, createSubscription],
  ['GET', '/subscriptions/:id', MAY.anything, 1, getSubscription],
  ['PATCH', '/subscriptions/:id', MAY.anything, 1, renewSubscription],
  ['DELETE', '/subscriptions/:id', MAY.anything, 1, deleteSubscription],
  ['POST', '/subscriptions/:id/reauthorize', MAY.anything, 1, reauthorizeSubscription],
];

const REPORTS: Row[] = [['GET', '/auditLogs/directoryAudits', MAY.readAudits, 1, listDirectoryAudits]];

const asOperation = ([method, path, needs, units, handler]: Row): Operation => ({ method, path, needs, units, handler });

/** Everything that the sandbox plays of Graph v1.0 except `$batch`. */
export const OPERATIONS: readonly Operation[] = [
  ...[...USERS, ...GROUPS, ...APPS, ...DIRECTORY, ...SUBSCRIPTIONS].map(asOperation),
  ...REPORTS.map((row) => ({ ...asOperation(row), reporting: true })),
];
