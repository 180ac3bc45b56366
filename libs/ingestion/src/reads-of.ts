import { type ReadRef, streamOf } from '@muster/contracts';
import type { Loaded, Transacted } from '@muster/event-store';
import { readCategory, type ReadEvent, type Reads } from '@muster/identity';
import { metadataOf } from './facts.ts';
import type { Source } from './source.ts';

/** As they were folded last: a full read of many groups commits hundreds of pages, and each look reads on from here. */
const kept = new WeakMap<Source, Loaded<Reads>>();

/** What was kept meanwhile by somebody who is further stays: a decision on less than this process has written itself would be about another past. */
function keep(source: Source, { state, revision }: Loaded<Reads>): void {
  if (revision >= (kept.get(source)?.revision ?? -1)) kept.set(source, { state, revision });
}

/** The reads of a connection, as they stand in `read-<connection>`. */
export async function readsOf(source: Source): Promise<Reads> {
  const loaded = await source.store.load(readCategory, streamOf.read(source.config.name), kept.get(source));
  keep(source, loaded);
  return loaded.state;
}

/** Appends what a decision says to `read-<connection>` and gives the state after it. */
export const decide = async (source: Source, read: ReadRef, decision: (reads: Reads) => ReadEvent[]): Promise<Reads> =>
  (await record(source, read, decision)).state;

/** The same, with what was appended. */
export async function record(source: Source, read: ReadRef, decision: (reads: Reads) => ReadEvent[]): Promise<Transacted<Reads>> {
  const stream = streamOf.read(source.config.name);
  const known = kept.get(source);
  const recorded = await source.store.transact(readCategory, known ? { stream, ...known } : stream, decision, metadataOf(source, read));
  keep(source, recorded);
  return recorded;
}
