import type { Change } from './change-log.ts';
import type { Directory } from './directory.ts';
import { DirectoryObject, type AppRoleAssignment, type Properties, type Version } from './directory-object.ts';
import type { Json } from './errors.ts';
import type { Cause, Mutation, MutationOf } from './mutation.ts';

/** What an audit entry says of a changed property. */
export interface ModifiedProperty {
  name: string;
  before: Json;
  after: Json;
}

/** The outcome of a mutation, as far as the audit log wants it. */
export interface Applied {
  modified?: ModifiedProperty[];
}

/**
 * Applies a mutation that has been judged already. What does not fit (an unknown id in an old log) is skipped, so that replaying
 * never throws.
 */
export function applyMutation(directory: Directory, mutation: Mutation): Applied {
  if (mutation.op === 'create') return create(directory, mutation);
  if (mutation.op === 'assign') return assign(directory, mutation);
  if (mutation.op === 'unassign') return unassign(directory, mutation);
  const object = directory.objects.get(mutation.id);
  return object ? applyToObject(directory, object, mutation) : {};
}

function applyToObject(
  directory: Directory,
  object: DirectoryObject,
  mutation: Exclude<Mutation, { op: 'create' | 'assign' | 'unassign' }>,
): Applied {
  switch (mutation.op) {
    case 'update':
      return update(directory, object, mutation);
    case 'manager':
      return setManager(directory, object, mutation);
    case 'delete':
      return mutation.soft ? softDelete(directory, object, mutation) : purge(directory, object, mutation);
    case 'restore':
      return restore(directory, object, mutation);
    case 'join':
      return join(directory, object, mutation);
    case 'leave':
      return leave(directory, object, mutation);
    case 'own':
      return own(directory, object, mutation);
  }
}

const keepOf = (directory: Directory, cause: Cause) => (cause.quiet ? 0 : directory.lag.longest());

function log(directory: Directory, cause: Cause, change: Omit<Change, 'sequence' | 'at'>): void {
  if (!cause.quiet) directory.changes[change.object.kind].append({ at: cause.at, ...change });
}

function replace(directory: Directory, object: DirectoryObject, next: Version, cause: Cause): void {
  const keep = keepOf(directory, cause);
  object.replace(next, cause.at, keep);
  if (keep > 0) directory.changed.add(object);
}

function reindex(directory: Directory, object: DirectoryObject, before: Properties, after: Properties): void {
  for (const [name, index] of directory.indexes[object.kind]) {
    if (before[name] === after[name]) continue;
    index.remove(before[name], object);
    index.add(after[name], object);
  }
}

function create(directory: Directory, mutation: MutationOf<'create'>): Applied {
  const given = withoutNulls(mutation.properties);
  const properties = { id: mutation.id, ...given };
  const siblings = directory.ordered[mutation.kind];
  const object = new DirectoryObject(mutation.kind, mutation.id, siblings.length, { properties });
  siblings.push(object);
  directory.objects.set(object.id, object);
  reindex(directory, object, {}, properties);
  if (keepOf(directory, mutation) > 0) {
    object.appear(mutation.at);
    directory.changed.add(object);
  }
  log(directory, mutation, { object, life: 'created' });
  const modified = Object.entries(given).map(([name, after]) => ({ name, before: null, after }));
  return { modified };
}

const withoutNulls = (properties: Record<string, Json>): Record<string, Json> =>
  Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== null));

function update(directory: Directory, object: DirectoryObject, mutation: MutationOf<'update'>): Applied {
  const before = object.current.properties;
  const modified = Object.entries(mutation.properties)
    .map(([name, after]) => ({ name, before: before[name] ?? null, after }))
    .filter((change) => JSON.stringify(change.before) !== JSON.stringify(change.after));
  if (modified.length === 0) return { modified };
  const properties = withoutNulls({ ...before, ...mutation.properties });
  replace(directory, object, { ...object.current, properties }, mutation);
  reindex(directory, object, before, properties);
  log(directory, mutation, { object, names: modified.map((change) => change.name) });
  return { modified };
}

function setManager(directory: Directory, object: DirectoryObject, mutation: MutationOf<'manager'>): Applied {
  const manager = mutation.manager === null ? undefined : directory.objects.get(mutation.manager);
  const before = object.current.manager;
  if (manager === before) return {};
  moveReport(object, before, manager);
  replace(directory, object, { ...object.current, manager }, mutation);
  log(directory, mutation, { object, names: ['manager'], ...(before ? { former: before } : {}) });
  return { modified: [{ name: 'Manager', before: before?.id ?? null, after: manager?.id ?? null }] };
}

function moveReport(report: DirectoryObject, from: DirectoryObject | undefined, to: DirectoryObject | undefined): void {
  from?.reports?.delete(report);
  if (!to) return;
  to.reports ??= new Set();
  to.reports.add(report);
}

function softDelete(directory: Directory, object: DirectoryObject, mutation: Cause): Applied {
  object.parked = { groups: [...object.groups], members: [...(object.members ?? [])], reports: [...(object.reports ?? [])] };
  for (const group of object.parked.groups) unlink(directory, group, object, mutation);
  for (const member of object.parked.members) unlink(directory, object, member, { ...mutation, quiet: true });
  for (const report of object.parked.reports) setManager(directory, report, { ...mutation, op: 'manager', id: report.id, manager: null });
  for (const assignment of [...(object.held ?? []), ...(object.given ?? [])]) assignment.endedAt ??= mutation.at;
  replace(directory, object, { ...object.current, deletedAt: mutation.at }, mutation);
  log(directory, mutation, { object, life: 'deleted' });
  return {};
}

