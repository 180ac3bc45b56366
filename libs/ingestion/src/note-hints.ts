import type { Aspect, Hint } from '@muster/connector';
import type { AwaitedRead } from '@muster/identity';
import type { Database } from '@muster/read-store';
import { sql } from 'kysely';
import type { Cause } from './facts.ts';
import { scheduleFetches } from './rows.ts';
import type { ObjectKind, ObjectRef, Source } from './source.ts';

type Noting = Pick<Source, 'config' | 'now'>;

interface Watched {
  kind: ObjectKind;
  id: string;
  recheck: string;
  deletion: string | null;
  /** What to look at; null: everything. */
  aspects: readonly Aspect[] | null;
  /** The event that has it fetched. */
  cause?: string;
  correlation?: string;
}

const columnsOf = (cause: Cause | undefined): { cause?: string; correlation?: string } =>
  cause ? { cause: cause.causationId, correlation: cause.correlationId } : {};

/**
 * Keeps hints as objects to fetch: now, and once more when every replica must have caught up. The same hint again, and in any order, only moves the
 * second fetch later. A sign of deletion is kept until a fetch was made. An account that we have just written to is going to be read when that write can be
 * settled: as that is near, it serves hints, too, that are echoes, or most likely are, as nobody else is named as the actor.
 */
export async function noteHints(transaction: Database, source: Noting, hints: readonly Hint[]): Promise<void> {
  const now = source.now().getTime();
  const watched = new Map<string, Hinted>();
  const urgent = new Set<string>();
  for (const hint of hints) {
    const key = `${hint.object.kind}/${hint.object.id}`;
    const hinted = hintedBy(hint, source.config, now);
    if (hint.deleted !== undefined || hint.actor?.us === false) urgent.add(key);
    const before = watched.get(key);
    watched.set(key, before ? both(before, hinted) : hinted);
  }
  const { name } = source.config;
  await watch(transaction, name, [...watched.values()]);
  const awaited = await accountsToBeRead(transaction, name, { of: [...watched.values()], now: new Date(now) });
  const wanted = [...watched].filter(([key, ref]) => urgent.has(key) || ref.kind !== 'account' || !awaited.has(ref.id));
  await scheduleFetches(
    transaction,
    name,
    wanted.map(([, ref]) => ({ ...ref, due: new Date(ref.due) })),
  );
}

/** Accounts whose fetch is on its way already, as writes of ours wait to be settled. */
async function accountsToBeRead(
  transaction: Database,
  connection: string,
  { of, now }: { of: readonly Watched[]; now: Date },
): Promise<ReadonlySet<string>> {
  const ids = of.flatMap(({ kind, id }) => (kind === 'account' ? [id] : []));
  if (ids.length === 0) return new Set();
  const { rows } = await sql<{ account_id: string }>`
    select distinct account_id from awaited_read
    where connection = ${connection} and account_id = any(${ids}::text[]) and from_at > ${now.toISOString()}`.execute(transaction);
  return new Set(rows.map((row) => row.account_id));
}

type Hinted = Watched & { due: number };

const hintedBy = (hint: Hint, config: Noting['config'], now: number): Hinted => ({
  ...hint.object,
  ...timesOf(hint, config, now),
  deletion: hint.deleted ?? null,
  aspects: hint.aspects ?? null,
});

const both = (before: Hinted, now: Hinted): Hinted => ({
  ...now,
  recheck: before.recheck > now.recheck ? before.recheck : now.recheck,
  due: Math.min(before.due, now.due),
  deletion: now.deletion ?? before.deletion,
  aspects: united(before.aspects, now.aspects),
});

/** When to look, and when every replica must show it. The vendor's clock counts only where it leads to no earlier look than ours would. */
function timesOf({ actor, at, deleted }: Hint, { settleMs }: Noting['config'], now: number): { recheck: string; due: number } {
  const changed = at === undefined ? Number.NaN : Date.parse(at);
  if (actor?.us !== true || deleted !== undefined || !(changed <= now))
    return { recheck: new Date(now + settleMs).toISOString(), due: now };
  const settled = Math.max(changed + settleMs, now);
  return { recheck: new Date(settled).toISOString(), due: settled + restMs(settleMs) };
}

