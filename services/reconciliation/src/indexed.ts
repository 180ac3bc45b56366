import { comparePositions, type EventStore } from '@muster/event-store';
import { readCheckpoint } from '@muster/messaging';
import type { Database } from '@muster/read-store';

/** The name under which messages keep how far they have come. */
const CHECKPOINT = 'store';

export interface Indexing {
  readonly db: Database;
  readonly store: Pick<EventStore, 'headPosition'>;
  readonly transport: 'embedded' | 'kafka';
}

/**
 * How to tell that everything is indexed that the store held when this was asked. An index that was there before is only as late as messages are. On Kafka the checkpoint
 * is written once, after everything before it, and never moves: it must not be measured against a position, as events go on being recorded meanwhile.
 */
export async function indexedUpToNow({ db, store, transport }: Indexing): Promise<() => Promise<boolean>> {
  if (transport === 'kafka') return async () => (await readCheckpoint(db, CHECKPOINT).catch(() => undefined)) !== undefined;
  if ((await readCheckpoint(db, CHECKPOINT)) !== undefined) return () => Promise.resolve(true);
  const head = await store.headPosition();
  return async () => {
    const reached = await readCheckpoint(db, CHECKPOINT).catch(() => undefined);
    return reached !== undefined && comparePositions(reached, head) >= 0;
  };
}
