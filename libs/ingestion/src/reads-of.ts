import { type ReadRef, streamOf } from '@muster/contracts';
import type { Loaded } from '@muster/event-store';
import { readCategory, type ReadEvent, type Reads } from '@muster/identity';
import { metadataOf } from './facts.ts';
import type { Source } from './source.ts';

/** As they were folded last: a full read of many groups commits hundreds of pages, and each look reads on from here. */
const kept = new WeakMap<Source, Loaded<Reads>>();

/** The reads of a connection, as they stand in `read-<connection>`. */
export async function readsOf(source: Source): Promise<Reads> {
  const loaded = await source.store.load(readCategory, streamOf.read(source.config.name), kept.get(source));
  kept.set(source, loaded);
  return loaded.state;
}

/** Appends what a decision says to `read-<connection>` and gives the state after it. */
export async function decide(source: Source, read: ReadRef, decision: (reads: Reads) => ReadEvent[]): Promise<Reads> {
  const stream = streamOf.read(source.config.name);
  const known = kept.get(source);
  const { state, revision } = await source.store.transact(
    readCategory,
    known ? { stream, ...known } : stream,
    decision,
    metadataOf(source, read),
  );
  kept.set(source, { state, revision });
  return state;
}
