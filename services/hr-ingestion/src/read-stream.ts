import { type ReadRef, schemaOf, streamOf } from '@muster/contracts';
import { readCategory, type ReadEvent, type Reads } from '@muster/identity';
import type { Source } from './source.ts';

export const loadReads = async (source: Source): Promise<Reads> =>
  (await source.store.load(readCategory, streamOf.read(source.name))).state;

/** Appends what a decision says to `read-<connection>` and gives the state after it. */
export async function decideRead(source: Source, read: ReadRef, decision: (reads: Reads) => ReadEvent[]): Promise<Reads> {
  const { state } = await source.store.transact(readCategory, streamOf.read(source.name), decision, ({ type }) => ({
    correlationId: read.readId,
    occurredAt: read.startedAt,
    schema: schemaOf(type),
    actor: `connector:${source.name}`,
  }));
  return state;
}