const united = (a: readonly Aspect[] | null, b: readonly Aspect[] | null): readonly Aspect[] | null =>
  a && b ? [...new Set([...a, ...b])] : null;

/** Objects that a complete full read did not show, or showed otherwise than they are recorded. */
export async function noteDifferences(
  transaction: Database,
  source: Noting,
  refs: readonly ObjectRef[],
  { deletion, cause }: { deletion: 'full-read' | null; cause: Cause | undefined },
): Promise<void> {
  const now = source.now();
  await watch(
    transaction,
    source.config.name,
    refs.map((ref) => ({ ...ref, recheck: now.toISOString(), deletion, aspects: null, ...columnsOf(cause) })),
  );
  await scheduleFetches(
    transaction,
    source.config.name,
    refs.map((ref) => ({ ...ref, due: now })),
  );
}

/** Reads of one account that settle writes of ours. */
export interface AwaitedReads {
  readonly accountId: string;
  readonly awaited: readonly AwaitedRead[];
  /** The result of the last of those writes. */
  readonly cause: Cause;
}

/** How much later than it could a read comes that settles: writes that follow one another, and the hints that echo them, are served by one. */
export const restMs = (settleMs: number): number => settleMs / 4;

/** Has accounts read when writes of ours can be settled; those reads will be recorded whatever they say. */
export async function noteAwaited(transaction: Database, source: Noting, reads: readonly AwaitedReads[]): Promise<void> {
  const wanted = reads.filter(({ awaited }) => awaited.length > 0);
  if (wanted.length === 0) return;
  const connection = source.config.name;
  const rows = wanted.flatMap(({ accountId, awaited, cause }) =>
    awaited.map(({ aspect, from }) => ({ account_id: accountId, aspect, from_at: from, ...columnsOf(cause) })),
  );
  await sql`
    insert into awaited_read (connection, account_id, aspect, from_at, cause, correlation)
    select ${connection}, account_id, aspect, from_at, cause, correlation
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(account_id text, aspect text, from_at timestamptz, cause text, correlation text)
    order by account_id, aspect, from_at
    on conflict do nothing`.execute(transaction);
  const byAccount = Map.groupBy(rows, (row) => row.account_id);
  const restedAt = (from: string): Date => new Date(Date.parse(from) + restMs(source.config.settleMs));
  const times = [...byAccount].map(([id, some]) => ({ id, froms: some.map((row) => row.from_at).toSorted() }));
  await watch(
    transaction,
    connection,
    times.map(({ id, froms }) => ({
      kind: 'account',
      id,
      recheck: restedAt(froms.at(-1) ?? '').toISOString(),
      deletion: null,
      aspects: [],
    })),
  );
  await scheduleFetches(
    transaction,
    connection,
    times.map(({ id, froms: [first = ''] }) => ({ kind: 'account', id, due: restedAt(first) })),
  );
}

async function watch(transaction: Database, connection: string, objects: readonly Watched[]): Promise<void> {
  if (objects.length === 0) return;
  const rows = objects.toSorted((a, b) => (a.kind + a.id < b.kind + b.id ? -1 : 1));
  await sql`
    insert into watched_object as w (connection, kind, id, recheck_at, deletion, aspects, cause, correlation)
    select ${connection}, kind, id, recheck, deletion, aspects, cause, correlation
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(kind text, id text, recheck timestamptz, deletion text, aspects text[], cause text, correlation text)
    on conflict (connection, kind, id) do update
    set recheck_at = greatest(w.recheck_at, excluded.recheck_at), deletion = coalesce(excluded.deletion, w.deletion),
      cause = coalesce(excluded.cause, w.cause), correlation = coalesce(excluded.correlation, w.correlation),
      aspects = case when w.aspects is null or excluded.aspects is null then null else array(select distinct unnest(w.aspects || excluded.aspects)) end`.execute(
    transaction,
  );
}
