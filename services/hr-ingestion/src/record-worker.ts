import { schemaOf, streamOf, type WorkerRecord, type WorkerRecorded } from '@muster/contracts';
import type { EventStore } from '@muster/event-store';
import { localDate, recordWorker, startOfDay, workerCategory, zoneOf } from '@muster/identity';

const WORKER = 'urn:muster:scim:schemas:extension:worker:1.0:User';

/** A record as it came, on whichever way. */
export interface Arrival {
  readonly connection: string;
  readonly record: WorkerRecord;
  /** When it came: what names no effective date holds from that day on. */
  readonly receivedAt: string;
  readonly delivery: NonNullable<WorkerRecorded['delivery']>;
  readonly correlationId: string;
}

/** The stream of a worker, whichever way its records come. */
export const workerStream = async (store: EventStore, connection: string, workerKey: string): Promise<string> =>
  streamOf.worker(connection, await store.personalFields.opaqueName('worker', connection, workerKey));

/**
 * Records what HR stated of one worker, with both its times: when it holds (occurredAt) and, by the store, when it was heard. The same record again changes
 * nothing. Answers what came of it; on return it stands in the store.
 *
 * @throws what the store throws; repeating is safe.
 */
export async function recordArrival(store: EventStore, arrival: Arrival): Promise<'created' | 'changed' | 'same'> {
  const { connection, record, correlationId } = arrival;
  const stream = await workerStream(store, connection, record.externalId);
  const stated = await describe(store, stream, arrival);
  const occurredAt = startOfDay(stated.effectiveFrom, zoneOf(record));
  const { revision, position } = await store.decide(workerCategory, stream, recordWorker(stated), ({ type }) => ({
    correlationId,
    occurredAt,
    schema: schemaOf(type),
    actor: `hr:${connection}`,
  }));
  if (position === undefined) return 'same';
  return revision === 0 ? 'created' : 'changed';
}

async function describe(store: EventStore, stream: string, { connection, record, receivedAt, delivery }: Arrival): Promise<WorkerRecorded> {
  const { recordVersion, effectiveFrom } = record[WORKER];
  return {
    connection,
    workerKey: record.externalId,
    sourceKey: await store.personalFields.valueHmac(stream, record),
    effectiveFrom: effectiveFrom ?? localDate(receivedAt, zoneOf(record)),
    record,
    delivery,
    ...(recordVersion === undefined ? {} : { recordVersion }),
  };
}
