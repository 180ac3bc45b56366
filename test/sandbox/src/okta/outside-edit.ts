import { Refused } from '../kit/admin.ts';
import { assignUser, findApp, unassignUser } from './apps.ts';
import { isRecord } from './errors.ts';
import { addMember, createGroup, findGroup, removeMember, deleteGroup } from './groups.ts';
import type { Okta } from './okta-parts.ts';
import type { Deed } from './system-log.ts';
import { activateUser, createUser, deactivateUser, deleteUser, findUser, STEPS, takeStep, updateUser } from './users.ts';

type Edit = Readonly<Record<string, unknown>>;

const text = (edit: Edit, name: string): string => {
  const value = edit[name];
  if (typeof value !== 'string') throw new Refused(400, `${name} must be a text`);
  return value;
};

/**
 * A change by another admin, with another token (or by the vendor itself): `{ do, ... }`, where `do` is one of create-user, update-user, activate, deactivate, suspend,
 * unsuspend, delete-user, add-member, remove-member, create-group, delete-group, assign-app, unassign-app, master-in-ad. Logged with that actor.
 */
export function outsideEdit(okta: Okta, edit: Edit): object {
  const token = okta.credentials.tokens.get('admin');
  if (!token) throw new Refused(409, 'the org has no admin token');
  const deed: Deed = {
    caller: { id: token.id, tokenId: token.id, role: 'SUPER_ADMIN', actor: token.actor },
    requestId: `outside${Date.now().toString(36)}`,
    userAgent: 'admin console',
  };
  const name = text(edit, 'do');
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (!action) throw new Refused(400, `do must be one of ${Object.keys(ACTIONS).join(', ')}`);
  return action(okta, deed, edit);
}

const userOf = ({ org }: Okta, edit: Edit): NonNullable<ReturnType<typeof findUser>> => {
  const user = findUser(org, text(edit, 'user'));
  if (!user) throw new Refused(404, 'no such user');
  return user;
};

const ACTIONS: Readonly<Record<string, (okta: Okta, deed: Deed, edit: Edit) => object>> = {
  'create-user': ({ org }, deed, edit) =>
    createUser(org, deed, { profile: edit['profile'], hasPassword: false, activate: edit['activate'] !== false, groupIds: [] }),
  'update-user': (okta, deed, edit) =>
    updateUser(okta.org, deed, userOf(okta, edit), {
      profile: isRecord(edit['profile']) ? edit['profile'] : {},
      partial: true,
      ifMatch: undefined,
    }),
  activate: (okta, deed, edit) => activateUser(okta.org, deed, userOf(okta, edit), true).user,
  deactivate: (okta, deed, edit) => deactivateUser(okta.org, deed, userOf(okta, edit)),
  suspend: (okta, deed, edit) => takeStep(okta.org, deed, userOf(okta, edit), STEPS['suspend'] as NonNullable<(typeof STEPS)[string]>),
  unsuspend: (okta, deed, edit) => takeStep(okta.org, deed, userOf(okta, edit), STEPS['unsuspend'] as NonNullable<(typeof STEPS)[string]>),
  'delete-user': (okta, deed, edit) => ({ result: deleteUser(okta.org, deed, userOf(okta, edit)) }),
  'master-in-ad': (okta, _deed, edit) => {
    const user = { ...userOf(okta, edit), mastered: 'ACTIVE_DIRECTORY' as const };
    okta.org.users.put(user.id, user);
    return user;
  },
  'add-member': (okta, deed, edit) => ({
    changed: addMember(okta.org, deed, findGroup(okta.org, text(edit, 'group')), userOf(okta, edit)),
  }),
  'remove-member': (okta, deed, edit) => ({
    changed: removeMember(okta.org, deed, findGroup(okta.org, text(edit, 'group')), userOf(okta, edit)),
  }),
  'create-group': ({ org }, deed, edit) => createGroup(org, deed, edit['profile']),
  'delete-group': ({ org }, deed, edit) => {
    deleteGroup(org, deed, findGroup(org, text(edit, 'group')));
    return {};
  },
  'assign-app': (okta, deed, edit) => assignUser(okta.org, deed, findApp(okta.org, text(edit, 'app')), userOf(okta, edit), {}).record,
  'unassign-app': (okta, deed, edit) => {
    unassignUser(okta.org, deed, findApp(okta.org, text(edit, 'app')), userOf(okta, edit));
    return {};
  },
};
