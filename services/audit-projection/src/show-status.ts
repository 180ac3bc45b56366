import type { Database } from '@muster/read-store';
import { sql } from 'kysely';
import { countEvents } from './index-events.ts';
import { projectedUpTo, type UpTo } from './up-to.ts';

/** What there is, and what could not be indexed. */
export async function showStatus(db: Database): Promise<{ upTo: UpTo; counts: Record<string, number>; dead: number }> {
  const [upTo, counts, linked, dead] = await Promise.all([
    projectedUpTo(db),
    countEvents(db),
    sql<{ count: number }>`select count(*) from identity_stream where starts_with(stream, 'account-')`.execute(db),
    sql<{ count: number }>`select count(*) from dead_message where state = 'open'`.execute(db),
  ]);
  const count = (what: string): number => counts.get(what) ?? 0;
  return {
    upTo,
    counts: {
      identities: count('identity'),
      workers: count('worker'),
      accounts: count('account'),
      'linked accounts': linked.rows[0]?.count ?? 0,
      groups: count('group'),
      apps: count('app'),
      events: count('events'),
    },
    dead: dead.rows[0]?.count ?? 0,
  };
}
