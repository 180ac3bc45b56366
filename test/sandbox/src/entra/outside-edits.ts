import { randomUUID } from 'node:crypto';

import type { JsonObject } from './call.ts';
import { notFound, type Json } from './errors.ts';
import type { DirectoryObject } from './directory-object.ts';
import type { Tenant, Wish } from './tenant.ts';
import { PRIVILEGED } from './user-rules.ts';

interface Removal {
  edit: 'delete' | 'purge';
  id: string;
}

/** An edit made by hand in the vendor's own console: no judging of permissions, but audited, logged for delta and lagging as any other. */
export type OutsideEdit =
  | { edit: 'create-user'; properties: Record<string, Json> }
  | { edit: 'create-group'; properties: Record<string, Json> }
  | { edit: 'update'; id: string; properties: Record<string, Json> }
  | { edit: 'enable' | 'disable' | 'privilege' | 'synchronise'; id: string }
  | Removal
  | { edit: 'restore'; id: string }
  | { edit: 'move-to-dynamic'; id: string; rule?: string }
  | { edit: 'set-manager'; id: string; manager: string | null }
  | { edit: 'add-member'; id: string; member: string }
  | { edit: 'remove-member'; id: string; member: string };

/** Plays an edit as `actor` (`user:<id>` or `app:<client id>`); ids may be logins. Gives the object's id. Throws 404 for an unknown one. */
export function playEdit(tenant: Tenant, edit: OutsideEdit, actor: string): string {
  const wish = wishOf(tenant, edit);
  tenant.commit(wish, actor);
  return 'id' in wish ? wish.id : '';
}

function wishOf(tenant: Tenant, edit: OutsideEdit): Wish {
  if (edit.edit === 'create-user' || edit.edit === 'create-group') return newObject(tenant, edit);
  const { id } = named(tenant, edit.id);
  if (edit.edit === 'set-manager') return { op: 'manager', id, manager: edit.manager === null ? null : named(tenant, edit.manager).id };
  if (edit.edit === 'add-member') return { op: 'join', id, members: [named(tenant, edit.member).id] };
  if (edit.edit === 'remove-member') return { op: 'leave', id, members: [named(tenant, edit.member).id] };
  if (edit.edit === 'restore') return { op: 'restore', id };
  if (isRemoval(edit)) return { op: 'delete', id, soft: edit.edit === 'delete' };
  return { op: 'update', id, properties: changesOf(edit) };
}

const isRemoval = (edit: OutsideEdit): edit is Removal => edit.edit === 'delete' || edit.edit === 'purge';

function newObject(tenant: Tenant, edit: Extract<OutsideEdit, { edit: 'create-user' | 'create-group' }>): Wish {
  const kind = edit.edit === 'create-user' ? 'user' : 'group';
  const usual = kind === 'user' ? NEW_USER : NEW_GROUP;
  return { op: 'create', kind, id: randomUUID(), properties: { ...usual, createdDateTime: tenant.timestamp(), ...edit.properties } };
}

const NEW_GROUP = { groupTypes: [], mailEnabled: false, securityEnabled: true };
const NEW_USER = { accountEnabled: true, userType: 'Member' };

type Update =
  | Extract<OutsideEdit, { edit: 'update' | 'move-to-dynamic' }>
  | { edit: 'enable' | 'disable' | 'privilege' | 'synchronise'; id: string };

function changesOf(edit: Update): Record<string, Json> {
  switch (edit.edit) {
    case 'update':
      return edit.properties;
    case 'enable':
      return { accountEnabled: true };
    case 'disable':
      return { accountEnabled: false };
    case 'privilege':
      return { [PRIVILEGED]: true };
    case 'synchronise':
      return { onPremisesSyncEnabled: true, onPremisesImmutableId: Buffer.from(edit.id).toString('base64').slice(0, 24) };
    case 'move-to-dynamic':
      return {
        groupTypes: ['DynamicMembership'],
        membershipRule: edit.rule ?? '(user.department -eq "Sales")',
        membershipRuleProcessingState: 'On',
      };
  }
}

function named(tenant: Tenant, id: string): DirectoryObject {
  const object =
    tenant.directory.find(id.toLowerCase()) ??
    tenant.directory.holder('user', 'userPrincipalName', id) ??
    tenant.directory.holder('group', 'displayName', id);
  if (!object) throw notFound(id);
  return object;
}

/** One live object with its links, as the primary copy has it. */
export function rawObject(object: DirectoryObject): JsonObject {
  const { properties, manager, deletedAt } = object.current;
  return {
    kind: object.kind,
    ...properties,
    deleted: deletedAt !== undefined,
    manager: manager?.id ?? null,
    memberOf: object.groups.map((group) => group.id),
    ...(object.members ? { members: [...object.members].map((member) => member.id) } : {}),
    appRoles: (object.held ?? [])
      .filter((assignment) => assignment.endedAt === undefined)
      .map((assignment) => ({ resourceId: assignment.resource.id, appRoleId: assignment.appRoleId })),
  };
}

/** The whole tenant without lag, permissions or pages: what oracles compare with. */
export function rawState(tenant: Tenant): JsonObject {
  const all = [...tenant.directory.objects.values()].map((object) => rawObject(object));
  return {
    users: all.filter((object) => object['kind'] === 'user') as Json[],
    groups: all.filter((object) => object['kind'] === 'group') as Json[],
    servicePrincipals: all.filter((object) => object['kind'] === 'servicePrincipal') as Json[],
  };
}
