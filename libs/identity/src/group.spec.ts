import { describe, expect, it } from '@jest/globals';
import { appCategory, deleteApp, observeApp } from './app.ts';
import { deleteGroup, groupCategory, observeGroup } from './group.ts';
import { given } from './testing.ts';

const read = (second: number) => ({
  readId: `r${second}`,
  kind: 'fetch' as const,
  startedAt: `2026-03-02T09:00:${String(second).padStart(2, '0')}.000Z`,
});
const staff = { connection: 'okta-main', groupId: 'g1', name: 'Staff', groupKind: 'OKTA_GROUP', writable: true };
const mail = { connection: 'okta-main', appId: 'a1', name: 'Mail', status: 'ACTIVE' };

describe('a group', () => {
  const seen = given(groupCategory).when(observeGroup(staff, { read: read(10), settleMs: 30_000 }));

  it('is recorded when it is new or differs, and not from a read before the last one', () => {
    expect(given(groupCategory, seen).when(observeGroup(staff, { read: read(20), settleMs: 30_000 }))).toEqual([]);
    expect(given(groupCategory, seen).when(observeGroup({ ...staff, writable: false }, { read: read(20), settleMs: 30_000 }))).toHaveLength(
      1,
    );
    expect(given(groupCategory, seen).when(observeGroup({ ...staff, name: 'Old' }, { read: read(5), settleMs: 30_000 }))).toEqual([]);
  });

  it('is deleted once, and restored only by a read after settle time', () => {
    const gone = [...seen, ...given(groupCategory, seen).when(deleteGroup('log', read(20)))];
    expect(gone.at(-1)?.type).toBe('GroupDeleted');
    expect(given(groupCategory, gone).when(deleteGroup('log', read(25)))).toEqual([]);
    expect(given(groupCategory, gone).when(observeGroup(staff, { read: read(49), settleMs: 30_000 }))).toEqual([]);
    const back = given(groupCategory, gone).when(observeGroup(staff, { read: read(51), settleMs: 30_000 }));
    expect(back.map(({ type }) => type)).toEqual(['GroupRestored', 'GroupObserved']);
  });
});

describe('an app', () => {
  const seen = given(appCategory).when(observeApp(mail, read(10)));

  it('is recorded when it is new or differs, and deleted once', () => {
    expect(given(appCategory, seen).when(observeApp(mail, read(20)))).toEqual([]);
    expect(given(appCategory, seen).when(observeApp({ ...mail, status: 'INACTIVE' }, read(20)))).toHaveLength(1);
    const gone = [...seen, ...given(appCategory, seen).when(deleteApp('log', read(20)))];
    expect(given(appCategory, gone).when(deleteApp('log', read(25)))).toEqual([]);
    expect(given(appCategory, seen).when(deleteApp('log', read(5)))).toEqual([]);
  });
});
