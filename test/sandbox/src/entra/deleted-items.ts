import { holdsAny, NO_CONTENT, type Answer, type Call } from './call.ts';
import type { DirectoryObject } from './directory-object.ts';
import { badRequest, conflict, denied, notFound, textOf } from './errors.ts';
import { contextOf, nextLink } from './listing.ts';
import { MAY, type Permission } from './permissions.ts';
import { presentObject } from './present.ts';
import { readQuery } from './query-options.ts';
import type { Kind } from './schema.ts';
import type { Tenant } from './tenant.ts';
import { objectBody } from './validate-properties.ts';

const MAY_READ: Record<Kind, readonly Permission[]> = {
  user: MAY.readProfiles,
  group: MAY.readGroups,
  servicePrincipal: MAY.readApplications,
};
const MAY_RESTORE: Record<Kind, readonly Permission[]> = {
  user: MAY.deleteUsers,
  group: MAY.writeGroups,
  servicePrincipal: MAY.writeApplications,
};

function deletedItem(tenant: Tenant, call: Call, permissions: Record<Kind, readonly Permission[]>): DirectoryObject {
  const id = call.params['id']!.toLowerCase();
  const object = tenant.directory.find(id);
  if (!object || object.current.deletedAt === undefined) throw notFound(id);
  if (!holdsAny(call.caller, permissions[object.kind])) throw denied();
  return object;
}

export function getDeletedItem(tenant: Tenant, call: Call): Answer {
  const object = deletedItem(tenant, call, MAY_READ);
  const options = readQuery(call, object.kind);
  const shown = presentObject(call, { object, version: object.current, select: options.select, typed: true });
  return { status: 200, body: { '@odata.context': `${contextOf(call, 'directoryObjects')}/$entity`, ...shown } };
}

/** `/directory/deletedItems/microsoft.graph.user` and `.group`. */
export const listDeletedItems =
  (kind: Kind) =>
  (tenant: Tenant, call: Call): Answer => {
    const options = readQuery(call, kind);
    const size = options.top ?? 100;
    const from = Number(options.skipToken ?? 0);
    const deleted = tenant.directory.ordered[kind].filter((object) => object?.current.deletedAt !== undefined);
    const value = deleted.slice(from, from + size).map((object) => {
      return presentObject(call, { object: object!, version: object!.current, select: options.select });
    });
    const body = { '@odata.context': contextOf(call, 'directoryObjects'), value };
    if (from + size >= deleted.length) return { status: 200, body };
    return { status: 200, body: { ...body, '@odata.nextLink': nextLink(call, `${from + size}`) } };
  };

export function restoreDeletedItem(tenant: Tenant, call: Call): Answer {
  const object = deletedItem(tenant, call, MAY_RESTORE);
  const login = object.current.properties['userPrincipalName'];
  if (typeof login === 'string' && tenant.directory.holder('user', 'userPrincipalName', login)) throw conflict('userPrincipalName');
  tenant.commitFor(call, { op: 'restore', id: object.id });
  const shown = presentObject(call, { object, version: object.current, typed: true });
  return { status: 200, body: { '@odata.context': `${contextOf(call, 'directoryObjects')}/$entity`, ...shown } };
}

export function purgeDeletedItem(tenant: Tenant, call: Call): Answer {
  const object = deletedItem(tenant, call, MAY_RESTORE);
  tenant.commitFor(call, { op: 'delete', id: object.id, soft: false });
  return NO_CONTENT;
}

const MOST_IDS = 1_000;

/** `directoryObjects/getByIds`: what is unknown is left out. */
export function getByIds(tenant: Tenant, call: Call): Answer {
  const { ids, types } = objectBody(call.body);
  if (!Array.isArray(ids)) throw badRequest("A value is required for parameter 'ids'.");
  if (ids.length > MOST_IDS) throw badRequest(`The number of ids exceeds the limit of ${MOST_IDS}.`);
  const wanted = Array.isArray(types) && types.length > 0 ? new Set(types) : undefined;
  const isWanted = (kind: Kind) => !wanted || wanted.has(kind) || wanted.has('directoryObject');
  const value = [];
  for (const id of new Set(ids)) {
    const found = seenById(tenant, textOf(id));
    if (found && isWanted(found.object.kind)) value.push(presentObject(call, { ...found, typed: true }));
  }
  return { status: 200, body: { '@odata.context': contextOf(call, 'directoryObjects'), value } };
}

export function getDirectoryObject(tenant: Tenant, call: Call): Answer {
  const found = seenById(tenant, call.params['id']!);
  if (!found) throw notFound(call.params['id']!);
  const shown = presentObject(call, { ...found, typed: true });
  return { status: 200, body: { '@odata.context': `${contextOf(call, 'directoryObjects')}/$entity`, ...shown } };
}

function seenById(tenant: Tenant, id: string) {
  const object = tenant.directory.find(id.toLowerCase());
  const version = object && tenant.directory.seenLive(object, 'object');
  return object && version ? { object, version } : undefined;
}
