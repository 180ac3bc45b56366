import { type ScimBulkRequest, validateData, type WorkerRecord } from '@muster/contracts';

const WORKER = 'urn:muster:scim:schemas:extension:worker:1.0:User';

export type Operation = ScimBulkRequest['Operations'][number];

/** What is wrong with one operation: the record it concerns, the field, and what to do. Values are never quoted. */
export interface OperationProblem {
  record: string;
  field: string;
  message: string;
}

/** The record that an operation states, or everything that is wrong with it. */
export type ReadOperation = { record: WorkerRecord } | { problems: OperationProblem[] };

/** Reads one operation of a bulk push. POST and PUT state a record; a field that is missing says nothing, null clears. */
export function readOperation(operation: Operation): ReadOperation {
  const { bulkId, method, data } = operation;
  if (method === 'PATCH') {
    return { problems: [{ record: bulkId, field: 'method', message: 'PATCH is not supported: send POST with the fields that changed' }] };
  }
  const found = validateData('WorkerRecord', data);
  if (found.length > 0) {
    return {
      problems: found.map(({ pointer, expected, remedy }) => ({
        record: bulkId,
        field: pointer || '/',
        message: `expected ${expected}. ${remedy}`,
      })),
    };
  }
  const record = data as unknown as WorkerRecord;
  const zone = unknownZone(record);
  if (zone !== undefined)
    return { problems: [{ record: bulkId, field: zone, message: 'expected an IANA time zone such as Europe/Berlin. Correct it.' }] };
  const named = /^\/Users\/(.+)$/.exec(operation.path)?.[1];
  if (named !== undefined && decodeURIComponent(named) !== record.externalId) {
    return {
      problems: [{ record: bulkId, field: '/externalId', message: 'it differs from the worker that the path names: make them equal' }],
    };
  }
  return { record };
}

/** Where a record names a time zone that nobody knows: its dates would be taken for those of another. */
const unknownZone = (record: WorkerRecord): string | undefined => {
  const zones: [string, string | null | undefined][] = [
    [`/${WORKER}/timeZone`, record[WORKER].timeZone],
    ['/timezone', record.timezone],
  ];
  return zones.find(([, zone]) => typeof zone === 'string' && !isZone(zone))?.[0];
};

const isZone = (zone: string): boolean => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
};
