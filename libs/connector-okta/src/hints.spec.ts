import { describe, expect, it } from '@jest/globals';
import { hintsOf } from './hints.ts';

const user = { id: '00u1', type: 'User' };
const group = { id: '00g1', type: 'UserGroup' };
const app = { id: '0oa1', type: 'AppInstance' };
const event = (eventType: string, target: object[], more: object = {}) => ({
  eventType,
  target,
  published: '2026-01-05T08:00:00.000Z',
  actor: { id: '0oaMuster', type: 'PublicClientApp' },
  outcome: { result: 'SUCCESS' },
  ...more,
});

describe('an event of the System Log', () => {
  it('hints at the account that it concerns, and says whether we did it', () => {
    expect(hintsOf(event('user.account.update_profile', [user]), '0oaMuster')).toEqual([
      {
        object: { kind: 'account', id: '00u1' },
        reason: 'user.account.update_profile',
        aspects: ['profile', 'status', 'manager'],
        actor: { id: '0oaMuster', us: true },
        at: '2026-01-05T08:00:00.000Z',
      },
    ]);
    expect(hintsOf(event('user.account.update_profile', [user]), '0oaOther')[0]?.actor).toEqual({ id: '0oaMuster', us: false });
    expect(hintsOf(event('user.account.update_profile', [user]), undefined)[0]?.actor).toMatchObject({ us: false });
  });

  it.each([
    [
      'group.user_membership.add',
      [user, group],
      { object: { kind: 'account', id: '00u1' }, aspects: ['groups', 'apps'], about: { kind: 'group', id: '00g1' } },
    ],
    [
      'application.user_membership.remove',
      [{ id: 'x', type: 'AppUser' }, app, user],
      { object: { kind: 'account', id: '00u1' }, aspects: ['apps'], about: { kind: 'app', id: '0oa1' } },
    ],
    [
      'group.application_assignment.add',
      [group, app],
      { object: { kind: 'group', id: '00g1' }, aspects: ['apps'], about: { kind: 'app', id: '0oa1' } },
    ],
    ['group.profile.update', [group], { object: { kind: 'group', id: '00g1' } }],
    ['group.lifecycle.delete', [group], { object: { kind: 'group', id: '00g1' }, deleted: 'log' }],
    ['application.lifecycle.delete', [app], { object: { kind: 'app', id: '0oa1' }, deleted: 'log' }],
    ['user.lifecycle.delete.completed', [user], { object: { kind: 'account', id: '00u1' }, deleted: 'log' }],
    ['user.lifecycle.deactivate', [user], { object: { kind: 'account', id: '00u1' } }],
  ])('%s says what to fetch', (type, targets, expected) => {
    expect(hintsOf(event(type, targets), undefined)).toEqual([expect.objectContaining(expected)]);
  });

  it('takes the start of a deletion for no deletion', () => {
    expect(hintsOf(event('user.lifecycle.delete.initiated', [user]), undefined)[0]?.deleted).toBeUndefined();
  });

  it('says nothing when it failed, is of an unknown type or names nobody', () => {
    expect(hintsOf(event('user.lifecycle.deactivate', [user], { outcome: { result: 'FAILURE' } }), undefined)).toEqual([]);
    expect(hintsOf(event('policy.evaluate_sign_on', [user]), undefined)).toEqual([]);
    expect(hintsOf(event('user.lifecycle.deactivate', []), undefined)).toEqual([]);
    expect(hintsOf({}, undefined)).toEqual([]);
  });
});
