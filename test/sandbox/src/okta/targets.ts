import type { AppRecord, GroupRecord, UserRecord } from './records.ts';
import type { LogTarget } from './system-log.ts';

const shown = (value: unknown): string => (typeof value === 'string' ? value : 'unknown');

export const nameOf = (user: UserRecord): string => `${shown(user.profile['firstName'])} ${shown(user.profile['lastName'])}`;
export const loginOf = (user: UserRecord): string => shown(user.profile['login']);

export const userTarget = (user: UserRecord): LogTarget => ({
  id: user.id,
  type: 'User',
  alternateId: loginOf(user),
  displayName: nameOf(user),
});
export const appUserTarget = (user: UserRecord): LogTarget => ({ ...userTarget(user), type: 'AppUser' });
export const groupTarget = (group: GroupRecord): LogTarget => ({
  id: group.id,
  type: 'UserGroup',
  alternateId: 'unknown',
  displayName: shown(group.profile['name']),
});
export const appTarget = (app: AppRecord): LogTarget => ({
  id: app.id,
  type: 'AppInstance',
  alternateId: app.label,
  displayName: app.label,
});
