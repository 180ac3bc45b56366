import { randomBytes } from 'node:crypto';

import { NO_CONTENT, type Answer, type Call, type JsonObject } from './call.ts';
import type { AppRoleAssignment, DirectoryObject } from './directory-object.ts';
import { badRequest, notFound, textOf, type Json } from './errors.ts';
import { contextOf, listCollection, nextLink } from './listing.ts';
import { presentAssignment, presentObject } from './present.ts';
import { readQuery } from './query-options.ts';
import { forRead, forWrite } from './resolve.ts';
import type { Kind } from './schema.ts';
import type { Tenant } from './tenant.ts';
import { objectBody } from './validate-properties.ts';

/** Stands for "the app, without a role" where an app has no roles for this kind of principal. */
const NO_ROLE = '00000000-0000-0000-0000-000000000000';
const DEFAULT_PAGE = 100;

export const listServicePrincipals = (tenant: Tenant, call: Call): Answer =>
  listCollection(tenant, call, 'servicePrincipal', readQuery(call, 'servicePrincipal'));

export function getServicePrincipal(tenant: Tenant, call: Call): Answer {
  const options = readQuery(call, 'servicePrincipal');
  const found = forRead(tenant, call, 'servicePrincipal');
  const shown = presentObject(call, { ...found, select: options.select });
  return { status: 200, body: { '@odata.context': `${contextOf(call, 'servicePrincipals', options.select)}/$entity`, ...shown } };
}

export function listAppRoles(tenant: Tenant, call: Call): Answer {
  const { version } = forRead(tenant, call, 'servicePrincipal');
  const context = `${call.root}/$metadata#servicePrincipals('${call.params['id']}')/appRoles`;
  return { status: 200, body: { '@odata.context': context, value: version.properties['appRoles'] ?? [] } };
}

/**
 * App roles of a principal. For a user the roles of the groups that it is directly in are shown too (user-list-approleassignments).
 */
export const listHeldRoles =
  (kind: Kind) =>
  (tenant: Tenant, call: Call): Answer => {
    const { object } = forRead(tenant, call, kind);
    const holders = kind === 'user' ? [object, ...tenant.directory.groupsSeen(object)] : [object];
    return listAssignments(
      tenant,
      call,
      holders.flatMap((holder) => holder.held ?? []),
    );
  };

/** Everyone who holds a role on this app. */
export function listGivenRoles(tenant: Tenant, call: Call): Answer {
  const { object } = forRead(tenant, call, 'servicePrincipal');
  return listAssignments(tenant, call, object.given ?? []);
}

function listAssignments(tenant: Tenant, call: Call, all: readonly AppRoleAssignment[]): Answer {
  const { top, skipToken } = readQuery(call, 'servicePrincipal');
  const size = top ?? DEFAULT_PAGE;
  const from = skipToken === undefined ? 0 : all.findIndex((assignment) => assignment.id === skipToken) + 1;
  const page = all.slice(from, from + size);
  const body: JsonObject = { '@odata.context': `${call.root}/$metadata#appRoleAssignments` };
  if (from + size < all.length) body['@odata.nextLink'] = nextLink(call, page.at(-1)!.id);
  body['value'] = page.filter((assignment) => tenant.directory.seesAssignment(assignment)).map(presentAssignment) as Json[];
  return { status: 200, body };
}

/** POST below a principal. */
export const giveRoleTo =
  (kind: Kind) =>
  (tenant: Tenant, call: Call): Answer => {
    const principal = forWrite(tenant, call, kind);
    const body = objectBody(call.body);
    if (body['principalId'] !== principal.id) throw badRequest('The principalId of the body does not match the principal of the request.');
    return give(tenant, call, { principal, resource: resourceOf(tenant, body), body });
  };

/** POST below the app. */
export function giveRoleOn(tenant: Tenant, call: Call): Answer {
  const resource = forWrite(tenant, call, 'servicePrincipal');
  const body = objectBody(call.body);
  if (body['resourceId'] !== resource.id)
    throw badRequest('The resourceId of the body does not match the service principal of the request.');
  const principal = tenant.directory.live(textOf(body['principalId']));
  if (!principal) throw notFound(textOf(body['principalId']));
  return give(tenant, call, { principal, resource, body });
}

function resourceOf(tenant: Tenant, body: JsonObject): DirectoryObject {
  const resource = tenant.directory.live(textOf(body['resourceId']), 'servicePrincipal');
  if (!resource) throw notFound(textOf(body['resourceId']));
  return resource;
}

interface Gift {
  principal: DirectoryObject;
  resource: DirectoryObject;
  body: JsonObject;
}

const MEMBER_TYPES: Record<Kind, string> = { user: 'User', group: 'User', servicePrincipal: 'Application' };

function give(tenant: Tenant, call: Call, { principal, resource, body }: Gift): Answer {
  const appRoleId = textOf(body['appRoleId']);
  const roles = (resource.current.properties['appRoles'] ?? []) as JsonObject[];
  const fitting = roles.filter(
    (role) => role['isEnabled'] !== false && (role['allowedMemberTypes'] as Json[]).includes(MEMBER_TYPES[principal.kind]),
  );
  const known = appRoleId === NO_ROLE ? fitting.length === 0 : fitting.some((role) => role['id'] === appRoleId);
  if (!known) throw badRequest('Permission being assigned was not found on application');
  if (principal.kind === 'group' && principal.current.properties['securityEnabled'] !== true) {
    throw badRequest('Only security-enabled groups can be assigned to an application.');
  }
  const there = principal.held?.some((held) => held.endedAt === undefined && held.resource === resource && held.appRoleId === appRoleId);
  if (there) throw badRequest('Permission being assigned already exists on the object');
  const id = randomBytes(32).toString('base64url');
  tenant.commitFor(call, { op: 'assign', id, principal: principal.id, resource: resource.id, appRoleId });
  const shown = presentAssignment(tenant.directory.assignments.get(id)!);
  return { status: 201, body: { '@odata.context': `${call.root}/$metadata#appRoleAssignments/$entity`, ...shown } };
}

/** DELETE below the principal or below the app. */
export const takeRole =
  (kind: Kind, side: 'principal' | 'resource') =>
  (tenant: Tenant, call: Call): Answer => {
    const object = forWrite(tenant, call, kind);
    const id = call.params['assignmentId']!;
    const assignment = tenant.directory.assignments.get(id);
    if (!assignment || assignment.endedAt !== undefined || assignment[side] !== object) throw notFound(id);
    tenant.commitFor(call, { op: 'unassign', id });
    return NO_CONTENT;
  };
