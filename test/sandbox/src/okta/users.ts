import { forbidden, invalid, need, OktaError, preconditionFailed } from './errors.ts';
import type { Org } from './org.ts';
import type { Profile, UserRecord, UserStatus } from './records.ts';
import type { Deed } from './system-log.ts';
import { loginOf, userTarget } from './targets.ts';

/** By id, login, or the part of the login before the @. The truth. */
export function findUser(org: Org, key: string): UserRecord | undefined {
  const text = key.toLowerCase();
  return org.users.get(key) ?? org.users.find('login', text) ?? org.users.find('shortLogin', text);
}

/** The same as a lagging read sees it. */
export function viewUser(org: Org, key: string): UserRecord {
  const text = key.toLowerCase();
  const user = org.users.view(key, 'id') ?? org.users.findView('login', text, 'id') ?? org.users.findView('shortLogin', text, 'id');
  return need(user, key, 'User');
}

export interface NewUser {
  profile: unknown;
  hasPassword: boolean;
  activate: boolean;
  groupIds: readonly string[];
}

/** Creates a user. A taken login is refused; what the org holds decides, not what reads show. */
export function createUser(org: Org, deed: Deed, given: NewUser): UserRecord {
  const profile = org.schema.replacement(given.profile, 'newUser');
  refuseTakenLogin(org, profile, undefined);
  for (const id of given.groupIds)
    if (org.groups.get(id)?.type !== 'OKTA_GROUP') throw invalid('groupIds', `groupIds: Group ${id} cannot be assigned`);
  const now = org.now();
  const user: UserRecord = {
    id: org.newId('00u'),
    status: 'STAGED',
    transitioningToStatus: null,
    created: now,
    activated: null,
    statusChanged: null,
    lastLogin: null,
    lastUpdated: now,
    passwordChanged: given.hasPassword ? now : null,
    hasPassword: given.hasPassword,
    profile,
  };
  org.users.put(user.id, user);
  org.log.write(deed, 'user.lifecycle.create', [userTarget(user)]);
  for (const id of given.groupIds) joinGroup(org, id, user.id);
  return given.activate ? activateUser(org, deed, user, true).user : user;
}

function joinGroup(org: Org, groupId: string, userId: string): void {
  const group = org.groups.get(groupId);
  if (group && org.members.put(groupId, userId, true)) org.groups.put(groupId, { ...group, lastMembershipUpdated: org.now() });
}

/** Partial: missing fields stay, null clears. Full: missing fields are cleared. An unchanged profile changes nothing and is not logged. */
export function updateUser(
  org: Org,
  deed: Deed,
  user: UserRecord,
  change: { profile: unknown; partial: boolean; ifMatch: string | undefined },
): UserRecord {
  if (user.mastered) throw forbidden();
  if (user.transitioningToStatus) throw new OktaError(400, 'E0000112', 'Unable to update profile, user is not fully provisioned');
  if (change.ifMatch !== undefined && change.ifMatch !== etagOf(user)) throw preconditionFailed();
  const profile = change.partial
    ? org.schema.update(user.profile, change.profile, 'updateUser')
    : org.schema.replacement(change.profile, 'updateUser');
  refuseTakenLogin(org, profile, user.id);
  const changed = changedFields(user.profile, profile);
  if (changed.length === 0) return user;
  const after = { ...user, profile, lastUpdated: org.now() };
  org.users.put(user.id, after);
  org.log.write(deed, 'user.account.update_profile', [userTarget(after)], { changedAttributes: changed.join(',') });
  return after;
}

/** A weak tag that changes with every change of the user. */
export const etagOf = (user: UserRecord): string => `W/"${Buffer.from(`${user.lastUpdated}/${user.status}`).toString('base64url')}"`;

function changedFields(before: Profile, after: Profile): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
}

function refuseTakenLogin(org: Org, profile: Profile, self: string | undefined): void {
  const owner = org.users.find('login', String(profile['login']).toLowerCase());
  if (owner && owner.id !== self) throw invalid('login', 'login: An object with this field already exists in the current organization');
}

/** STAGED or DEPROVISIONED: PROVISIONED with a mail, or ACTIVE with a password. */
export function activateUser(org: Org, deed: Deed, user: UserRecord, sendEmail: boolean): { user: UserRecord; token?: string } {
  if (user.status !== 'STAGED' && user.status !== 'DEPROVISIONED') {
    throw new OktaError(403, 'E0000016', 'Activation failed because the user is already active');
  }
  const to: UserStatus = user.hasPassword && user.status === 'STAGED' ? 'ACTIVE' : 'PROVISIONED';
  const after = transition(org, user, to, { activated: org.now() });
  org.log.write(deed, 'user.lifecycle.activate', [userTarget(after)]);
  if (to === 'ACTIVE') return { user: after };
  const mail = { to: String(user.profile['email']), userId: user.id, kind: 'activation' as const };
  return sendEmail ? (org.sendMail(mail), { user: after }) : { user: after, token: org.sendMail(mail).token };
}

