import { describe, expect, it } from '@jest/globals';
import type { ReadRef } from '@muster/contracts';
import fc from 'fast-check';
import { accountCategory, type AccountEvent } from './account.ts';
import { instant } from './instants.ts';
import { deleteAccount, observeAccount, observeEntitlements } from './observe-account.ts';
import { given, recorded } from './testing.ts';

const START = Date.parse('2026-03-02T09:00:00.000Z');
const at = (second: number): string => instant(START + second * 1000);
const read = (second: number): ReadRef => ({ readId: `r${second}`, kind: 'fetch', startedAt: at(second) });
const reading = (second: number, awaited: { aspect: 'profile' | 'status' | 'groups'; from: string }[] = []) => ({
  read: read(second),
  settleMs: 30_000,
  awaited,
});
const sight = (profile: Record<string, string | null>, enabled = true) => ({
  connection: 'okta-main',
  accountId: '00u1',
  profile,
  status: enabled ? 'ACTIVE' : 'SUSPENDED',
  enabled,
  aspects: ['profile' as const, 'status' as const],
});
const holder = { connection: 'okta-main', holder: { kind: 'account' as const, id: '00u1' } };
const group = (id: string) => ({ entitlement: { kind: 'group' as const, id }, via: 'direct' as const });

const seen = (second: number, profile: Record<string, string | null>): AccountEvent[] =>
  given(accountCategory).when(observeAccount(sight(profile), reading(second)));

