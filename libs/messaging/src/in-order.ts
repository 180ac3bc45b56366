import { setTimeout as sleep } from 'node:timers/promises';
import type { EventStore } from '@muster/event-store';
import { toMessageOn, type Arrival, type Message } from './message.ts';

/** What the strategies need of the event store. */
export type GapReader = Pick<EventStore, 'readStream'>;

/** A message, or an arrival that the store knows nothing of. */
export type Ordered = { message: Message } | { unknown: Arrival };

/** Pauses that one batch spends on events which the store does not hold, however many there are. */
const PATIENCE = 2;
const PAUSE_MS = 150;

/**
 * Turns what arrived into what is to be handled: drops what was seen, and fills each gap in a stream's revisions from the store, so that every
 * stream continues without a hole. `revisions` is moved along. An arrival that the store does not hold is none of its events: it moves nothing.
 */
export async function* inOrder(store: GapReader, arrivals: readonly Arrival[], revisions: Map<string, number>): AsyncGenerator<Ordered> {
  const patience = { left: PATIENCE };
  for (const arrival of arrivals) {
    const { stream, revision, message } = arrival;
    const seen = revisions.get(stream) ?? -1;
    if (revision <= seen) continue;
    if (message && revision === seen + 1) {
      revisions.set(stream, revision);
      yield { message };
    } else {
      yield* fromStore(store, arrival, { revisions, patience });
    }
  }
}

interface Run {
  revisions: Map<string, number>;
  patience: { left: number };
}

async function* fromStore(store: GapReader, arrival: Arrival, { revisions, patience }: Run): AsyncGenerator<Ordered> {
  const { topic, stream, revision } = arrival;
  for (;;) {
    const from = (revisions.get(stream) ?? -1) + 1;
    for await (const event of store.readStream(stream, { from, until: { revision } })) {
      revisions.set(stream, event.revision);
      yield { message: toMessageOn(topic, event) };
    }
    if ((revisions.get(stream) ?? -1) >= revision) return;
    if (patience.left === 0) break;
    // The store answered the append before anything was published; a pause is for a read that meets a server which is behind.
    patience.left -= 1;
    await sleep(PAUSE_MS);
  }
  yield { unknown: arrival };
}
