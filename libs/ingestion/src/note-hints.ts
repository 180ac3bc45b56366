import type { Hint } from '@muster/connector';
import type { AwaitedRead } from '@muster/identity';
import type { Database } from '@muster/read-store';
import { sql } from 'kysely';
import { scheduleFetches } from './rows.ts';
import type { ObjectKind, ObjectRef, Source } from './source.ts';

type Noting = Pick<Source, 'config' | 'now'>;

interface Watched {
  kind: ObjectKind;
  id: string;
  recheck: string;
  deletion: string | null;
}

/**
 * Keeps hints as objects to fetch: now, and once more when every replica must have caught up. The same hint again, and in any order, only moves the
 * second fetch later. A sign of deletion is kept until a fetch was made.
 */
export async function noteHints(transaction: Database, source: Noting, hints: readonly Hint[]): Promise<void> {
  const now = source.now().getTime();
  const recheck = new Date(now + source.config.settleMs).toISOString();
  const watched = new Map<string, Watched>();
  for (const { object, deleted } of hints) {
    const key = `${object.kind}/${object.id}`;
    watched.set(key, { ...object, recheck, deletion: deleted ?? watched.get(key)?.deletion ?? null });
  }
  await watch(transaction, source.config.name, [...watched.values()]);
  await scheduleFetches(
    transaction,
    source.config.name,
    [...watched.values()].map((ref) => ({ ...ref, due: new Date(now) })),
  );
}

/** Objects that a complete full read did not show, or showed otherwise than they are recorded. */
export async function noteDifferences(
  transaction: Database,
  source: Noting,
  refs: readonly ObjectRef[],
  deletion: 'full-read' | null,
): Promise<void> {
  const now = source.now();
  await watch(
    transaction,
    source.config.name,
    refs.map((ref) => ({ ...ref, recheck: now.toISOString(), deletion })),
  );
  await scheduleFetches(
    transaction,
    source.config.name,
    refs.map((ref) => ({ ...ref, due: now })),
  );
}

/** Has an account read when a write of ours can be settled; the read will be recorded whatever it says. */
export async function noteAwaited(
  transaction: Database,
  source: Noting,
  accountId: string,
  awaited: readonly AwaitedRead[],
): Promise<void> {
  if (awaited.length === 0) return;
  const connection = source.config.name;
  await sql`
    insert into awaited_read (connection, account_id, aspect, from_at)
    select ${connection}, ${accountId}, aspect, from_at from jsonb_to_recordset(${JSON.stringify(awaited.map(({ aspect, from }) => ({ aspect, from_at: from })))}::jsonb) as r(aspect text, from_at timestamptz)
    on conflict do nothing`.execute(transaction);
  const times = awaited.map(({ from }) => from).toSorted();
  await watch(transaction, connection, [{ kind: 'account', id: accountId, recheck: times.at(-1) ?? '', deletion: null }]);
  await scheduleFetches(transaction, connection, [{ kind: 'account', id: accountId, due: new Date(times[0] ?? 0) }]);
}

async function watch(transaction: Database, connection: string, objects: readonly Watched[]): Promise<void> {
  if (objects.length === 0) return;
  const rows = objects.toSorted((a, b) => (a.kind + a.id < b.kind + b.id ? -1 : 1));
  await sql`
    insert into watched_object as w (connection, kind, id, recheck_at, deletion)
    select ${connection}, kind, id, recheck, deletion from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(kind text, id text, recheck timestamptz, deletion text)
    on conflict (connection, kind, id) do update
    set recheck_at = greatest(w.recheck_at, excluded.recheck_at), deletion = coalesce(excluded.deletion, w.deletion)`.execute(transaction);
}
