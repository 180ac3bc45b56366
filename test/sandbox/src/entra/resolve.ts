import type { Call } from './call.ts';
import type { ReadClass } from './directory.ts';
import type { DirectoryObject, Version } from './directory-object.ts';
import { badRequest, notFound, textOf, type Json } from './errors.ts';
import type { Kind } from './schema.ts';
import type { Tenant } from './tenant.ts';

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export interface Found {
  object: DirectoryObject;
  version: Version;
}

/** The object that a path names as the view shows it; 404 where the view does not know it. */
export function resolve(tenant: Tenant, kind: Kind, named: string, view: ReadClass): Found {
  const found = kind === 'user' && !GUID.test(named) ? byLogin(tenant, named, view) : byId(tenant, kind, named, view);
  if (!found) throw notFound(named);
  return found;
}

/** The object of a path parameter `id` for reading. */
export const forRead = (tenant: Tenant, call: Call, kind: Kind) => resolve(tenant, kind, call.params['id']!, 'object');

/** The object of a path parameter `id` for writing. */
export const forWrite = (tenant: Tenant, call: Call, kind: Kind) => resolve(tenant, kind, call.params['id']!, 'write').object;

function byId(tenant: Tenant, kind: Kind | undefined, id: string, view: ReadClass): Found | undefined {
  const object = tenant.directory.find(id.toLowerCase(), kind);
  const version = object && tenant.directory.seenLive(object, view);
  // a write to what is gone from the primary copy fails whatever the view says
  if (!object || !version || (view === 'write' && object.current.deletedAt !== undefined)) return undefined;
  return { object, version };
}

function byLogin(tenant: Tenant, login: string, view: ReadClass): Found | undefined {
  for (const object of tenant.directory.candidates('user', 'userPrincipalName', login)) {
    const version = tenant.directory.seenLive(object, view);
    if (textOf(version?.properties['userPrincipalName']).toLowerCase() !== login.toLowerCase()) continue;
    if (version && (view !== 'write' || object.current.deletedAt === undefined)) return { object, version };
  }
  return undefined;
}

const REFERENCE =
  /^https:\/\/[^/]+\/(?:v1\.0|beta)(?:\/[^/]+)?\/(users|groups|directoryObjects|servicePrincipals)(?:\/([^/?]+)|\('([^')]+)'\))$/i;

const KIND_OF_COLLECTION: Record<string, Kind | undefined> = {
  users: 'user',
  groups: 'group',
  serviceprincipals: 'servicePrincipal',
};

/** The object that an `@odata.id` names: an absolute URL of a directory object, as Graph wants it. */
export function resolveReference(tenant: Tenant, reference: Json | undefined): DirectoryObject {
  const match = typeof reference === 'string' ? REFERENCE.exec(reference) : null;
  if (!match) throw badRequest(`Invalid URL format specified in payload: '${textOf(reference)}'.`);
  const id = decodeURIComponent(match[2] ?? match[3] ?? '');
  const kind = KIND_OF_COLLECTION[match[1]!.toLowerCase()];
  const found = kind === 'user' && !GUID.test(id) ? byLogin(tenant, id, 'write') : byId(tenant, kind, id, 'write');
  if (!found) throw notFound(id);
  return found.object;
}

/** The `@odata.id` of a body. */
export function referenceOf(tenant: Tenant, body: Json | undefined): DirectoryObject {
  const reference = body !== null && typeof body === 'object' && !Array.isArray(body) ? body?.['@odata.id'] : undefined;
  return resolveReference(tenant, reference);
}
