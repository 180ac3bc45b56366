import type { Call, JsonObject } from './call.ts';
import { holdsAny } from './call.ts';
import type { DirectoryObject } from './directory-object.ts';
import { badRequest, conflict, denied, GraphFault, invalidValue, onPremisesMastered, textOf, valueRequired, type Json } from './errors.ts';
import { MAY, PRIVILEGED_AUTHENTICATION_ADMINISTRATOR } from './permissions.ts';
import type { Tenant } from './tenant.ts';
import { validateProperties, type Properties } from './validate-properties.ts';

/** A mark on users whose directory roles protect them; never shown. */
export const PRIVILEGED = '#privileged';

const REQUIRED = ['accountEnabled', 'displayName', 'mailNickname', 'userPrincipalName'];
const UNIQUE = ['userPrincipalName', 'onPremisesImmutableId'];
/** What the cloud masters even on synchronised users. */
const CLOUD_MASTERED = new Set(['usageLocation', 'preferredDataLocation', 'passwordPolicies']);
/** Changing these on a privileged user needs a directory role. */
const SENSITIVE = new Set(['accountEnabled', 'passwordProfile', 'userPrincipalName', 'mobilePhone', 'businessPhones', 'otherMails']);
const LOGIN = /^[A-Za-z0-9'.\-_!#^~]+@([A-Za-z0-9.-]+)$/;

/** The properties of a new user, judged; the password never is among them. */
export function judgeNewUser(tenant: Tenant, call: Call, body: JsonObject): Properties {
  const properties = validateProperties('user', body, 'create');
  for (const name of REQUIRED) {
    if (properties[name] === undefined) throw valueRequired(name, 'User');
  }
  if (properties['passwordProfile'] === undefined) throw badRequest('A password must be specified to create a new user.');
  judgeValues(tenant, properties);
  const login = textOf(properties['userPrincipalName']);
  const domain = login.slice(login.indexOf('@') + 1).toLowerCase();
  if (tenant.settings.federatedDomains?.includes(domain) && !properties['onPremisesImmutableId']) {
    throw valueRequired('onPremisesImmutableId', 'User');
  }
  judgeLeaveDate(call, properties);
  judgeUnique(tenant, properties);
  delete properties['passwordProfile'];
  return properties;
}

/** The changes that an update asks for, judged against the user's present state and the caller's permissions. */
export function judgeUserUpdate(tenant: Tenant, call: Call, { object, body }: { object: DirectoryObject; body: JsonObject }): Properties {
  const properties = validateProperties('user', body, 'update');
  const names = Object.keys(properties);
  const onlyEnables = names.length > 0 && names.every((name) => name === 'accountEnabled');
  if (!holdsAny(call.caller, onlyEnables ? MAY.enableUsers : MAY.writeUsers)) throw denied();
  judgePrivilege(call, object, names);
  if (isSynced(object) && names.some((name) => !CLOUD_MASTERED.has(name))) throw onPremisesMastered();
  judgeValues(tenant, properties);
  judgeLeaveDate(call, properties);
  judgeUnique(tenant, properties, object);
  delete properties['passwordProfile'];
  return mergeComplex(object, properties);
}

export const isSynced = (object: DirectoryObject) => object.current.properties['onPremisesSyncEnabled'] === true;

/** Refuses sensitive acts on privileged users to callers without the directory role. */
export function judgePrivilege(call: Call, object: DirectoryObject, names: readonly string[]): void {
  if (object.current.properties[PRIVILEGED] !== true || !names.some((name) => SENSITIVE.has(name))) return;
  if (!call.caller.directoryRoles.includes(PRIVILEGED_AUTHENTICATION_ADMINISTRATOR)) throw denied();
}

function judgeLeaveDate(call: Call, properties: Properties): void {
  if ('employeeLeaveDateTime' in properties && !holdsAny(call.caller, MAY.writeLeaveDates)) throw denied();
}

function judgeValues(tenant: Tenant, properties: Properties): void {
  judgeLogin(tenant, properties['userPrincipalName']);
  judgePattern(properties, 'mailNickname', /^[^@()\\[\]";:<>, ]{1,64}$/);
  judgePattern(properties, 'usageLocation', /^[A-Z]{2}$/);
  judgePattern(properties, 'userType', /^(Member|Guest)$/);
  judgePattern(properties, 'mail', /^[^@\s]+@[^@\s]+\.[^@\s]+$/);
  const phones = properties['businessPhones'];
  if (Array.isArray(phones) && phones.length > 1) throw invalidValue('businessPhones', 'User');
  judgePassword(properties['passwordProfile']);
}

function judgePattern(properties: Properties, name: string, pattern: RegExp): void {
  const value = properties[name];
  if (typeof value === 'string' && !pattern.test(value)) throw invalidValue(name, 'User');
}

function judgeLogin(tenant: Tenant, login: Json | undefined): void {
  if (login === undefined) return;
  const domain = LOGIN.exec(textOf(login))?.[1];
  if (domain === undefined || textOf(login).split('@')[0]!.length > 64) throw invalidLogin('Property userPrincipalName is invalid.');
  if (!tenant.settings.domains.includes(domain.toLowerCase())) {
    throw invalidLogin(
      'The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names in your organization.',
    );
  }
}

const invalidLogin = (message: string) =>
  new GraphFault(400, 'Request_BadRequest', message, {
    details: [{ code: 'InvalidValue', target: 'userPrincipalName', message }],
  });

/** Eight characters and three of four classes, as the directory's default policy. */
function judgePassword(profile: Json | undefined): void {
  if (profile === undefined || profile === null) return;
  const password = (profile as JsonObject)['password'];
  if (password === undefined) return;
  const text = textOf(password);
  const classes = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9]/].filter((pattern) => pattern.test(text)).length;
  if (text.length >= 8 && text.length <= 256 && classes >= 3) return;
  const message = 'The specified password does not comply with password complexity requirements. Please provide a different password.';
  throw new GraphFault(400, 'Request_BadRequest', message, { details: [{ code: 'InvalidValue', target: 'password', message }] });
}

/** Uniqueness is judged on the primary copy, never on a lagging view. */
function judgeUnique(tenant: Tenant, properties: Properties, self?: DirectoryObject): void {
  for (const name of UNIQUE) {
    const value = properties[name];
    if (typeof value !== 'string') continue;
    const holder = tenant.directory.holder('user', name, value);
    if (holder && holder !== self) throw conflict(name);
  }
  const mail = properties['mail'];
  const owner = typeof mail === 'string' ? tenant.directory.holder('user', 'mail', mail) : undefined;
  if (owner && owner !== self) throw conflict('proxyAddresses');
}

/** A complex value of an update changes the members that it names. */
function mergeComplex(object: DirectoryObject, properties: Properties): Properties {
  for (const name of ['employeeOrgData', 'onPremisesExtensionAttributes']) {
    const given = properties[name];
    if (given === undefined || given === null) continue;
    const before = (object.current.properties[name] ?? {}) as JsonObject;
    properties[name] = { ...before, ...(given as JsonObject) };
  }
  return properties;
}
