import { describe, expect, it } from '@jest/globals';
import { commitPage, completeRead, concludeAbsences, failRead, readCategory, startRead, type ReadEvent } from './read.ts';
import { given } from './testing.ts';

const connection = 'entra-main';
const read = { readId: 'r1', kind: 'full' as const, startedAt: '2026-03-02T09:00:00.000Z' };
const started: ReadEvent[] = given(readCategory).when(startRead({ connection, read, scopes: ['users'] }));
const page = (number: number, items: number) => commitPage({ connection, readId: 'r1', scope: 'users', page: number, items });
const end = { finishedAt: '2026-03-02T09:01:00.000Z', permissions: [], missingPermissions: [], shortfalls: [] };
const play = (past: ReadEvent[], ...decisions: ((state: never) => ReadEvent[])[]): ReadEvent[] =>
  decisions.reduce((events, decide) => [...events, ...given(readCategory, events).when(decide as never)], past);

describe('a full read', () => {
  it('commits each page once and refuses a gap', () => {
    const past = play(started, page(0, 5) as never);
    expect(given(readCategory, past).when(page(0, 5))).toEqual([]);
    expect(() => given(readCategory, past).when(page(2, 5))).toThrow(RangeError);
  });

  it('is complete only if no list fell short, no permission is missing and no count shrank', () => {
    const past = play(started, page(0, 20) as never);
    const complete = (change: object, before = past) => given(readCategory, before).when(completeRead('r1', { ...end, ...change }));
    expect(complete({})).toMatchObject([{ data: { complete: true, counts: { users: 20 } } }]);
    expect(complete({ missingPermissions: ['Member.Read.Hidden'] })).toMatchObject([
      { data: { complete: false, incompleteBecause: [{ code: 'read.permission_missing' }] } },
    ]);
    expect(complete({ expected: { users: 21 } })).toMatchObject([
      { data: { complete: false, incompleteBecause: [{ code: 'read.count_short' }] } },
    ]);
    expect(complete({ shortfalls: [{ code: 'read.page_missing', scope: 'users', message: '' }] })).toMatchObject([
      { data: { complete: false } },
    ]);
    const first = play(past, completeRead('r1', end) as never);
    const second = play(
      first,
      startRead({ connection, read: { ...read, readId: 'r2' }, scopes: ['users'] }) as never,
      commitPage({ connection, readId: 'r2', scope: 'users', page: 0, items: 9 }) as never,
    );
    expect(given(readCategory, second).when(completeRead('r2', end))).toMatchObject([
      { data: { complete: false, incompleteBecause: [{ code: 'read.count_implausible' }] } },
    ]);
    expect(given(readCategory, second).when(completeRead('r2', { ...end, acceptCounts: true }))).toMatchObject([
      { data: { complete: true } },
    ]);
  });

  it('ends once', () => {
    const past = play(started, completeRead('r1', end) as never);
    expect(given(readCategory, past).when(completeRead('r1', end))).toEqual([]);
    expect(given(readCategory, past).when(failRead(connection, 'r1', { code: 'x', kind: 'transient', message: '' }))).toEqual([]);
    expect(given(readCategory, past).when(startRead({ connection, read, scopes: ['users'] }))).toEqual([]);
  });
});

describe('an absence', () => {
  const known = [
    { id: 'old', since: '2026-03-01T09:00:00.000Z' },
    { id: 'new', since: '2026-03-02T08:59:30.000Z' },
  ];

  it('I8: proves nothing unless the read was complete', () => {
    expect(concludeAbsences({ complete: false, read }, known, { seen: new Set(), settleMs: 120_000 })).toEqual([]);
  });

  it('proves nothing of what became known within settle time before the read', () => {
    expect(concludeAbsences({ complete: true, read }, known, { seen: new Set(), settleMs: 120_000 })).toEqual(['old']);
    expect(concludeAbsences({ complete: true, read }, known, { seen: new Set(['old']), settleMs: 120_000 })).toEqual([]);
  });
});
