import { streamOf } from '@muster/contracts';
import { comparePositions, type EventStore, type RecordedEvent } from '@muster/event-store';
import { streamsNamedBy } from './index-people.ts';

/** Everything that the store holds about one person, in the order of the store. */
export interface History {
  readonly events: readonly RecordedEvent[];
  /** True if older events were left out. */
  readonly cut: boolean;
}

interface Extent {
  /** Nothing behind this position is read. */
  readonly upTo: string;
  /** The last so many events only. */
  readonly newest?: number;
}

/** Events of one stream in its order; with `newest` one more than that, so that the caller sees whether some were left out. */
export async function readEvents(store: EventStore, stream: string, { upTo, newest }: Extent): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const event of store.readStream(stream, { backwards: newest !== undefined })) {
    if (comparePositions(event.position, upTo) > 0) continue;
    events.push(event);
    if (events.length === (newest ?? Infinity) + 1) break;
  }
  return newest === undefined ? events : events.reverse();
}

const inStoreOrder = (a: RecordedEvent, b: RecordedEvent): number => comparePositions(a.position, b.position) || a.revision - b.revision;

/**
 * Reads the person's streams: HR record, identity, plan, provisioning, every account that was ever linked, and the cases about calls. Which streams
 * those are is read from the store too, so a projection that lags leaves nothing out before `upTo`.
 */
export async function readHistory(store: EventStore, identityId: string, { upTo, newest }: Extent): Promise<History> {
  const names = [streamOf.identity(identityId), streamOf.plan(identityId), streamOf.provisioning(identityId)] as const;
  // Whole, whatever `newest` says: they name the other streams.
  const [identity, provisioning] = await Promise.all([names[0], names[2]].map((name) => readEvents(store, name, { upTo })));
  const own = [...(identity ?? []), ...(provisioning ?? [])];
  const others = [...new Set([names[1], ...own.flatMap(streamsNamedBy)])];
  const extent = newest === undefined ? { upTo } : { upTo, newest };
  const rest = await Promise.all(others.map((stream) => readEvents(store, stream, extent)));
  const all = [...own, ...rest.flat()].toSorted(inStoreOrder);
  return newest !== undefined && all.length > newest ? { events: all.slice(-newest), cut: true } : { events: all, cut: false };
}
