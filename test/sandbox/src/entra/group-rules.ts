import type { Call, JsonObject } from './call.ts';
import { holdsAny } from './call.ts';
import type { DirectoryObject } from './directory-object.ts';
import {
  alreadyReferenced,
  badRequest,
  conflict,
  denied,
  invalidValue,
  onPremisesMastered,
  textOf,
  valueRequired,
  type Json,
} from './errors.ts';
import { MAY } from './permissions.ts';
import { resolveReference } from './resolve.ts';
import type { Tenant } from './tenant.ts';
import { validateProperties, type Properties } from './validate-properties.ts';

/** group-post-members: at most this many references in one PATCH. */
const MOST_BOUND = 20;
const REQUIRED = ['displayName', 'mailEnabled', 'mailNickname', 'securityEnabled'];
const KNOWN_TYPES = new Set(['Unified', 'DynamicMembership']);

const typesOf = (properties: Readonly<Record<string, Json>>) => (properties['groupTypes'] ?? []) as Json[];

export const isDynamic = (group: DirectoryObject) => typesOf(group.current.properties).includes('DynamicMembership');
export const isUnified = (group: DirectoryObject) => typesOf(group.current.properties).includes('Unified');
const isRoleAssignable = (group: DirectoryObject) => group.current.properties['isAssignableToRole'] === true;
const isExchangeOwned = (group: DirectoryObject) => group.current.properties['mailEnabled'] === true && !isUnified(group);

export function judgeNewGroup(tenant: Tenant, call: Call, body: JsonObject): Properties {
  const properties = validateProperties('group', body, 'create');
  for (const name of REQUIRED) {
    if (properties[name] === undefined) throw valueRequired(name, 'Group');
  }
  const types = typesOf(properties);
  if (types.some((type) => !KNOWN_TYPES.has(textOf(type)))) throw invalidValue('groupTypes', 'Group');
  if (types.includes('DynamicMembership') && !properties['membershipRule']) throw valueRequired('membershipRule', 'Group');
  if (properties['mailEnabled'] === true && !types.includes('Unified')) {
    throw badRequest(
      'The service does not currently support writes of mail-enabled groups. Please ensure that the mail-enablement property is unset and the security-enablement property is set.',
    );
  }
  if (properties['isAssignableToRole'] === true && !holdsAny(call.caller, MAY.writeRoleAssignable)) throw denied();
  judgeNames(tenant, properties);
  return properties;
}

export function judgeGroupUpdate(tenant: Tenant, call: Call, { object, body }: { object: DirectoryObject; body: JsonObject }): Properties {
  const properties = validateProperties('group', body, 'update');
  if (Object.keys(properties).length === 0) return properties;
  if (!holdsAny(call.caller, MAY.writeGroups)) throw denied();
  judgeWritable(call, object);
  judgeNames(tenant, properties, object);
  return properties;
}

function judgeNames(tenant: Tenant, properties: Properties, self?: DirectoryObject): void {
  const nickname = properties['mailNickname'];
  if (nickname !== undefined && !/^[^@()\\[\]";:<>, ]{1,64}$/.test(textOf(nickname))) throw invalidValue('mailNickname', 'Group');
  const uniqueName = properties['uniqueName'];
  const holder = typeof uniqueName === 'string' ? tenant.directory.holder('group', 'uniqueName', uniqueName) : undefined;
  if (holder && holder !== self) throw conflict('uniqueName');
}

/** Refuses writes to groups that Graph does not write: synchronised, Exchange's, role-assignable without the permission. */
export function judgeWritable(call: Call, group: DirectoryObject): void {
  if (group.current.properties['onPremisesSyncEnabled'] === true) throw onPremisesMastered();
  if (isExchangeOwned(group)) throw badRequest('Cannot Update a mail-enabled security groups and or distribution list.');
  if (isRoleAssignable(group) && !holdsAny(call.caller, MAY.writeRoleAssignable)) throw denied();
}

/** As `judgeWritable`, and refuses groups whose members a rule makes. */
export function judgeMembersWritable(call: Call, group: DirectoryObject): void {
  judgeWritable(call, group);
  if (isDynamic(group))
    throw badRequest('Unable to update the members of a group whose membership is dynamic: change the membership rule instead.');
}

/** Whether this object may become a member at all. */
export function judgeNewMember(group: DirectoryObject, member: DirectoryObject): void {
  if (group.members?.has(member)) throw alreadyReferenced('members');
  if (member === group) throw badRequest('A group cannot be added as a member of itself.');
  if (isUnified(group) && member.kind !== 'user') throw badRequest('Only users may be members of a group of type Unified.');
  if (isRoleAssignable(group) && member.kind === 'group')
    throw badRequest('Nesting is currently not supported for groups that can be assigned to a role.');
}

/**
 * The new members that a body binds, judged all before any is added: one that is absent, there already or named twice refuses the
 * whole request.
 */
export function boundMembers(tenant: Tenant, group: DirectoryObject | undefined, body: JsonObject): DirectoryObject[] {
  const members = boundObjects(tenant, body, 'members@odata.bind');
  if (new Set(members).size < members.length) throw alreadyReferenced('members');
  if (group) for (const member of members) judgeNewMember(group, member);
  return members;
}

/** The objects that a `…@odata.bind` names. */
export function boundObjects(tenant: Tenant, body: JsonObject, name: string): DirectoryObject[] {
  const references = body[name];
  if (references === undefined) return [];
  if (!Array.isArray(references)) throw badRequest(`The value of '${name}' must be a collection of references.`);
  if (references.length > MOST_BOUND) {
    throw badRequest(`The number of references in '${name}' exceeds the limit of ${MOST_BOUND} in a single request.`);
  }
  return references.map((reference) => resolveReference(tenant, reference));
}
