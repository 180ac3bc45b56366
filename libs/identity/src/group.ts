import type { GroupDeleted, GroupObserved, ReadRef } from '@muster/contracts';
import type { EventOf, StreamCategory } from './category.ts';
import { isBefore, later } from './instants.ts';
import { sameJson } from './values.ts';

export type GroupEvent = EventOf<'GroupObserved' | 'GroupDeleted' | 'GroupRestored'>;

export interface Group {
  readonly revision: number;
  readonly existence: 'unknown' | 'there' | 'deleted';
  readonly connection?: string;
  readonly groupId?: string;
  readonly name?: string;
  readonly groupKind?: string;
  readonly writable?: boolean;
  readonly notWritableBecause?: string;
  readonly profile?: GroupObserved['profile'];
  /** Start of the last recorded read. */
  readonly readAt?: string;
  readonly deletedAt?: string;
  readonly since?: string;
}

/** Stream `group-<connection>.<id>`; what the group itself holds is folded by `accountCategory` from the same stream. */
export const groupCategory: StreamCategory<Group, GroupEvent> = {
  name: 'group',
  initial: { revision: -1, existence: 'unknown' },
  types: ['GroupObserved', 'GroupDeleted', 'GroupRestored'],
  timeless: true,
  evolve: (before, event) => {
    const { revision } = event;
    const { startedAt } = event.data.read;
    switch (event.type) {
      case 'GroupObserved': {
        const { read: _read, ...seen } = event.data;
        return { ...seen, revision, existence: 'there', readAt: startedAt, since: before.since ?? startedAt };
      }
      case 'GroupDeleted':
        return { ...before, revision, existence: 'deleted', deletedAt: startedAt };
      case 'GroupRestored':
        return { ...before, revision, existence: 'there' };
    }
  },
};

const unchanged = (group: Group, seen: Omit<GroupObserved, 'read'>): boolean =>
  group.existence === 'there' &&
  group.name === seen.name &&
  group.groupKind === seen.groupKind &&
  group.writable === seen.writable &&
  group.notWritableBecause === seen.notWritableBecause &&
  (seen.profile === undefined || sameJson(group.profile, seen.profile));

/** Records what a fetch saw of a group; known or stale yields nothing. A deleted group seen again after settle time is restored. */
export const observeGroup =
  (seen: Omit<GroupObserved, 'read'>, { read, settleMs }: { read: ReadRef; settleMs: number }) =>
  (group: Group): GroupEvent[] => {
    if (isBefore(read.startedAt, group.readAt) || unchanged(group, seen)) return [];
    if (group.existence === 'deleted' && group.deletedAt !== undefined && isBefore(read.startedAt, later(group.deletedAt, settleMs)))
      return [];
    const { connection, groupId } = seen;
    const back: GroupEvent[] = group.existence === 'deleted' ? [{ type: 'GroupRestored', data: { connection, groupId, read } }] : [];
    return [...back, { type: 'GroupObserved', data: { ...seen, read } }];
  };

/** Records that a group is gone, on the same evidence as for accounts; unknown, deleted or seen later yields nothing. */
export const deleteGroup =
  (evidence: GroupDeleted['evidence'], read: ReadRef) =>
  (group: Group): GroupEvent[] =>
    group.existence === 'there' && group.connection !== undefined && group.groupId !== undefined && !isBefore(read.startedAt, group.readAt)
      ? [{ type: 'GroupDeleted', data: { connection: group.connection, groupId: group.groupId, evidence, read } }]
      : [];
