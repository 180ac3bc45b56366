import { describe, expect, it } from '@jest/globals';
import { decodeNotices } from './decode-notices.ts';

const notice = (more: object) => ({ clientState: 'sesame', subscriptionId: 's1', changeType: 'updated', ...more });
const told = (more: object) => decodeNotices({ value: [notice(more)] })?.[0];

describe('a delivery of Graph', () => {
  it('says which object to look at, with the secret that it carries', () => {
    expect(told({ resource: 'Users/u1', resourceData: { id: 'u2' } })).toEqual({
      secret: 'sesame',
      hints: [{ object: { kind: 'account', id: 'u1' }, reason: 'told updated', event: 'account u1' }],
    });
  });

  it('says of a membership that the member is to be looked at, as delta does', () => {
    const hints = told({ resource: 'Groups/g1', resourceData: { 'members@delta': [{ id: 'u1' }, { id: 7 }] } })?.hints;
    expect(hints).toMatchObject([
      { object: { kind: 'group', id: 'g1' } },
      { object: { kind: 'account', id: 'u1' }, aspects: ['groups'], about: { kind: 'group', id: 'g1' }, event: 'group g1' },
    ]);
  });

  it('proves no deletion, and says that one may have been', () => {
    const deleted = told({ resource: 'Users/u1', changeType: 'deleted' });
    expect(deleted?.deletion).toBe(true);
    expect(deleted?.hints[0]?.deleted).toBeUndefined();
  });

  it.each([
    ['reauthorizationRequired', 'renew'],
    ['subscriptionRemoved', 'removed'],
    ['missed', 'missed'],
  ])('%s is about the subscription, not about an object', (lifecycleEvent, what) => {
    expect(told({ lifecycleEvent, resource: 'users' })).toMatchObject({ hints: [], subscription: { id: 's1', what } });
  });

  it('is none when it is no list, and says nothing of what it cannot read', () => {
    for (const body of [undefined, null, [], {}, { value: 'x' }]) expect(decodeNotices(body)).toBeUndefined();
    const strange = [
      null,
      7,
      {},
      notice({ resource: 'Users/a/b' }),
      notice({ resource: 'me/events/1' }),
      notice({ lifecycleEvent: 'toString' }),
    ];
    expect(decodeNotices({ value: strange })?.flatMap(({ hints, subscription }) => [...hints, subscription ?? []].flat())).toEqual([]);
  });
});
