import type { Hint } from '@muster/connector';
import type { Database, ReadStore } from '@muster/read-store';
import { sql } from 'kysely';
import type { Source } from './source.ts';

const DAY_MS = 86_400_000;
const KEPT_MS = 3 * DAY_MS;
/** A hook may come after the log has shown the same. */
const LATE_MS = 300_000;

type Checking = Pick<Source, 'config' | 'now'>;

/**
 * Writes down what the log or delta showed of that of which hooks tell, in the transaction that has it fetched: what no hook told by then and soon after was
 * missed, and is repaired by that fetch.
 *
 * @param since what a delta showed may have been told from then on; undefined where each event has an id of its own
 */
export async function checkHooks(transaction: Database, { config, now }: Checking, hints: readonly Hint[], since?: string): Promise<void> {
  if (!config.hooks) return;
  const events = [...new Set(hints.flatMap(({ event }) => event ?? []))].toSorted();
  const at = now().toISOString();
  if (events.length > 0)
    await sql`
      insert into hook_event as h (connection, event, logged_at)
      select ${config.name}, event, ${at}::timestamptz from unnest(${events}::text[]) as r(event)
      on conflict (connection, event) do update set logged_at = excluded.logged_at,
        heard_at = case when h.heard_at < ${since ?? null}::timestamptz then null else h.heard_at end`.execute(transaction);
  await sql`
    delete from hook_event where connection = ${config.name}
      and coalesce(logged_at, heard_at) < ${new Date(now().getTime() - KEPT_MS).toISOString()}::timestamptz`.execute(transaction);
}

/** How a connection hears of changes. */
export interface HookStatus {
  readonly connection: string;
  /** `hooks`: within a second or so, where each hook is active; `polling`: no hook is configured, or none is active. */
  readonly hearsBy: 'hooks' | 'polling';
  readonly hooks: readonly { of: string; state: string; expiresAt: string | null; because: string | null; checkedAt: string }[];
  /** Of the last day. */
  readonly heard: number;
  readonly lastHeardAt: string | null;
  /** Shown by the log or delta and told by no hook: found and fetched by polling, later than it could have been. */
  readonly missed: number;
}

/** The hooks of a connection, what they told and what they did not. */
export async function hookStatus(database: ReadStore, { config, now }: Checking): Promise<HookStatus> {
  const { name } = config;
  const { rows: hooks } = await sql<{ of: string; state: string; expires_at: Date | null; because: string | null; checked_at: Date }>`
    select of, state, expires_at, because, checked_at from kept_hook where connection = ${name} order by of`.execute(database.db);
  const time = now().getTime();
  const dayAgo = new Date(time - DAY_MS).toISOString();
  const late = new Date(time - LATE_MS / config.budget.timeFactor).toISOString();
  const { rows } = await sql<{ heard: number; last: Date | null; missed: number }>`
    select count(*) filter (where heard_at >= ${dayAgo}::timestamptz)::integer as heard, max(heard_at) as last,
      count(*) filter (where heard_at is null and logged_at >= ${dayAgo}::timestamptz and logged_at < ${late}::timestamptz)::integer as missed
    from hook_event where connection = ${name}`.execute(database.db);
  const { heard, last, missed } = rows[0] ?? { heard: 0, last: null, missed: 0 };
  const byHand = config.hooks !== undefined && !config.hooks.register && heard > 0;
  return {
    connection: name,
    hearsBy: config.hooks && (byHand || hooks.some(({ state }) => state === 'active')) ? 'hooks' : 'polling',
    hooks: hooks.map(({ of, state, expires_at, because, checked_at }) => ({
      of,
      state,
      expiresAt: expires_at?.toISOString() ?? null,
      because,
      checkedAt: checked_at.toISOString(),
    })),
    heard,
    lastHeardAt: last?.toISOString() ?? null,
    missed,
  };
}
