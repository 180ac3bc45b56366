import { loadStates, saveStates } from '@muster/read-store';
import { sql } from 'kysely';
import { FOLD, type KnownObject, type LoadedObject, objectCategory, streamOfObject } from './facts.ts';
import type { ObjectKind, ObjectRef, Source } from './source.ts';

/** What is known of some objects, from the saved states; those not saved are as unknown as if they had no stream. The tail is the caller's to read. */
export async function knownObjects(source: Source, refs: readonly ObjectRef[]): Promise<Map<string, LoadedObject>> {
  const streams = refs.map((ref) => streamOfObject(source.config.name, ref));
  const saved = await loadStates<KnownObject>(source.database.db, FOLD, streams);
  return new Map(streams.map((stream) => [stream, saved.get(stream) ?? { state: objectCategory.initial, revision: -1 }]));
}

export async function saveKnown(
  source: Source,
  states: readonly { stream: string; state: KnownObject; revision: number }[],
): Promise<void> {
  await saveStates(
    source.database.db,
    FOLD,
    states.filter(({ revision }) => revision >= 0),
  );
}

/** Objects of a kind that are recorded as being there, with the start of the first read that saw them. */
export async function objectsThere(source: Source, kind: ObjectKind): Promise<{ id: string; since: string }[]> {
  const prefix = streamOfObject(source.config.name, { kind, id: 'x' }).slice(0, -1);
  const face = kind === 'account' ? 'holder' : kind;
  const { rows } = await sql<{ id: string; since: string | null }>`
    select substr(stream, ${prefix.length + 1}) as id, coalesce(state -> ${face} ->> 'since', state -> ${face} ->> 'readAt') as since
    from current
    where starts_with(stream, ${prefix}) and fold = ${FOLD} and state -> ${face} ->> 'existence' = 'there'`.execute(source.database.db);
  return rows.flatMap(({ id, since }) => (since === null ? [] : [{ id, since }]));
}
