import { randomUUID } from 'node:crypto';

import { holdsAny, NO_CONTENT, type Answer, type Call } from './call.ts';
import type { DirectoryObject } from './directory-object.ts';
import { alreadyReferenced, badRequest, denied, notFound, textOf } from './errors.ts';
import {
  boundMembers,
  boundObjects,
  isUnified,
  judgeGroupUpdate,
  judgeMembersWritable,
  judgeNewGroup,
  judgeNewMember,
  judgeWritable,
} from './group-rules.ts';
import { contextOf, listCollection, listObjects } from './listing.ts';
import { MAY } from './permissions.ts';
import { groupsShown, membersShown, presentExpansions, presentObject } from './present.ts';
import { readQuery } from './query-options.ts';
import { forRead, forWrite, referenceOf, resolve } from './resolve.ts';
import type { Kind } from './schema.ts';
import type { Tenant } from './tenant.ts';
import { emptyPayload, objectBody } from './validate-properties.ts';

export const listGroups = (tenant: Tenant, call: Call): Answer => listCollection(tenant, call, 'group', readQuery(call, 'group'));

export function getGroup(tenant: Tenant, call: Call): Answer {
  const options = readQuery(call, 'group');
  const found = forRead(tenant, call, 'group');
  const shown = presentObject(call, { ...found, select: options.select });
  if (options.expand.length > 0) presentExpansions(tenant, call, { ...found, shown }, options.expand);
  return { status: 200, body: { '@odata.context': `${contextOf(call, 'groups', options.select)}/$entity`, ...shown } };
}

export function createGroup(tenant: Tenant, call: Call): Answer {
  const body = objectBody(call.body);
  const properties = judgeNewGroup(tenant, call, body);
  const members = boundMembers(tenant, undefined, body);
  const owners = boundObjects(tenant, body, 'owners@odata.bind');
  const id = randomUUID();
  const at = tenant.timestamp();
  const unified = Array.isArray(properties['groupTypes']) && properties['groupTypes'].includes('Unified');
  const mail = unified ? `${textOf(properties['mailNickname'])}@${tenant.settings.domains[0]}` : null;
  tenant.commitFor(call, {
    op: 'create',
    kind: 'group',
    id,
    properties: {
      groupTypes: [],
      visibility: unified ? 'Public' : null,
      ...properties,
      mail,
      proxyAddresses: mail === null ? [] : [`SMTP:${mail}`],
      createdDateTime: at,
      renewedDateTime: at,
    },
  });
  if (members.length > 0) tenant.commitFor(call, { op: 'join', id, members: members.map((member) => member.id) });
  for (const owner of owners) tenant.commitFor(call, { op: 'own', id, owner: owner.id });
  const object = tenant.directory.find(id)!;
  const shown = presentObject(call, { object, version: object.current });
  const location = `${call.root}/${tenant.settings.tenantId}/directoryObjects/${id}/Microsoft.DirectoryServices.Group`;
  return { status: 201, headers: { Location: location }, body: { '@odata.context': `${contextOf(call, 'groups')}/$entity`, ...shown } };
}

/** Properties and `members@odata.bind` of one PATCH take effect together or not at all. */
export function updateGroup(tenant: Tenant, call: Call): Answer {
  const body = objectBody(call.body);
  const object = forWrite(tenant, call, 'group');
  const properties = judgeGroupUpdate(tenant, call, { object, body });
  const binds = 'members@odata.bind' in body;
  if (binds && !holdsAny(call.caller, MAY.writeMembers)) throw denied();
  if (binds) judgeMembersWritable(call, object);
  const members = boundMembers(tenant, object, body);
  if (Object.keys(properties).length === 0 && members.length === 0) throw emptyPayload();
  if (Object.keys(properties).length > 0) tenant.commitFor(call, { op: 'update', id: object.id, properties });
  if (members.length > 0) tenant.commitFor(call, { op: 'join', id: object.id, members: members.map((member) => member.id) });
  return NO_CONTENT;
}

/** Microsoft 365 and cloud security groups are kept for thirty days; the rest is gone at once. */
export function deleteGroup(tenant: Tenant, call: Call): Answer {
  const object = forWrite(tenant, call, 'group');
  judgeWritable(call, object);
  const soft = isUnified(object) || object.current.properties['mailEnabled'] !== true;
  tenant.commitFor(call, { op: 'delete', id: object.id, soft });
  return NO_CONTENT;
}

