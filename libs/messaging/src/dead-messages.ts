import { describeError, type Database, type DeadLetter, type Described, type ReadStore } from '@muster/read-store';
import { sql } from 'kysely';
import type { Arrival, Message } from './message.ts';

/** Notified when somebody asks for another attempt. */
export const REDRIVE = 'redrive';

/** A record of a topic that is not one of our events. */
export interface Unreadable {
  topic: string;
  partition: number;
  offset: string;
  code: string;
  error: string;
}

/** Keeps a reference to a message that its handler threw on, and parks its key: what follows of that key waits behind it. */
export async function bury(transaction: Database, message: Message, cause: { error: unknown; attempts: number }): Promise<void> {
  const { code, text } = describeError(cause.error);
  await insert(transaction, message, { state: 'open', code, error: text, attempts: cause.attempts });
  await sql`insert into parked_key (topic, key) values (${message.topic}, ${message.key}) on conflict do nothing`.execute(transaction);
}

/** Keeps a reference to a message whose key is parked. */
export const park = (transaction: Database, message: Message): Promise<void> =>
  insert(transaction, message, {
    state: 'later',
    code: 'messaging.waits',
    error: 'It waits for an earlier message of its key.',
    attempts: 0,
  });

/** Keeps a reference to an event that could not be carried on, for a person to see. Nothing waits behind it. */
export const putAside = (db: Database, at: Arrival, { code, text }: Described): Promise<void> =>
  insert(db, at, { state: 'open', code, error: text, attempts: 1 });

/** Keeps a reference to an arrival that names an event which the store does not have. It parks nothing: no event of ours follows it. */
export const buryUnknown = (transaction: Database, arrival: Arrival): Promise<void> =>
  putAside(transaction, arrival, { code: 'messaging.not_in_store', text: 'The message names an event that the store does not hold.' });

/** Keeps a reference to a record that is none of our messages. Repeating is harmless. */
export async function buryUnreadable(db: Database, records: readonly Unreadable[]): Promise<void> {
  if (records.length === 0) return;
  const rows = records.map(({ topic, partition, offset, code, error }) => ({
    topic,
    key: `@${partition}/${offset}`,
    partition,
    record_offset: offset,
    code,
    error,
  }));
  await sql`
    insert into dead_message (topic, key, partition, record_offset, state, code, error, attempts)
    select topic, key, partition, record_offset, 'open', code, error, 1
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(topic text, key text, partition integer, record_offset numeric, code text, error text)
    on conflict do nothing`.execute(db);
}

interface Cause {
  state: DeadLetter['state'];
  code: string;
  error: string;
  attempts: number;
}

async function insert(db: Database, at: Arrival | Message, { state, code, error, attempts }: Cause): Promise<void> {
  const { topic, key, stream, revision } = at;
  const [id, type] = 'id' in at ? [at.id, at.type] : [null, null];
  await sql`
    insert into dead_message (topic, key, stream, revision, event_id, type, state, code, error, attempts)
    values (${topic}, ${key}, ${stream}, ${revision}, ${id}, ${type}, ${state}, ${code}, ${error}, ${attempts})`.execute(db);
}

interface DeadRow {
  id: number;
  topic: string;
  key: string;
  stream: string | null;
  revision: number | null;
  event_id: string | null;
  type: string | null;
  partition: number | null;
  record_offset: string | null;
  state: DeadLetter['state'];
  code: string;
  error: string;
  attempts: number;
  since: Date;
  retry_at: Date | null;
}

/** Dead messages of a consumer, oldest first. `id` picks one; `after` is the id that the last page ended with. */
export async function listDeadMessages(store: ReadStore, page: { id?: string; after?: string; max?: number } = {}): Promise<DeadLetter[]> {
  const { rows } = await sql<DeadRow>`
    select d.*, p.retry_at from dead_message d left join parked_key p on p.topic = d.topic and p.key = d.key
    where d.id > ${page.after ?? '0'}::bigint and (${page.id ?? null}::bigint is null or d.id = ${page.id ?? null}::bigint)
    order by d.id limit ${page.max ?? 100}`.execute(store.db);
  return rows.map(toDeadLetter);
}

/** Dead messages that have one code. */
export interface DeadMessageCause {
  readonly code: string;
  readonly count: number;
  readonly oldest: string;
  readonly newest: string;
}

/** How many dead messages each cause keeps, all of them counted. */
export async function deadMessageCauses(store: ReadStore): Promise<DeadMessageCause[]> {
  const { rows } = await sql<{ code: string; count: number; oldest: Date; newest: Date }>`
    select code, count(*) as count, min(since) as oldest, max(since) as newest from dead_message group by code order by code`.execute(
    store.db,
  );
  return rows.map((row) => ({ ...row, oldest: row.oldest.toISOString(), newest: row.newest.toISOString() }));
}

function toDeadLetter(row: DeadRow): DeadLetter {
  const event = { stream: row.stream, revision: row.revision, eventId: row.event_id, type: row.type };
  return {
    id: String(row.id),
    source: 'message',
    of: row.topic,
    key: row.key,
    reference: row.stream === null ? { partition: row.partition, offset: row.record_offset } : event,
    code: row.code,
    error: row.error,
    attempts: row.attempts,
    since: row.since.toISOString(),
    state: row.state === 'open' && row.retry_at ? 'retrying' : row.state,
  };
}

/**
 * Asks for another attempt at the keys of dead messages: one by id, or all with a code (say, after a mend), or all. The consumer puts them through
 * the same handler, in order, and goes on to what was parked behind them. Answers how many keys; asking twice is harmless.
 */
export async function retryDeadMessages(store: ReadStore, which: { id?: string; code?: string } = {}): Promise<number> {
  return store.transaction(async (transaction) => {
    const { rows } = await sql`
      update parked_key p set retry_at = coalesce(p.retry_at, now())
      where exists (select from dead_message d where d.topic = p.topic and d.key = p.key
        and (${which.id ?? null}::bigint is null or d.id = ${which.id ?? null}::bigint)
        and (${which.code ?? null}::text is null or d.code = ${which.code ?? null}))
      returning 1`.execute(transaction);
    await store.notify(transaction, REDRIVE, 'asked');
    return rows.length;
  });
}

/** Forgets a dead message that nothing waits behind: a record that was none of ours, or one that names no event. Answers whether there was such a one. */
export async function dismissDeadMessage(store: ReadStore, id: string): Promise<boolean> {
  const { rows } = await sql`delete from dead_message where id = ${id}::bigint and event_id is null returning 1`.execute(store.db);
  return rows.length > 0;
}
