import { attributesOf } from '@muster/identity';
import type { EventData, ReadRef } from '@muster/contracts';
import { entitlementText, list, pairs } from './wording.ts';
import type { Summaries } from './summaries.ts';

const evidences = {
  fetch: 'a fetch saw it',
  removed: 'the vendor said so',
  log: 'the log said so',
  'full-read': 'a complete read lacked it',
} as const;

const readText = ({ kind }: ReadRef): string => ({ full: 'full read', incremental: 'incremental read', fetch: 'fetch' })[kind];

const held = ({ holder }: { holder: EventData['EntitlementObserved']['holder'] }): string => `${holder.kind} ${holder.id}`;

const recordText = ({ connection, workerKey, record, recordVersion, effectiveFrom }: EventData['WorkerRecorded']): string => {
  const version = recordVersion === undefined ? '' : ` version ${recordVersion}`;
  // Of an erased worker the key and the record are gone.
  const stated = (record as typeof record | undefined) === undefined ? 'erased' : pairs(attributesOf(record));
  return `${connection}: record${(workerKey as string | undefined) === undefined ? '' : ` of worker ${workerKey}`}${version}, effective ${effectiveFrom} (${stated})`;
};

/** What was seen in HR systems and directories. */
export const sourceSummaries: Pick<
  Summaries,
  | 'WorkerRecorded'
  | 'WorkerRecordArrivedLate'
  | 'AccountObserved'
  | 'AccountConfirmed'
  | 'AccountDeleted'
  | 'AccountRestored'
  | 'AccountDisablementTraced'
  | 'EntitlementObserved'
  | 'EntitlementGone'
  | 'GroupObserved'
  | 'GroupDeleted'
  | 'GroupRestored'
  | 'AppObserved'
  | 'AppDeleted'
  | 'PageCommitted'
  | 'ReadStarted'
  | 'ReadCompleted'
  | 'ReadFailed'
  | 'WatermarkAdvanced'
> = {
  WorkerRecorded: recordText,
  WorkerRecordArrivedLate: (data) => `${recordText(data)} came late, behind version ${data.newerVersion}; nothing changes`,
  AccountObserved: ({ connection, accountId, status, enabled, aspects, profile, read }) =>
    `${connection}: ${readText(read)} saw account ${accountId}, ${status}, ${enabled ? 'enabled' : 'not enabled'}, ${list(aspects)} (${pairs(profile)})`,
  AccountConfirmed: ({ connection, accountId, aspects, read }) =>
    `${connection}: ${readText(read)} confirmed ${list(aspects)} of account ${accountId}`,
  AccountDeleted: ({ connection, accountId, evidence }) => `${connection}: account ${accountId} is gone; ${evidences[evidence]}`,
  AccountRestored: ({ connection, accountId }) => `${connection}: account ${accountId} is back`,
  AccountDisablementTraced: ({ connection, accountId, by, actor, at }) => {
    const who = { us: 'Muster', other: actor ?? 'somebody else', nobody: 'nobody', unknown: 'nobody that the log names' }[by];
    return `${connection}: account ${accountId} was disabled by ${who}${at === undefined ? '' : ` at ${at}`}`;
  },
  EntitlementObserved: (data, nameOf) =>
    `${data.connection}: ${readText(data.read)} saw that ${held(data)} has ${entitlementText(data.connection, data.entitlement, nameOf)}, ${data.via}`,
  EntitlementGone: (data, nameOf) =>
    `${data.connection}: ${held(data)} has ${entitlementText(data.connection, data.entitlement, nameOf)} no more; ${evidences[data.evidence]}`,
  GroupObserved: ({ connection, groupId, name }) => `${connection}: group ${name} (${groupId})`,
  GroupDeleted: ({ connection, groupId, evidence }) => `${connection}: group ${groupId} is gone; ${evidences[evidence]}`,
  GroupRestored: ({ connection, groupId }) => `${connection}: group ${groupId} is back`,
  AppObserved: ({ connection, appId, name, status }) => `${connection}: app ${name} (${appId}), ${status}`,
  AppDeleted: ({ connection, appId, evidence }) => `${connection}: app ${appId} is gone; ${evidences[evidence]}`,
  PageCommitted: ({ connection, scope, page, items }) => `${connection}: page ${page} of ${scope}, ${items} items`,
  ReadStarted: ({ connection, scopes }) => `${connection}: a full read of ${list(scopes)} began`,
  ReadCompleted: ({ connection, read, complete }) => `${connection}: a ${readText(read)} ended, ${complete ? 'complete' : 'not complete'}`,
  ReadFailed: ({ connection, fault }) => `${connection}: a read was given up: ${fault.message}`,
  WatermarkAdvanced: ({ connection, source, watermark }) => `${connection}: ${source} is recorded up to ${watermark}`,
};
