import type { ReadRef, WorkerRecorded } from '@muster/contracts';
import type { Message } from '@muster/messaging';
import type { Lane } from '@muster/work';

const WORKER = 'urn:muster:scim:schemas:extension:worker:1.0:User';
/** A delivery of more records than this is about a population. */
const FEW_RECORDS = 10;

/** How urgent each record is: a termination above all, a record by itself next, one among many last. */
export function lanesOfWorkers(messages: readonly (Message & { readonly data: WorkerRecorded })[]): Lane[] {
  const deliveries = Map.groupBy(messages, deliveryOf);
  return messages.map((message) => {
    if (isLeaving(message)) return 'leaver';
    const together = deliveries.get(deliveryOf(message)) ?? [];
    // A delivery may come in pieces: the place of a record in it tells that there are more.
    const places = together.map(({ data }) => data.delivery?.operation ?? 0);
    return Math.max(together.length, ...places.map((place) => place + 1)) > FEW_RECORDS ? 'batch' : 'live';
  });
}

const deliveryOf = ({ data }: { readonly data: WorkerRecorded }): string => `${data.connection} ${data.delivery?.id ?? ''}`;

function isLeaving({ data, recordedAt }: Message & { readonly data: WorkerRecorded }): boolean {
  const { status, leaveDate } = data.record[WORKER];
  return status === 'terminated' || (typeof leaveDate === 'string' && leaveDate < recordedAt.slice(0, 10));
}

/** What a full read finds is about a population; what settles a write of ours is news to nobody. */
export function laneOfAccount({ type, data }: Pick<Message, 'type' | 'data'>): 'chain' | 'batch' {
  return type === 'AccountConfirmed' || isOfFullRead(data) ? 'batch' : 'chain';
}

export const laneOfObject = ({ data }: Pick<Message, 'data'>): 'live' | 'batch' => (isOfFullRead(data) ? 'batch' : 'live');

const isOfFullRead = (data: { readonly read?: ReadRef }): boolean => data.read?.kind === 'full';