/** `/groups/{id}/members`, with or without a cast to one kind. */
export const listMembers =
  (cast?: Kind) =>
  (tenant: Tenant, call: Call): Answer => {
    const { object } = forRead(tenant, call, 'group');
    return listRelated(tenant, call, membersShown(tenant, call, object), cast);
  };

export const listTransitiveMembers =
  (cast?: Kind) =>
  (tenant: Tenant, call: Call): Answer => {
    const { object } = forRead(tenant, call, 'group');
    return listRelated(
      tenant,
      call,
      closure(object, (group) => membersShown(tenant, call, group)),
      cast,
    );
  };

/** `/users/{id}/memberOf` and the like. */
export const listMemberOf =
  (kind: Kind, cast?: Kind) =>
  (tenant: Tenant, call: Call): Answer => {
    const { object } = forRead(tenant, call, kind);
    return listRelated(tenant, call, groupsShown(tenant, call, object), cast ?? 'group');
  };

export const listTransitiveMemberOf =
  (kind: Kind, cast?: Kind) =>
  (tenant: Tenant, call: Call): Answer => {
    const { object } = forRead(tenant, call, kind);
    return listRelated(
      tenant,
      call,
      closure(object, (inner) => groupsShown(tenant, call, inner)),
      cast ?? 'group',
    );
  };

function listRelated(tenant: Tenant, call: Call, objects: readonly DirectoryObject[], cast: Kind | undefined): Answer {
  const kept = cast === undefined ? objects : objects.filter((object) => object.kind === cast);
  return listObjects(tenant, call, { objects: kept, options: readQuery(call, cast ?? 'user'), kind: cast ?? 'user', typed: true });
}

/** Everything reachable, the start excluded, each once. */
function closure(start: DirectoryObject, next: (object: DirectoryObject) => readonly DirectoryObject[]): DirectoryObject[] {
  const seen = new Set<DirectoryObject>();
  const open = [start];
  for (let object = open.pop(); object; object = open.pop()) {
    for (const other of next(object)) {
      if (seen.has(other) || other === start) continue;
      seen.add(other);
      open.push(other);
    }
  }
  return [...seen];
}

export function addMember(tenant: Tenant, call: Call): Answer {
  const group = forWrite(tenant, call, 'group');
  judgeMembersWritable(call, group);
  const member = referenceOf(tenant, call.body);
  judgeNewMember(group, member);
  tenant.commitFor(call, { op: 'join', id: group.id, members: [member.id] });
  return NO_CONTENT;
}

export function removeMember(tenant: Tenant, call: Call): Answer {
  const group = forWrite(tenant, call, 'group');
  judgeMembersWritable(call, group);
  const memberId = call.params['memberId']!.toLowerCase();
  const member = tenant.directory.find(memberId);
  if (!member || !group.members?.has(member)) throw notFound(memberId);
  tenant.commitFor(call, { op: 'leave', id: group.id, members: [member.id] });
  return NO_CONTENT;
}

export function listOwners(tenant: Tenant, call: Call): Answer {
  const { object } = forRead(tenant, call, 'group');
  return listRelated(tenant, call, object.owners ?? [], undefined);
}

export function addOwner(tenant: Tenant, call: Call): Answer {
  const group = forWrite(tenant, call, 'group');
  judgeWritable(call, group);
  const owner = referenceOf(tenant, call.body);
  if (owner.kind === 'group') throw badRequest('A group cannot own a group.');
  if (group.owners?.includes(owner)) throw alreadyReferenced('owners');
  tenant.commitFor(call, { op: 'own', id: group.id, owner: owner.id });
  return NO_CONTENT;
}

export function removeOwner(tenant: Tenant, call: Call): Answer {
  const group = forWrite(tenant, call, 'group');
  judgeWritable(call, group);
  const ownerId = call.params['memberId']!.toLowerCase();
  if (!group.owners?.some((owner) => owner.id === ownerId)) throw notFound(ownerId);
  tenant.commitFor(call, { op: 'own', id: group.id, owner: ownerId, remove: true });
  return NO_CONTENT;
}

/** `/users/{id}/getMemberGroups`: the ids of all groups, nested ones included. */
export function getMemberGroups(tenant: Tenant, call: Call): Answer {
  const { object } = resolve(tenant, 'user', call.params['id']!, 'object');
  const { securityEnabledOnly } = objectBody(call.body);
  const groups = closure(object, (inner) => groupsShown(tenant, call, inner));
  const kept = securityEnabledOnly === true ? groups.filter((group) => group.current.properties['securityEnabled'] === true) : groups;
  return { status: 200, body: { '@odata.context': `${call.root}/$metadata#Collection(Edm.String)`, value: kept.map((group) => group.id) } };
}
