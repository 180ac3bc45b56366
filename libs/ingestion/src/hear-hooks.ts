import type { HooksConfig, SubscriptionNews, Told } from '@muster/connector';
import type { Database } from '@muster/read-store';
import { sameSecret } from '@muster/service-kit';
import { sql } from 'kysely';
import { noteHints } from './note-hints.ts';
import { hastenChanges, scheduleHooks } from './rows.ts';
import type { Source } from './source.ts';

type Hearing = Pick<Source, 'config' | 'now'>;

/**
 * Whether a secret is ours: the present one, or the one before it while it is being changed. Takes the same time whatever is wrong with it.
 */
export function provesSender(given: string | undefined, { secret, previousSecret = secret }: HooksConfig): boolean {
  const present = sameSecret(given ?? '', secret.reveal());
  const previous = sameSecret(given ?? '', previousSecret.reveal());
  return present || previous;
}

/**
 * Takes in what a vendor told us: each object becomes one to fetch, as with every hint, in the transaction of the caller. What was told before changes
 * nothing; a deletion, and whatever a vendor says it could not tell, has the log or delta read at once, which alone is believed.
 */
export async function hearHooks(transaction: Database, source: Hearing, told: readonly Told[]): Promise<void> {
  const { name } = source.config;
  const fresh = await notHeardBefore(transaction, source, told);
  await noteHeard(transaction, source, fresh);
  const hints = fresh.flatMap(({ hints: some }) => some);
  if (hints.length > 0) await noteHints(transaction, source, hints);
  const news = fresh.flatMap(({ subscription }) => subscription ?? []);
  if (news.length > 0) await heed(transaction, name, news);
  if (news.some(({ what }) => what !== 'renew') || fresh.some(({ deletion }) => deletion)) await hastenChanges(transaction, name);
}

/** Leaves out what is known by the vendor's own id of the event. */
async function notHeardBefore(transaction: Database, { config, now }: Hearing, told: readonly Told[]): Promise<Told[]> {
  const ids = [...new Set(told.flatMap(({ once }) => once ?? []))].toSorted();
  if (ids.length === 0) return [...told];
  const { rows } = await sql<{ event: string }>`
    insert into hook_event as h (connection, event, heard_at)
    select ${config.name}, id, ${now().toISOString()}::timestamptz from unnest(${ids}::text[]) as r(id)
    on conflict (connection, event) do update set heard_at = excluded.heard_at where h.heard_at is null
    returning event`.execute(transaction);
  const fresh = new Set(rows.map(({ event }) => event));
  return told.filter(({ once }) => once === undefined || fresh.delete(once));
}

/** Remembers by which name the log or delta will show the same. */
async function noteHeard(transaction: Database, { config, now }: Hearing, told: readonly Told[]): Promise<void> {
  const events = [...new Set(told.flatMap(({ hints }) => hints.flatMap(({ event }) => event ?? [])))].toSorted();
  if (events.length === 0) return;
  await sql`
    insert into hook_event (connection, event, heard_at)
    select ${config.name}, event, ${now().toISOString()}::timestamptz from unnest(${events}::text[]) as r(event)
    on conflict (connection, event) do update set heard_at = excluded.heard_at`.execute(transaction);
}

async function heed(transaction: Database, connection: string, news: readonly SubscriptionNews[]): Promise<void> {
  const ids = news.filter(({ what }) => what === 'renew').map(({ id }) => id);
  await sql`update kept_hook set renew = true where connection = ${connection} and id = any(${ids}::text[])`.execute(transaction);
  await scheduleHooks(transaction, connection);
}
