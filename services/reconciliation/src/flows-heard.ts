import type { Database } from '@muster/read-store';
import { sql } from 'kysely';

/** Up to which position of the store changes of flows were heard of; undefined: never, or the rows were lost. */
export async function flowsHeardUpTo(db: Database): Promise<string | undefined> {
  const { rows } = await sql<{ position: string }>`select position from flows_heard`.execute(db);
  return rows[0]?.position;
}

export async function noteFlowsHeard(db: Database, position: string): Promise<void> {
  await sql`
    insert into flows_heard (only_one, position) values (true, ${position})
    on conflict (only_one) do update set position = excluded.position`.execute(db);
}
