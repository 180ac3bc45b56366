import { randomUUID } from 'node:crypto';
import type { ReadRef } from '@muster/contracts';
import { advanceWatermark } from '@muster/identity';
import { upsertWork } from '@muster/work';
import { checkHooks } from './check-hooks.ts';
import { decide, readsOf } from './reads-of.ts';
import { noteHints } from './note-hints.ts';
import { FULL_READ } from './rows.ts';
import type { Source } from './source.ts';

/** A watermark that only moved, over nothing, is written down at most this often: an idle system does not fill the store. */
const IDLE_MS = 3_600_000;

/**
 * Follows every log of changes of a connection from its watermark to the present. What it says is kept as objects to fetch before the watermark
 * moves on, so a crash between the two repeats hints and loses none. Before the first full read there is nothing to follow.
 *
 * Where a log cannot say what happened, a full read is asked for before its watermark moves on.
 *
 * @returns whether anything was asked of the connection
 * @throws Fault of the connector
 */
export async function readChanges(source: Source): Promise<boolean> {
  const { name } = source.config;
  const state = await readsOf(source);
  let asked = false;
  for (const reader of source.connection.readers.changes) {
    const mark = state.watermarks[reader.source];
    if (!mark) continue;
    asked = true;
    for await (const page of reader.changes(mark.watermark, { lane: 'live' })) {
      if (page.missedChanges === true) await upsertWork(source.database.db, [{ kind: FULL_READ, key: name, connection: name }]);
      if (page.items.length > 0)
        await source.database.transaction(async (transaction) => {
          await noteHints(transaction, source, page.items);
          await checkHooks(transaction, source, page.items, source.config.kind === 'entra' ? mark.readAt : undefined);
        });
      const idle = page.items.length === 0 && Date.parse(page.startedAt) - Date.parse(mark.readAt) < IDLE_MS;
      if (page.next === undefined || idle) continue;
      const read: ReadRef = { readId: randomUUID(), kind: 'incremental', startedAt: page.startedAt };
      await decide(
        source,
        read,
        advanceWatermark({ connection: name, source: reader.source, watermark: page.next, readAt: page.startedAt }),
      );
    }
  }
  return asked;
}
