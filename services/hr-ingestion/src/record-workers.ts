import { randomUUID } from 'node:crypto';
import type { ScimBulkRequest, ScimBulkResponse } from '@muster/contracts';
import type { EventStore } from '@muster/event-store';
import { type OperationProblem, readOperation, type Operation } from './read-operation.ts';
import { recordArrival } from './record-worker.ts';

export interface Push {
  readonly connection: string;
  readonly deliveryId: string;
  readonly receivedAt: string;
  readonly request: ScimBulkRequest;
}

type Answer = ScimBulkResponse['Operations'][number];

/**
 * Records what a bulk push states and answers each operation, in order, after its event is in the store. The same record again, a late one and
 * a push that is repeated whole are all answered as accepted and change nothing twice. One bad operation keeps no other from being recorded.
 *
 * @throws what the store throws; then nothing is promised and the sender repeats the push.
 */
export async function recordWorkers(store: EventStore, push: Push): Promise<ScimBulkResponse> {
  const answers: Answer[] = [];
  const byWorker = Map.groupBy([...push.request.Operations.entries()], ([, operation]) => workerKeyOf(operation));
  await Promise.all(
    [...byWorker.values()].map(async (operations) => {
      for (const [index, operation] of operations) answers[index] = await recordOne(store, push, { index, operation });
    }),
  );
  return { schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkResponse'], Operations: answers };
}

/** Operations on one worker keep their order; those of different workers need none. */
const workerKeyOf = ({ bulkId, data }: Operation): string =>
  typeof data.externalId === 'string' ? `key ${data.externalId}` : `operation ${bulkId}`;

async function recordOne(store: EventStore, push: Push, { index, operation }: { index: number; operation: Operation }): Promise<Answer> {
  const { method, bulkId } = operation;
  const read = readOperation(operation);
  if ('problems' in read) return { method, bulkId, status: '400', response: refusal(read.problems) };
  const { record } = read;
  const { connection, receivedAt, deliveryId } = push;
  const delivery = { id: deliveryId, operation: index };
  await recordArrival(store, { connection, record, receivedAt, delivery, correlationId: randomUUID() });
  return { method, bulkId, status: method === 'POST' ? '201' : '200', location: `/Users/${encodeURIComponent(record.externalId)}` };
}

const refusal = (problems: readonly OperationProblem[]): Record<string, unknown> => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
  status: '400',
  scimType: 'invalidValue',
  detail: problems.map(({ field, message }) => `${field}: ${message}`).join('; '),
  problems,
});
