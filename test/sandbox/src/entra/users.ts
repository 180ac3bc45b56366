import { randomUUID } from 'node:crypto';

import { NO_CONTENT, type Answer, type Call, type JsonObject } from './call.ts';
import { badRequest, notFound, onPremisesMastered, textOf } from './errors.ts';
import { contextOf, listCollection, listObjects } from './listing.ts';
import { presentExpansions, presentObject } from './present.ts';
import { readQuery, selectOf } from './query-options.ts';
import { forRead, forWrite, referenceOf } from './resolve.ts';
import type { Tenant } from './tenant.ts';
import { isSynced, judgeNewUser, judgePrivilege, judgeUserUpdate } from './user-rules.ts';
import { objectBody } from './validate-properties.ts';

export const listUsers = (tenant: Tenant, call: Call): Answer => listCollection(tenant, call, 'user', readQuery(call, 'user'));

export function getUser(tenant: Tenant, call: Call): Answer {
  const options = readQuery(call, 'user');
  const found = forRead(tenant, call, 'user');
  const shown = presentObject(call, { ...found, select: options.select });
  if (options.expand.length > 0) presentExpansions(tenant, call, { ...found, shown }, options.expand);
  return { status: 200, body: { '@odata.context': `${contextOf(call, 'users', options.select)}/$entity`, ...shown } };
}

export function createUser(tenant: Tenant, call: Call): Answer {
  const properties = judgeNewUser(tenant, call, objectBody(call.body));
  const id = randomUUID();
  const at = tenant.timestamp();
  const mail = properties['mail'];
  tenant.commitFor(call, {
    op: 'create',
    kind: 'user',
    id,
    properties: {
      userType: 'Member',
      ...properties,
      createdDateTime: at,
      signInSessionsValidFromDateTime: at,
      lastPasswordChangeDateTime: at,
      ...(typeof mail === 'string' ? { proxyAddresses: [`SMTP:${mail}`] } : {}),
    },
  });
  call.created('employeeId', properties['employeeId']);
  call.created('userPrincipalName', properties['userPrincipalName']);
  const object = tenant.directory.find(id)!;
  const shown = presentObject(call, { object, version: object.current });
  const location = `${call.root}/${tenant.settings.tenantId}/directoryObjects/${id}/Microsoft.DirectoryServices.User`;
  return { status: 201, headers: { Location: location }, body: { '@odata.context': `${contextOf(call, 'users')}/$entity`, ...shown } };
}

export function updateUser(tenant: Tenant, call: Call): Answer {
  const body = objectBody(call.body);
  const object = forWrite(tenant, call, 'user');
  const properties = judgeUserUpdate(tenant, call, { object, body });
  if ('mail' in properties) properties['proxyAddresses'] = properties['mail'] === null ? null : [`SMTP:${textOf(properties['mail'])}`];
  if ('passwordProfile' in body) properties['lastPasswordChangeDateTime'] = tenant.timestamp();
  if (Object.keys(properties).length === 0) throw badRequest('Empty Payload. JSON content expected.');
  tenant.commitFor(call, { op: 'update', id: object.id, properties });
  return NO_CONTENT;
}

/** Deleted users are kept for thirty days under directory/deletedItems. */
export function deleteUser(tenant: Tenant, call: Call): Answer {
  const object = forWrite(tenant, call, 'user');
  judgePrivilege(call, object, ['accountEnabled']);
  if (isSynced(object)) throw onPremisesMastered();
  tenant.commitFor(call, { op: 'delete', id: object.id, soft: true });
  return NO_CONTENT;
}

export function getManager(tenant: Tenant, call: Call): Answer {
  const { version } = forRead(tenant, call, 'user');
  const manager = version.manager;
  const managerVersion = manager && tenant.directory.seenLive(manager, 'object');
  if (!manager || !managerVersion) throw notFound('manager');
  const select = selectOf(call.query.get('$select'), 'user');
  const shown = presentObject(call, { object: manager, version: managerVersion, select, typed: true });
  return { status: 200, body: { '@odata.context': `${contextOf(call, 'directoryObjects', select)}/$entity`, ...shown } };
}

export function getManagerReference(tenant: Tenant, call: Call): Answer {
  const manager = forRead(tenant, call, 'user').version.manager;
  if (!manager) throw notFound('manager');
  const id = `${call.root}/directoryObjects/${manager.id}/Microsoft.DirectoryServices.User`;
  return { status: 200, body: { '@odata.context': `${call.root}/$metadata#users('${call.params['id']}')/manager/$ref`, '@odata.id': id } };
}

export function setManager(tenant: Tenant, call: Call): Answer {
  const object = forWrite(tenant, call, 'user');
  const manager = referenceOf(tenant, call.body);
  if (isSynced(object)) throw onPremisesMastered();
  if (manager.kind !== 'user') throw badRequest("The manager must be an object of type 'User'.");
  tenant.commitFor(call, { op: 'manager', id: object.id, manager: manager.id });
  return NO_CONTENT;
}

export function removeManager(tenant: Tenant, call: Call): Answer {
  const object = forWrite(tenant, call, 'user');
  if (isSynced(object)) throw onPremisesMastered();
  if (!object.current.manager) throw notFound('manager');
  tenant.commitFor(call, { op: 'manager', id: object.id, manager: null });
  return NO_CONTENT;
}

export function listDirectReports(tenant: Tenant, call: Call): Answer {
  const { object } = forRead(tenant, call, 'user');
  const options = readQuery(call, 'user');
  return listObjects(tenant, call, { objects: [...(object.reports ?? [])], options, kind: 'user', typed: true });
}

/** Ends sign-in sessions; tokens already issued stay good for their time. */
export function revokeSignInSessions(tenant: Tenant, call: Call): Answer {
  const object = forWrite(tenant, call, 'user');
  const properties = { signInSessionsValidFromDateTime: tenant.timestamp() };
  tenant.commitFor(call, { op: 'update', id: object.id, properties, activity: 'Update StsRefreshTokenValidFrom Timestamp' });
  const body: JsonObject = { '@odata.context': `${call.root}/$metadata#Edm.Boolean`, value: true };
  return { status: 200, body };
}
