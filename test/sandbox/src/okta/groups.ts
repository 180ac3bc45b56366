import { forbidden, invalid, isRecord, malformed, need } from './errors.ts';
import type { Org } from './org.ts';
import type { GroupRecord, Profile, UserRecord } from './records.ts';
import { applyRulesTo } from './rules.ts';
import type { Deed } from './system-log.ts';
import { groupTarget, userTarget } from './targets.ts';

export const findGroup = (org: Org, id: string): GroupRecord => need(org.groups.get(id), id, 'UserGroup');
export const viewGroup = (org: Org, id: string): GroupRecord => need(org.groups.view(id, 'id'), id, 'UserGroup');

/** Attributes of a group profile beside name and description must have been added to the group schema. */
const GROUP_ATTRIBUTES = new Set(['name', 'description', 'costCenterOwner']);

function groupProfile(given: unknown, what: string): Profile {
  if (!isRecord(given)) throw malformed();
  const causes = Object.keys(given).flatMap((name) =>
    GROUP_ATTRIBUTES.has(name) ? [] : [`Property name '${name}' is not defined in profile`],
  );
  const name = given['name'];
  if (typeof name !== 'string' || name === '') causes.unshift('name: The field cannot be left blank');
  else if (name.length > 255) causes.unshift('name: String is outside of the permitted length of 1 to 255');
  if (causes.length > 0) throw invalid(causes[0]?.startsWith('name:') ? 'name' : what, ...causes);
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));
}

function refuseTakenName(org: Org, profile: Profile, self: string | undefined): void {
  const owner = org.groups.find('name', String(profile['name']).toLowerCase());
  if (owner && owner.id !== self) throw invalid('name', 'name: An object with this field already exists in the current organization');
}

export function createGroup(org: Org, deed: Deed, given: unknown): GroupRecord {
  const profile = groupProfile(given, 'New UserGroup');
  refuseTakenName(org, profile, undefined);
  const now = org.now();
  const group: GroupRecord = {
    id: org.newId('00g'),
    type: 'OKTA_GROUP',
    created: now,
    lastUpdated: now,
    lastMembershipUpdated: now,
    profile,
  };
  org.groups.put(group.id, group);
  org.log.write(deed, 'group.lifecycle.create', [groupTarget(group)]);
  return group;
}

export function replaceGroup(org: Org, deed: Deed, group: GroupRecord, given: unknown): GroupRecord {
  refuseForeign(group);
  const profile = groupProfile(given, 'UserGroup');
  refuseTakenName(org, profile, group.id);
  const after = { ...group, profile, lastUpdated: org.now() };
  org.groups.put(group.id, after);
  org.log.write(deed, 'group.profile.update', [groupTarget(after)]);
  return after;
}

export function deleteGroup(org: Org, deed: Deed, group: GroupRecord): void {
  refuseForeign(group);
  for (const user of org.members.of(group.id).keys()) org.members.delete(group.id, user);
  for (const app of org.appGroups.to(group.id)) org.appGroups.delete(app, group.id);
  org.groups.delete(group.id);
  org.log.write(deed, 'group.lifecycle.delete', [groupTarget(group)]);
}

/** Okta manages Everyone, an app manages its APP_GROUPs: nobody else may. */
function refuseForeign(group: GroupRecord): void {
  if (group.type !== 'OKTA_GROUP') throw forbidden();
}

/** Adds a member; one who is already there is success and no event. */
export function addMember(org: Org, deed: Deed, group: GroupRecord, user: UserRecord): boolean {
  refuseForeign(group);
  if (!org.members.put(group.id, user.id, true)) return false;
  touchMembership(org, group);
  org.log.write(deed, 'group.user_membership.add', [userTarget(user), groupTarget(group)]);
  return true;
}

/** Takes a member out; one who is not there is success and no event. A rule that put the person there will not do so again. */
export function removeMember(org: Org, deed: Deed, group: GroupRecord, user: UserRecord): boolean {
  refuseForeign(group);
  if (!org.members.delete(group.id, user.id)) return false;
  touchMembership(org, group);
  for (const rule of org.rules.values()) {
    if (rule.status !== 'ACTIVE' || !rule.groupIds.includes(group.id) || !applyRulesTo(rule, user)) continue;
    org.rules.put(rule.id, { ...rule, excluded: [...rule.excluded, user.id] });
  }
  org.log.write(deed, 'group.user_membership.remove', [userTarget(user), groupTarget(group)]);
  return true;
}

export function touchMembership(org: Org, group: GroupRecord): void {
  org.groups.put(group.id, { ...group, lastMembershipUpdated: org.now() });
}

/** Ids of the members as lists show them; Everyone holds all users. */
export function* memberIds(org: Org, group: GroupRecord, after: string): Generator<string> {
  if (group.type === 'BUILT_IN') {
    for (const [id] of org.users.scan('membership', after)) yield id;
    return;
  }
  for (const [id] of org.members.viewOf(group.id, 'membership')) if (id > after) yield id;
}

/** Ids of a user's groups as lists show them. */
export const groupIdsOf = (org: Org, user: UserRecord): string[] => [org.everyone, ...org.members.viewTo(user.id, 'membership')];
