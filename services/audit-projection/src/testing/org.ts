import { streamOf } from '@muster/contracts';
import { HMAC, type Stated } from './hire.ts';

/** An org with a group and a flow in force, read completely at `at`. */
export const org = (at: string): Stated[] => {
  const read = { readId: 'full-1', kind: 'full' as const, startedAt: at };
  const connection = 'okta-main';
  const proof = { complete: true, pages: 2, counts: { users: 0, groups: 1 }, permissions: [], missingPermissions: [] };
  return [
    {
      stream: streamOf.flow('joiner'),
      type: 'FlowPublished',
      data: { flowId: 'joiner', version: 1, document: { flow: 'joiner' }, contentHash: HMAC, publishedBy: 'files' },
      occurredAt: at,
    },
    { stream: streamOf.read(connection), type: 'ReadStarted', data: { connection, read, scopes: ['users', 'groups'] }, occurredAt: at },
    {
      stream: streamOf.group(connection, '00g1'),
      type: 'GroupObserved',
      data: { connection, groupId: '00g1', name: 'Engineering', groupKind: 'OKTA_GROUP', writable: true, read },
      occurredAt: at,
    },
    { stream: streamOf.read(connection), type: 'ReadCompleted', data: { connection, read, finishedAt: at, ...proof }, occurredAt: at },
    {
      stream: streamOf.read(connection),
      type: 'WatermarkAdvanced',
      data: { connection, source: 'log', watermark: at, readAt: at },
      occurredAt: at,
    },
  ];
};

export const groupGone = (at: string): Stated => ({
  stream: streamOf.group('okta-main', '00g1'),
  type: 'GroupDeleted',
  data: { connection: 'okta-main', groupId: '00g1', evidence: 'log', read: { readId: `read-${at}`, kind: 'fetch', startedAt: at } },
  occurredAt: at,
});