describe('an observed account', () => {
  it('is recorded when it is new or differs, and not when nothing changed', () => {
    const past = seen(10, { title: 'Chief' });
    expect(past.map(({ type }) => type)).toEqual(['AccountObserved']);
    expect(given(accountCategory, past).when(observeAccount(sight({ title: 'Chief' }), reading(20)))).toEqual([]);
    expect(given(accountCategory, past).when(observeAccount(sight({ title: 'Writer' }), reading(20)))).toHaveLength(1);
  });

  it('is confirmed once by the first read that somebody waits for, even if it finds nothing new', () => {
    const past = seen(10, { title: 'Chief' });
    const wait = [{ aspect: 'profile' as const, from: at(40) }];
    expect(given(accountCategory, past).when(observeAccount(sight({ title: 'Chief' }), reading(39, wait)))).toEqual([]);
    const confirmed = given(accountCategory, past).when(observeAccount(sight({ title: 'Chief' }), reading(41, wait)));
    expect(confirmed).toMatchObject([{ type: 'AccountConfirmed', data: { aspects: ['profile'] } }]);
    expect(given(accountCategory, [...past, ...confirmed]).when(observeAccount(sight({ title: 'Chief' }), reading(45, wait)))).toEqual([]);
  });

  it('is confirmed by a trimmed read only as far as that reaches, and by the next whole one as awaited still', () => {
    const past = seen(10, { title: 'Chief', department: 'Ships' });
    const wait = [{ aspect: 'profile' as const, from: at(40) }];
    const partly = given(accountCategory, past).when(observeAccount(sight({ title: 'Chief' }), reading(41, wait)));
    expect(partly).toMatchObject([{ type: 'AccountObserved', data: { profile: { title: 'Chief' } } }]);
    const { fields } = given(accountCategory, [...past, ...partly]).state;
    expect([fields['title']?.readAt, fields['department']?.readAt]).toEqual([at(41), at(10)]);
    const whole = sight({ title: 'Chief', department: 'Ships' });
    expect(given(accountCategory, [...past, ...partly]).when(observeAccount(sight({ title: 'Chief' }), reading(45, wait)))).toEqual([]);
    expect(given(accountCategory, [...past, ...partly]).when(observeAccount(whole, reading(50, wait)))).toMatchObject([
      { type: 'AccountConfirmed' },
    ]);
    expect(given(accountCategory, past).after(observeAccount(sight({ title: 'Writer' }), reading(41))).fields['department']?.value).toBe(
      'Ships',
    );
  });

  it('E6: ignores a read that began before the last recorded one, for profile and entitlements', () => {
    const past = [
      ...seen(10, { title: 'Old' }),
      ...given(accountCategory, seen(10, { title: 'Old' })).when(observeAccount(sight({ title: 'New' }), reading(30))),
    ];
    expect(given(accountCategory, past).when(observeAccount(sight({ title: 'Old' }), reading(20)))).toEqual([]);
    const granted = given(accountCategory).when(observeEntitlements(holder, { aspect: 'groups', items: [group('g1')] }, reading(10)));
    const gone = given(accountCategory, granted).when(observeEntitlements(holder, { aspect: 'groups', items: [] }, reading(30)));
    expect(gone).toMatchObject([{ type: 'EntitlementGone' }]);
    expect(
      given(accountCategory, [...granted, ...gone]).when(
        observeEntitlements(holder, { aspect: 'groups', items: [group('g1')] }, reading(20)),
      ),
    ).toEqual([]);
  });

  it('E5: ends in the same state whatever the order in which recorded reads arrive', () => {
    const titles = fc.constantFrom('Chief', 'Writer', null);
    const reads = fc.uniqueArray(fc.record({ second: fc.integer({ min: 1, max: 500 }), title: titles, enabled: fc.boolean() }), {
      selector: ({ second }) => second,
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(reads, fc.infiniteStream(fc.nat()), (arriving, order) => {
        const shuffled = arriving.toSorted(() => (order.next().value ?? 0) - 1_000_000_000);
        const state = shuffled.reduce<AccountEvent[]>(
          (past, { second, title, enabled }) => [
            ...past,
            ...given(accountCategory, past).when(
              observeAccount(
                sight({ title }, enabled),
                reading(second, [
                  { aspect: 'profile', from: at(second) },
                  { aspect: 'status', from: at(second) },
                ]),
              ),
            ),
          ],
          [],
        );
        const newest = arriving.toSorted((a, b) => a.second - b.second).at(-1);
        const { fields, enabled } = given(accountCategory, state).state;
        expect({ title: fields['title']?.value, enabled: enabled?.value }).toEqual({ title: newest?.title, enabled: newest?.enabled });
      }),
    );
  });
});

describe('a deleted account', () => {
  const there = seen(10, { title: 'Chief' });
  const deleted = [...there, ...given(accountCategory, there).when(deleteAccount('log', read(20)))];

  it('is recorded once, and not against a later read that saw it', () => {
    expect(deleted.at(-1)).toMatchObject({ type: 'AccountDeleted', data: { evidence: 'log' } });
    expect(given(accountCategory, deleted).when(deleteAccount('log', read(30)))).toEqual([]);
    expect(given(accountCategory, there).when(deleteAccount('log', read(5)))).toEqual([]);
    expect(given(accountCategory).when(deleteAccount('log', read(5)))).toEqual([]);
  });

  it('is not restored by an old replica, and is by a read after settle time', () => {
    expect(given(accountCategory, deleted).when(observeAccount(sight({ title: 'Chief' }), reading(49)))).toEqual([]);
    const back = given(accountCategory, deleted).when(observeAccount(sight({ title: 'Chief' }), reading(51)));
    expect(back.map(({ type }) => type)).toEqual(['AccountRestored', 'AccountObserved']);
  });
});

describe('any prefix of an account', () => {
  it('folds, and a decision made on it twice adds nothing the second time', () => {
    const step = fc.record({
      second: fc.integer({ min: 1, max: 300 }),
      title: fc.constantFrom('a', 'b', null),
      groups: fc.subarray(['g1', 'g2', 'g3']),
      gone: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 10 }), (steps) => {
        let past: AccountEvent[] = [];
        for (const { second, title, groups, gone } of steps) {
          const decisions = [
            observeAccount(sight({ title }), reading(second)),
            observeEntitlements(holder, { aspect: 'groups', items: groups.map(group) }, reading(second)),
            ...(gone ? [deleteAccount('log', read(second))] : []),
          ];
          for (const decide of decisions) {
            past = [...past, ...given(accountCategory, past).when(decide)];
            expect(given(accountCategory, past).when(decide)).toEqual([]);
          }
        }
        expect(recorded(past).map((_, index) => given(accountCategory, past.slice(0, index)).state.revision)).toEqual(
          past.map((_, index) => index - 1),
        );
      }),
    );
  });
});
