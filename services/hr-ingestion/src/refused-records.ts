import { Fault } from '@muster/connector';
import type { RowProblem } from '@muster/connector-hr';
import type { Database, ReadStore } from '@muster/read-store';
import { upsertWork } from '@muster/work';
import { sql } from 'kysely';

/** The kind of the work rows by which refused records become dead letters. */
export const REFUSED = 'refused-record';

/** A row of the report that states no record. */
export interface RefusedRow {
  /** Its worker's stream, or its place if not even the key could be read. */
  readonly ref: string;
  readonly place: string;
  readonly problems: readonly RowProblem[];
}

const keyOf = (connection: string, ref: string): string => `${connection} ${ref}`;

const letters = (connection: string, refs: readonly string[]) => refs.map((ref) => ({ kind: REFUSED, key: keyOf(connection, ref) }));

/** Keeps what a read refused. Each becomes a dead letter, once: the same again, with the same problems, is known. */
export async function noteRefused(
  transaction: Database,
  read: { connection: string; readId: string },
  refused: readonly RefusedRow[],
): Promise<void> {
  if (refused.length === 0) return;
  const { connection, readId } = read;
  const byRef = [...new Map(refused.map((row) => [row.ref, row])).values()].toSorted((a, b) => (a.ref < b.ref ? -1 : 1));
  const { rows } = await sql<{ ref: string }>`
    with noted as (
      insert into refused_record as r (connection, ref, read_id, place, problems)
      select ${connection}, ref, ${readId}, place, problems from jsonb_to_recordset(${JSON.stringify(byRef)}::jsonb) as n(ref text, place text, problems jsonb)
      on conflict (connection, ref) do update set read_id = excluded.read_id, place = excluded.place, problems = excluded.problems,
        told = r.told and r.problems = excluded.problems
      returning ref, told
    )
    select ref from noted where not told`.execute(transaction);
  await upsertWork(
    transaction,
    letters(
      connection,
      rows.map(({ ref }) => ref),
    ),
  );
}

/** Ends the dead letters of workers whose rows are good now. */
export async function noteMended(transaction: Database, connection: string, streams: readonly string[]): Promise<void> {
  const { rows } = await sql<{ ref: string }>`
    delete from refused_record where connection = ${connection} and ref = any(${[...streams]}::text[]) returning ref`.execute(transaction);
  await upsertWork(
    transaction,
    letters(
      connection,
      rows.map(({ ref }) => ref),
    ),
  );
}

/** Ends the dead letters of rows that a whole full read did not refuse again. */
export async function endOlder(transaction: Database, read: { connection: string; readId: string }): Promise<void> {
  const { rows } = await sql<{ ref: string }>`
    delete from refused_record where connection = ${read.connection} and read_id <> ${read.readId} returning ref`.execute(transaction);
  await upsertWork(
    transaction,
    letters(
      read.connection,
      rows.map(({ ref }) => ref),
    ),
  );
}

/**
 * What becomes of one refused record: a dead letter, by the fault that is thrown; nothing, if it is mended. One that a person sends again is read again, with the
 * whole report: answers its connection then.
 */
export async function judgeRefused(database: ReadStore, key: string): Promise<{ readAgain: string } | undefined> {
  const [, connection = '', ref = ''] = /^(\S+) (.+)$/s.exec(key) ?? [];
  const { rows } = await sql<{ told: boolean; place: string; problems: RowProblem[] }>`
    update refused_record new set told = not old.told from refused_record old
    where new.connection = ${connection} and new.ref = ${ref} and old.connection = new.connection and old.ref = new.ref
    returning old.told, new.place, new.problems`.execute(database.db);
  const row = rows[0];
  if (!row) return undefined;
  if (row.told) return { readAgain: connection };
  const fields = row.problems.map(({ field }) => field).join(', ');
  throw new Fault({
    code: 'record.invalid',
    kind: 'refused',
    message: `${connection}: ${row.place}${ref === row.place ? '' : ` (${ref})`}: ${row.problems.map(({ field, message }) => `${field}: ${message}`).join(' ')}`,
    remedy: `Correct ${fields} in the HR system, or the field map of ${connection}; the next read takes it then.`,
  });
}
