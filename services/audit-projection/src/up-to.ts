import { START_POSITION } from '@muster/event-store';
import type { Database } from '@muster/read-store';
import { sql } from 'kysely';

/** How far an answer is true. */
export interface UpTo {
  readonly position: string;
  readonly recordedAt: string | null;
}

/** How far the projection has come. Answers about a person read the store itself up to here, so nothing of them before this position is missing. */
export async function projectedUpTo(db: Database): Promise<UpTo> {
  const { rows } = await sql<{
    position: string;
    recorded_at: Date;
  }>`select position, recorded_at from event_index order by commit_position desc limit 1`.execute(db);
  const last = rows[0];
  return last ? { position: last.position, recordedAt: last.recorded_at.toISOString() } : { position: START_POSITION, recordedAt: null };
}
