import { type ScimBulkRequest, validateData, type WorkerRecord } from '@muster/contracts';

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
  const named = /^\/Users\/(.+)$/.exec(operation.path)?.[1];
  if (named !== undefined && decodeURIComponent(named) !== record.externalId) {
    return {
      problems: [{ record: bulkId, field: '/externalId', message: 'it differs from the worker that the path names: make them equal' }],
    };
  }
  return { record };
}