/** Changes the status, at once or, where the org is slow, after a while in `transitioningToStatus`. */
export function transition(org: Org, user: UserRecord, to: UserStatus, more: Partial<UserRecord> = {}): UserRecord {
  const done = (from: UserRecord): UserRecord => {
    const now = org.now();
    const after = { ...from, ...more, status: to, transitioningToStatus: null, statusChanged: now, lastUpdated: now };
    org.users.put(from.id, after);
    return after;
  };
  if (org.settings.lifecycleMs <= 0) return done(user);
  const moving = { ...user, transitioningToStatus: to === 'PROVISIONED' ? 'ACTIVE' : to } as const;
  org.users.put(user.id, moving);
  org.kit.clock.after(org.settings.lifecycleMs, () => {
    const now = org.users.get(user.id);
    if (now?.transitioningToStatus) done(now);
    org.state.commit();
  });
  return moving;
}

/** Deactivates; own app assignments go, memberships stay. */
export function deactivateUser(org: Org, deed: Deed, user: UserRecord): UserRecord {
  if (user.status === 'DEPROVISIONED') throw new OktaError(403, 'E0000038', "This operation is not allowed in the user's current status.");
  const after = transition(org, user, 'DEPROVISIONED', { hasPassword: false, passwordChanged: null });
  org.log.write(deed, 'user.lifecycle.deactivate', [userTarget(after)]);
  for (const app of org.appUsers.to(user.id)) org.appUsers.delete(app, user.id);
  return after;
}

/** The first call deactivates, the second deletes. */
export function deleteUser(org: Org, deed: Deed, user: UserRecord): 'deactivated' | 'deleted' {
  if (user.status !== 'DEPROVISIONED') {
    deactivateUser(org, deed, user);
    return 'deactivated';
  }
  org.log.write(deed, 'user.lifecycle.delete.initiated', [userTarget(user)]);
  for (const group of org.members.to(user.id)) org.members.delete(group, user.id);
  for (const app of org.appUsers.to(user.id)) org.appUsers.delete(app, user.id);
  org.users.delete(user.id);
  org.log.write(deed, 'user.lifecycle.delete.completed', [userTarget(user)]);
  return 'deleted';
}

interface Step {
  from: readonly UserStatus[];
  to: UserStatus;
  event: string;
  refusal: OktaError;
}

const step = (event: string, from: readonly UserStatus[], to: UserStatus, refusal: OktaError): Step => ({ event, from, to, refusal });
const notNow = new OktaError(403, 'E0000038', "This operation is not allowed in the user's current status.");

/** The lifecycle calls that only change the status. */
export const STEPS: Readonly<Record<string, Step>> = {
  suspend: step('user.lifecycle.suspend', ['ACTIVE'], 'SUSPENDED', invalid('Cannot suspend a user that is not active')),
  unsuspend: step('user.lifecycle.unsuspend', ['SUSPENDED'], 'ACTIVE', invalid('Cannot unsuspend a user that is not suspended')),
  unlock: step('user.account.unlock', ['LOCKED_OUT'], 'ACTIVE', new OktaError(403, 'E0000032', 'Unlock is not allowed for this user.')),
  reactivate: step('user.lifecycle.reactivate', ['PROVISIONED', 'RECOVERY'], 'PROVISIONED', notNow),
  expire_password: step(
    'user.account.expire_password',
    ['ACTIVE', 'STAGED', 'PROVISIONED', 'RECOVERY', 'PASSWORD_EXPIRED'],
    'PASSWORD_EXPIRED',
    notNow,
  ),
  reset_password: step('user.account.reset_password', ['ACTIVE', 'PASSWORD_EXPIRED', 'RECOVERY', 'PROVISIONED'], 'RECOVERY', notNow),
};

export function takeStep(org: Org, deed: Deed, user: UserRecord, { event, from, to, refusal }: Step): UserRecord {
  if (!from.includes(user.status)) throw refusal;
  const now = org.now();
  const after = { ...user, status: to, statusChanged: user.status === to ? user.statusChanged : now, lastUpdated: now };
  org.users.put(user.id, after);
  org.log.write(deed, event, [userTarget(after)]);
  return after;
}

/** What a person does with the activation mail: sets a password, and is ACTIVE. */
export function clickActivation(org: Org, user: UserRecord): UserRecord {
  if (user.status !== 'PROVISIONED') throw new OktaError(409, 'E0000038', `the user is ${user.status}, not PROVISIONED`);
  const now = org.now();
  const after: UserRecord = { ...user, status: 'ACTIVE', hasPassword: true, passwordChanged: now, statusChanged: now, lastUpdated: now };
  org.users.put(user.id, after);
  const person = {
    id: user.id,
    actor: { id: user.id, type: 'User' as const, alternateId: loginOf(user), displayName: loginOf(user) },
    role: 'READ_ONLY_ADMIN' as const,
  };
  org.log.write({ caller: person, requestId: `click${user.id}` }, 'user.account.update_password', [userTarget(after)]);
  return after;
}
