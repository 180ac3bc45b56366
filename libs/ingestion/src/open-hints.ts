import type { Aspect } from '@muster/connector';
import type { AwaitedRead } from '@muster/identity';
import { sql } from 'kysely';
import type { Cause } from './facts.ts';
import type { Fetched, FetchReason } from './fetch-object.ts';
import { restMs } from './note-hints.ts';
import type { ObjectRef, Source } from './source.ts';

interface Caused {
  readonly cause: string | null;
  readonly correlation: string | null;
}

interface Row extends Caused {
  readonly awaited: boolean;
  readonly deletion: FetchReason['deletion'] | null;
  readonly aspects: Aspect[] | null;
  readonly aspect: AwaitedRead['aspect'] | null;
  readonly from_at: Date | null;
}

const causeOf = ({ cause, correlation }: Caused): { cause?: Cause } =>
  cause === null || correlation === null ? {} : { cause: { causationId: cause, correlationId: correlation } };

/** Why an object is to be fetched: the hints and the writes of ours that are open for it. */
export async function reasonOf(source: Source, { kind, id }: ObjectRef): Promise<FetchReason> {
  const { name } = source.config;
  const { rows } = await sql<Row>`
    select false as awaited, deletion, aspects, null as aspect, null::timestamptz as from_at, cause, correlation
    from watched_object where connection = ${name} and kind = ${kind} and id = ${id}
    union all
    select true, null, null, aspect, from_at, cause, correlation
    from awaited_read where connection = ${name} and account_id = ${id} and ${kind} = 'account'`.execute(source.database.db);
  const awaited = rows.flatMap(({ aspect, from_at, ...caused }) =>
    aspect && from_at ? [{ aspect, from: from_at.toISOString(), ...causeOf(caused) }] : [],
  );
  const watched = rows.find((row) => !row.awaited);
  const { deletion, aspects } = watched ?? {};
  return {
    awaited,
    ...(watched ? causeOf(watched) : {}),
    ...(deletion == null ? {} : { deletion }),
    ...(aspects ? { aspects: [...aspects, ...awaited.map(({ aspect }) => aspect)] } : {}),
  };
}

/**
 * Closes what a fetch served; gives when the rest is due. A hint whose fetch could not see everything stays open, and so does a write of ours whose aspect was
 * left out: they have no time of their own, they wait until more can be seen. Where the system is only still at work, that is after settle time.
 */
export async function forgetServed(
  source: Source,
  { kind, id }: ObjectRef,
  { startedAt, aspects, whole, underWay, awaited }: Fetched & Pick<FetchReason, 'awaited'>,
): Promise<{ next: Date } | undefined> {
  const { name, settleMs } = source.config;
  const again = new Date(Date.parse(startedAt) + (underWay ? settleMs : 0));
  const { rows } = await sql<{ settles: Date | null; recheck: Date | null }>`
    with settled as (
      -- Not what came to be awaited after the fetch had begun: it may not have looked at that.
      delete from awaited_read a using jsonb_to_recordset(${JSON.stringify(awaited.map(({ aspect, from }) => ({ aspect, from_at: from })))}::jsonb) as r(aspect text, from_at timestamptz)
      where a.connection = ${name} and a.account_id = ${id} and ${kind} = 'account' and a.aspect = r.aspect and a.from_at = r.from_at
        and a.from_at <= ${startedAt} and (${whole}::boolean or a.aspect = any(${[...aspects]}::text[]))
    ), seen as (
      delete from watched_object
      where ${whole}::boolean and connection = ${name} and kind = ${kind} and id = ${id} and recheck_at <= ${startedAt}
    ), withheld as (
      insert into watched_object (connection, kind, id, recheck_at, withheld)
      select ${name}, ${kind}, ${id}, ${again.toISOString()}::timestamptz, ${underWay !== true}::boolean where not ${whole}::boolean
      on conflict (connection, kind, id) do update
      set withheld = excluded.withheld, recheck_at = greatest(watched_object.recheck_at, excluded.recheck_at)
    )
    select
      (select min(from_at) from awaited_read where connection = ${name} and account_id = ${id} and ${kind} = 'account' and from_at > ${startedAt}) as settles,
      (select recheck_at from watched_object where connection = ${name} and kind = ${kind} and id = ${id} and recheck_at > ${startedAt}) as recheck`.execute(
    source.database.db,
  );
  const { settles, recheck } = rows[0] ?? { settles: null, recheck: null };
  if (underWay) return { next: again };
  const due = [...(settles ? [settles.getTime() + restMs(settleMs)] : []), ...(recheck ? [recheck.getTime()] : [])];
  return due.length > 0 ? { next: new Date(Math.min(...due)) } : undefined;
}
