import type { Aspect } from '@muster/connector';
import type { AwaitedRead } from '@muster/identity';
import { sql } from 'kysely';
import type { Cause } from './facts.ts';
import type { Fetched, FetchReason } from './fetch-object.ts';
import type { ObjectRef, Source } from './source.ts';

interface Caused {
  readonly cause: string | null;
  readonly correlation: string | null;
}

const causeOf = ({ cause, correlation }: Caused): { cause?: Cause } =>
  cause === null || correlation === null ? {} : { cause: { causationId: cause, correlationId: correlation } };

/** Why an object is to be fetched: the hints and the writes of ours that are open for it. */
export async function reasonOf(source: Source, { kind, id }: ObjectRef): Promise<FetchReason> {
  const { name } = source.config;
  const { rows: watched } = await sql<Caused & { deletion: FetchReason['deletion'] | null; aspects: Aspect[] | null }>`
    select deletion, aspects, cause, correlation from watched_object where connection = ${name} and kind = ${kind} and id = ${id}`.execute(
    source.database.db,
  );
  const { rows } = await sql<Caused & { aspect: AwaitedRead['aspect']; from_at: Date }>`
    select aspect, from_at, cause, correlation from awaited_read where connection = ${name} and account_id = ${id}`.execute(
    source.database.db,
  );
  const awaited =
    kind === 'account' ? rows.map(({ aspect, from_at, ...caused }) => ({ aspect, from: from_at.toISOString(), ...causeOf(caused) })) : [];
  const { deletion, aspects } = watched[0] ?? {};
  return {
    awaited,
    ...(watched[0] ? causeOf(watched[0]) : {}),
    ...(deletion == null ? {} : { deletion }),
    ...(aspects ? { aspects: [...aspects, ...awaited.map(({ aspect }) => aspect)] } : {}),
  };
}

/**
 * Closes what a fetch served; gives when the rest is due. A hint whose fetch could not see everything stays open, and so does a write of ours whose aspect was
 * left out: they have no time of their own, they wait until more can be seen.
 */
export async function forgetServed(
  source: Source,
  { kind, id }: ObjectRef,
  { startedAt, aspects, whole }: Fetched,
): Promise<{ next: Date } | undefined> {
  const { name } = source.config;
  const { db } = source.database;
  await sql`
    delete from awaited_read where connection = ${name} and account_id = ${id} and ${kind} = 'account' and from_at <= ${startedAt}
      and (${whole}::boolean or aspect = any(${[...aspects]}::text[]))`.execute(db);
  if (whole) {
    await sql`delete from watched_object where connection = ${name} and kind = ${kind} and id = ${id} and recheck_at <= ${startedAt}`.execute(
      db,
    );
  } else {
    await sql`
      insert into watched_object (connection, kind, id, recheck_at, withheld) values (${name}, ${kind}, ${id}, ${startedAt}, true)
      on conflict (connection, kind, id) do update set withheld = true`.execute(db);
  }
  const { rows } = await sql<{ due: Date | null }>`
    select least(
      (select min(from_at) from awaited_read where connection = ${name} and account_id = ${id} and ${kind} = 'account' and from_at > ${startedAt}),
      (select recheck_at from watched_object where connection = ${name} and kind = ${kind} and id = ${id} and recheck_at > ${startedAt})
    ) as due`.execute(db);
  return rows[0]?.due ? { next: rows[0].due } : undefined;
}
