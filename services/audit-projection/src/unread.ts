import type { Database } from '@muster/read-store';
import { sql } from 'kysely';
import type { Axes } from './axes.ts';

export interface UnreadNote {
  readonly connection: string;
  readonly note: string;
}

/** What must be said of connections of which no complete read was true and known by then: nothing can be concluded from what they do not show. */
export async function unreadNotes(db: Database, connections: readonly string[], { asOf, knownAt }: Axes): Promise<UnreadNote[]> {
  const { rows } = await sql<{ connection: string }>`
    select distinct connection from complete_read where occurred_at <= ${asOf} and recorded_at <= ${knownAt}`.execute(db);
  const read = new Set(rows.map(({ connection }) => connection));
  return [...new Set(connections)]
    .filter((connection) => !read.has(connection))
    .toSorted()
    .map((connection) => ({ connection, note: 'unknown: not read completely by then, so what is not shown here may have been there' }));
}