function restore(directory: Directory, object: DirectoryObject, mutation: Cause): Applied {
  const deletedAt = object.current.deletedAt;
  if (deletedAt === undefined) return {};
  replace(directory, object, { ...object.current, deletedAt: undefined }, mutation);
  log(directory, mutation, { object, life: 'restored' });
  unpark(directory, object, mutation);
  for (const assignment of [...(object.held ?? []), ...(object.given ?? [])]) {
    if (assignment.endedAt === deletedAt) delete assignment.endedAt;
  }
  return {};
}

function unpark(directory: Directory, object: DirectoryObject, mutation: Cause): void {
  const parked = object.parked ?? { groups: [], members: [], reports: [] };
  object.parked = undefined;
  const alive = (other: DirectoryObject) => other.current.deletedAt === undefined && directory.objects.get(other.id) === other;
  for (const group of parked.groups.filter(alive)) link(directory, group, object, mutation);
  for (const member of parked.members.filter(alive)) link(directory, object, member, mutation);
  for (const report of parked.reports.filter(alive)) {
    if (!report.current.manager) setManager(directory, report, { ...mutation, op: 'manager', id: report.id, manager: object.id });
  }
}

function purge(directory: Directory, object: DirectoryObject, mutation: Cause): Applied {
  if (object.current.deletedAt === undefined) softDelete(directory, object, mutation);
  for (const assignment of [...(object.held ?? []), ...(object.given ?? [])]) dropAssignment(directory, assignment);
  object.current.manager?.reports?.delete(object);
  reindex(directory, object, object.current.properties, {});
  directory.objects.delete(object.id);
  directory.ordered[object.kind][object.ordinal] = undefined;
  log(directory, mutation, { object, life: 'gone' });
  return {};
}

function join(directory: Directory, group: DirectoryObject, mutation: MutationOf<'join'>): Applied {
  for (const id of mutation.members) {
    const member = directory.objects.get(id);
    if (member && !group.members?.has(member)) link(directory, group, member, mutation);
  }
  return {};
}

function leave(directory: Directory, group: DirectoryObject, mutation: MutationOf<'leave'>): Applied {
  for (const id of mutation.members) {
    const member = directory.objects.get(id);
    if (member && group.members?.has(member)) unlink(directory, group, member, mutation);
  }
  return {};
}

function link(directory: Directory, group: DirectoryObject, member: DirectoryObject, cause: Cause): void {
  group.members?.add(member);
  member.groups.push(group);
  noteMembership(directory, { group, member, added: true }, cause);
}

function unlink(directory: Directory, group: DirectoryObject, member: DirectoryObject, cause: Cause): void {
  group.members?.delete(member);
  member.groups = member.groups.filter((other) => other !== group);
  noteMembership(directory, { group, member, added: false }, cause);
}

interface Link {
  group: DirectoryObject;
  member: DirectoryObject;
  added: boolean;
}

function noteMembership(directory: Directory, { group, member, added }: Link, cause: Cause): void {
  const keep = keepOf(directory, cause);
  if (keep > 0) {
    const change = { at: cause.at, group, member, added };
    group.rememberMembership(change, keep);
    member.rememberMembership(change, keep);
  }
  log(directory, cause, { object: group, member, added });
}

function own(directory: Directory, object: DirectoryObject, mutation: MutationOf<'own'>): Applied {
  const owner = directory.objects.get(mutation.owner);
  if (!owner) return {};
  const others = (object.owners ?? []).filter((other) => other !== owner);
  object.owners = mutation.remove ? others : [...others, owner];
  log(directory, mutation, { object, names: ['owners'] });
  return {};
}

function assign(directory: Directory, mutation: MutationOf<'assign'>): Applied {
  const principal = directory.objects.get(mutation.principal);
  const resource = directory.objects.get(mutation.resource);
  if (!principal || !resource) return {};
  const assignment: AppRoleAssignment = {
    id: mutation.id,
    appRoleId: mutation.appRoleId,
    principal,
    resource,
    createdAt: mutation.quiet ? mutation.at - 86_400_000 : mutation.at,
  };
  directory.assignments.set(assignment.id, assignment);
  (principal.held ??= []).push(assignment);
  (resource.given ??= []).push(assignment);
  log(directory, mutation, { object: resource, names: ['appRoleAssignedTo'] });
  return { modified: [{ name: 'AppRole.Id', before: null, after: mutation.appRoleId }] };
}

function unassign(directory: Directory, mutation: MutationOf<'unassign'>): Applied {
  const assignment = directory.assignments.get(mutation.id);
  if (!assignment || assignment.endedAt !== undefined) return {};
  assignment.endedAt = mutation.at;
  if (directory.lag.longest() === 0) dropAssignment(directory, assignment);
  log(directory, mutation, { object: assignment.resource, names: ['appRoleAssignedTo'] });
  return { modified: [{ name: 'AppRole.Id', before: assignment.appRoleId, after: null }] };
}

function dropAssignment(directory: Directory, assignment: AppRoleAssignment): void {
  directory.assignments.delete(assignment.id);
  assignment.principal.held = assignment.principal.held?.filter((other) => other !== assignment);
  assignment.resource.given = assignment.resource.given?.filter((other) => other !== assignment);
}
