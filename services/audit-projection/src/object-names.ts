import type { EntitlementRef } from '@muster/contracts';
import type { Database } from '@muster/read-store';
import { sql } from 'kysely';

/** How a group or app is called; undefined for one that was never read. */
export type NameOf = (connection: string, ref: Pick<EntitlementRef, 'kind' | 'id'>) => string | undefined;

interface Row {
  connection: string;
  kind: string;
  id: string;
  name: string;
}

const keyOf = (connection: string, kind: string, id: string): string => `${connection} ${kind} ${id}`;

/** Looks up the names of all objects that are spoken of, at once. */
export async function namesOf(db: Database, refs: readonly { connection: string; kind: string; id: string }[]): Promise<NameOf> {
  const { rows } = await sql<Row>`
    select connection, kind, id, name from object_name
    join (select distinct * from jsonb_to_recordset(${JSON.stringify(refs)}::jsonb) as r(connection text, kind text, id text)) asked
    using (connection, kind, id)`.execute(db);
  const names = new Map(rows.map(({ connection, kind, id, name }) => [keyOf(connection, kind, id), name]));
  return (connection, { kind, id }) => names.get(keyOf(connection, kind, id));
}

/** Every object of a kind that bears this name or id. */
export async function objectsNamed(db: Database, kind: string, name: string): Promise<Row[]> {
  const { rows } = await sql<Row>`
    select connection, kind, id, name from object_name where kind = ${kind} and (name = ${name} or id = ${name}) order by connection, id limit 100`.execute(
    db,
  );
  return rows;
}
