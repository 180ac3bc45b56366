/**
 * What our event hook tells of: the kinds of event that concern what is observed, as far as Okta lets a hook ask for them (developer docs, event types
 * that are event-hook-eligible). Whatever else the log knows, such as memberships by group rules or a finished deletion, is found by polling.
 */
export const HOOK_EVENTS: readonly string[] = [
  'user.lifecycle.create',
  'user.lifecycle.activate',
  'user.lifecycle.deactivate',
  'user.lifecycle.suspend',
  'user.lifecycle.unsuspend',
  'user.lifecycle.reactivate',
  'user.lifecycle.delete.initiated',
  'user.account.update_profile',
  'group.lifecycle.create',
  'group.lifecycle.delete',
  'group.profile.update',
  'group.user_membership.add',
  'group.user_membership.remove',
  'group.application_assignment.add',
  'group.application_assignment.update',
  'group.application_assignment.remove',
  'application.lifecycle.create',
  'application.lifecycle.update',
  'application.lifecycle.delete',
  'application.lifecycle.activate',
  'application.lifecycle.deactivate',
  'application.user_membership.add',
  'application.user_membership.update',
  'application.user_membership.remove',
];
