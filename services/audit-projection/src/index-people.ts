import { type AccountLinked, type CommandEnded, type IdentityCreated, parseStream, streamOf } from '@muster/contracts';
import type { Message } from '@muster/messaging';
import type { Database } from '@muster/read-store';
import { sql } from 'kysely';

/** The parts of an event that say whose it is. */
export type Fact = Pick<Message, 'stream' | 'type'> & { readonly data: object };

/** The streams that a fact of an identity's own streams joins to the person: they stay the person's for ever, as history. */
export function streamsNamedBy({ type, data }: Fact): string[] {
  switch (type) {
    case 'IdentityCreated':
      return [(data as IdentityCreated).source.stream];
    case 'AccountLinked': {
      const { connection, accountId } = data as AccountLinked;
      return [streamOf.account(connection, accountId)];
    }
    case 'CommandEnded': {
      const { caseId } = data as CommandEnded;
      return caseId === undefined ? [] : [streamOf.case(caseId)];
    }
    default:
      return [];
  }
}

/** Notes which streams are a person's. */
export async function indexStreams(db: Database, batch: readonly Message[]): Promise<void> {
  const rows = batch.flatMap((message) => {
    const parsed = parseStream(message.stream);
    if (parsed === undefined || !('identity' in parsed)) return [];
    return [message.stream, ...streamsNamedBy(message)].map((stream) => ({ identity_id: parsed.identity, stream }));
  });
  if (rows.length === 0) return;
  await sql`
    insert into identity_stream
    select distinct * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(identity_id uuid, stream text)
    on conflict do nothing`.execute(db);
}

interface Names {
  employee_number: string | null;
  login: string | null;
  email: string | null;
  display_name: string | null;
}

const nobody: Names = { employee_number: null, login: null, email: null, display_name: null };

const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

const loginSaid = ({ data }: Message): Partial<Names> => ({ login: text(data.login)?.toLowerCase() ?? null });

const attributesSaid = ({ data }: Message): Partial<Names> => {
  const { employeeNumber, email, displayName } = data.attributes as Record<string, unknown>;
  return { employee_number: text(employeeNumber), email: text(email)?.toLowerCase() ?? null, display_name: text(displayName) };
};

/** What an event says of how a person is called; undefined: nothing. */
function namesSaidBy(message: Message): Partial<Names> | undefined {
  switch (message.type) {
    case 'IdentityCreated':
      return {};
    case 'LoginAssigned':
      return message.erased ? {} : loginSaid(message);
    case 'IdentityAttributesChanged':
      return message.erased ? {} : attributesSaid(message);
    case 'IdentityErased':
      return nobody;
    default:
      return undefined;
  }
}

/** Keeps the names under which people are found. An erased person keeps none. */
export async function indexNames(db: Database, batch: readonly Message[]): Promise<void> {
  const people = new Map<string, Partial<Names>>();
  for (const message of batch) {
    const said = namesSaidBy(message);
    if (said === undefined) continue;
    const identityId = message.data.identityId as string;
    people.set(identityId, { ...people.get(identityId), ...said });
  }
  for (const [identityId, said] of people) {
    const has = (name: keyof Names): boolean => Object.hasOwn(said, name);
    const names = { ...nobody, ...said };
    await sql`
      insert into person as p (identity_id, employee_number, login, email, display_name)
      values (${identityId}, ${names.employee_number}, ${names.login}, ${names.email}, ${names.display_name})
      on conflict (identity_id) do update set
        employee_number = case when ${has('employee_number')} then excluded.employee_number else p.employee_number end,
        login = case when ${has('login')} then excluded.login else p.login end,
        email = case when ${has('email')} then excluded.email else p.email end,
        display_name = case when ${has('display_name')} then excluded.display_name else p.display_name end`.execute(db);
  }
}
