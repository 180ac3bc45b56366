import type { Call, JsonObject } from './call.ts';
import { holdsAny } from './call.ts';
import type { AppRoleAssignment, DirectoryObject, Version } from './directory-object.ts';
import type { Json } from './errors.ts';
import { MAY } from './permissions.ts';
import type { Expansion } from './query-options.ts';
import { emptyOf, ODATA_TYPES, SCHEMAS, SHOWN_NAMES, type Kind, type PropertySpec } from './schema.ts';
import type { Tenant } from './tenant.ts';

/** How much of an object a caller's permissions show. */
type Sight = 'full' | 'basic' | 'nothing';

const BASIC_NAMES = new Set(['id', 'displayName', 'givenName', 'surname', 'userPrincipalName', 'mail']);
const LEAVE_DATE = 'employeeLeaveDateTime';

function sightOf(call: Call, kind: Kind): Sight {
  if (kind === 'user') {
    if (holdsAny(call.caller, MAY.readProfiles)) return 'full';
    return call.caller.permissions.has('User.ReadBasic.All') ? 'basic' : 'nothing';
  }
  return holdsAny(call.caller, kind === 'group' ? MAY.readGroups : MAY.readApplications) ? 'full' : 'nothing';
}

interface Presentation {
  object: DirectoryObject;
  version: Version;
  select?: readonly string[] | undefined;
  /** With `@odata.type`, as in lists of mixed kinds. */
  typed?: boolean;
}

/**
 * An object as Graph shows it to this caller: the selected names, else the default ones; what is not set is null or an empty list;
 * what the token's permissions do not cover is null, without an error.
 */
export function presentObject(call: Call, { object, version, select, typed }: Presentation): JsonObject {
  const shown: JsonObject = typed ? { '@odata.type': ODATA_TYPES[object.kind] } : {};
  const sight = sightOf(call, object.kind);
  const schema = SCHEMAS[object.kind];
  for (const name of select ?? SHOWN_NAMES[object.kind]) {
    shown[name] = mayRead(call, sight, name) ? valueOf(object, version, { name, spec: schema.get(name) }) : null;
  }
  if (call.plays('unknown-property')) drift(shown, object.kind);
  return shown;
}

function mayRead(call: Call, sight: Sight, name: string): boolean {
  if (name === 'id') return true;
  if (name === LEAVE_DATE) return sight === 'full' && holdsAny(call.caller, MAY.readLeaveDates);
  return sight === 'full' || (sight === 'basic' && BASIC_NAMES.has(name));
}

function valueOf(object: DirectoryObject, version: Version, { name, spec }: { name: string; spec: PropertySpec | undefined }): Json {
  if (name === 'id') return object.id;
  if (spec?.secret) return null;
  if (name === 'deletedDateTime') return version.deletedAt === undefined ? null : new Date(version.deletedAt).toISOString();
  const value = version.properties[name];
  if (value === undefined) return emptyOf(spec);
  return spec?.members ? wholeComplex(value, spec.members) : value;
}

/** A complex value names all its members, null where unset. */
function wholeComplex(value: Json, members: readonly string[]): Json {
  const given = value as JsonObject;
  return Object.fromEntries(members.map((member) => [member, given[member] ?? null]));
}

function drift(shown: JsonObject, kind: Kind): void {
  shown['agentProfile@preview'] = { mode: 'unknownFutureValue' };
  if (kind === 'user' && 'userType' in shown) shown['userType'] = 'unknownFutureValue';
}

/** Adds what `$expand` asks for to an object already shown. */
export function presentExpansions(
  tenant: Tenant,
  call: Call,
  of: Presentation & { shown: JsonObject },
  expansions: readonly Expansion[],
): void {
  for (const expansion of expansions) {
    const related = relatedOf(tenant, call, of, expansion.name);
    const items = related.map(({ object, version }) => presentObject(call, { object, version, select: expansion.select, typed: true }));
    if (expansion.name === 'manager') {
      if (items[0]) of.shown['manager'] = items[0];
    } else of.shown[expansion.name] = items.slice(0, MOST_EXPANDED);
  }
}

/** Graph expands at most twenty objects of a relation (query-parameters, $expand). */
const MOST_EXPANDED = 20;

function relatedOf(tenant: Tenant, call: Call, { object, version }: Presentation, name: string) {
  switch (name) {
    case 'manager':
      return visible(tenant, version.manager ? [version.manager] : []);
    case 'directReports':
      return visible(tenant, [...(object.reports ?? [])]);
    case 'memberOf':
      return visible(tenant, groupsShown(tenant, call, object));
    case 'members':
      return visible(tenant, membersShown(tenant, call, object));
    default:
      return visible(tenant, object.owners ?? []);
  }
}

/** Objects with the version that lists show, without those that it shows as absent. */
export function visible(tenant: Tenant, objects: readonly DirectoryObject[]): { object: DirectoryObject; version: Version }[] {
  const shown = [];
  for (const object of objects) {
    const version = tenant.directory.seenLive(object, 'list');
    if (version) shown.push({ object, version });
  }
  return shown;
}

/** Whether the group's members are kept from this caller. */
export const hidesMembersFrom = (call: Call, group: DirectoryObject) =>
  hidesMembers(group) && !holdsAny(call.caller, MAY.readHiddenMembers);

const hidesMembers = (group: DirectoryObject) => group.current.properties['visibility'] === 'HiddenMembership';

/** Members that the caller is shown: none of a group with hidden membership without Member.Read.Hidden. */
export function membersShown(tenant: Tenant, call: Call, group: DirectoryObject): DirectoryObject[] {
  return hidesMembersFrom(call, group) ? [] : tenant.directory.membersSeen(group);
}

/** Groups of an object that the caller is shown. */
export function groupsShown(tenant: Tenant, call: Call, object: DirectoryObject): DirectoryObject[] {
  const groups = tenant.directory.groupsSeen(object);
  return holdsAny(call.caller, MAY.readHiddenMembers) ? groups : groups.filter((group) => !hidesMembers(group));
}

const PRINCIPAL_TYPES: Record<Kind, string> = { user: 'User', group: 'Group', servicePrincipal: 'ServicePrincipal' };

/** An app role assignment as Graph shows it. */
export function presentAssignment(assignment: AppRoleAssignment): JsonObject {
  return {
    id: assignment.id,
    deletedDateTime: null,
    appRoleId: assignment.appRoleId,
    createdDateTime: new Date(assignment.createdAt).toISOString(),
    principalDisplayName: assignment.principal.current.properties['displayName'] ?? null,
    principalId: assignment.principal.id,
    principalType: PRINCIPAL_TYPES[assignment.principal.kind],
    resourceDisplayName: assignment.resource.current.properties['displayName'] ?? null,
    resourceId: assignment.resource.id,
  };
}
