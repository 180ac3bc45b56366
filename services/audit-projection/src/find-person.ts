import type { Database } from '@muster/read-store';
import { ProblemError } from '@muster/service-kit';
import { sql } from 'kysely';

/** Somebody who was asked for. An erased person has an id only. */
export interface Person {
  readonly identityId: string;
  readonly employeeNumber?: string;
  readonly displayName?: string;
}

interface Row {
  identity_id: string;
  employee_number: string | null;
  display_name: string | null;
}

const SHOWN = 20;

/** `given.family` of `given.family@domain`, if logins may stand before that domain; undefined for anything else. */
export function loginIn(asked: string, domains: readonly string[]): string | undefined {
  const [local, domain, ...rest] = asked.toLowerCase().split('@');
  if (rest.length > 0 || !local) return undefined;
  if (domain === undefined) return local;
  return domains.length === 0 || domains.some((known) => known.toLowerCase() === domain) ? local : undefined;
}

/**
 * Finds one person by identity id, employee number, login with or without domain, work email, display name or the id of an account.
 *
 * @throws ProblemError person.unknown or person.ambiguous, the latter with the ids of all who match.
 */
export async function findPerson(db: Database, asked: string, domains: readonly string[]): Promise<Person> {
  const { rows } = await sql<Row>`
    select identity_id, employee_number, display_name from person
    where identity_id::text = lower(${asked}) or employee_number = ${asked} or login = ${loginIn(asked, domains) ?? null}
      or email = lower(${asked}) or display_name = ${asked}
      or identity_id in (
        select identity_id from identity_stream where stream = ${asked} or (stream like 'account-%' and substr(stream, strpos(stream, '.') + 1) = ${asked}))
    order by identity_id limit ${SHOWN + 1}`.execute(db);
  const [row] = rows;
  if (!row) throw new ProblemError('person.unknown');
  if (rows.length > 1) {
    const problems = rows.slice(0, SHOWN).map(({ identity_id: id }) => ({ record: id, message: 'this identity matches' }));
    throw new ProblemError('person.ambiguous', { problems });
  }
  return {
    identityId: row.identity_id,
    ...(row.employee_number === null ? {} : { employeeNumber: row.employee_number }),
    ...(row.display_name === null ? {} : { displayName: row.display_name }),
  };
}
