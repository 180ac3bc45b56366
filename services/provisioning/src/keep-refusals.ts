import { Fault } from '@muster/connector';
import { type CommandEnded, type RetryAsked, schemaOf, streamOf } from '@muster/contracts';
import type { EventStore } from '@muster/event-store';
import { askRetry, retryCategory, wishKey } from '@muster/identity';
import type { Message } from '@muster/messaging';
import type { Database } from '@muster/read-store';
import { upsertWork } from '@muster/work';
import { sql } from 'kysely';

/** The kind of row that shows a refused command among the dead letters. */
export const REFUSED = 'refused';

interface LastEnd {
  wish: string;
  /** `<identity>|<revision of the end>` */
  key: string;
  refused: boolean;
}

/**
 * Puts refused commands among the dead letters, and takes those out whose wish has ended otherwise since, or that somebody asked to try again. The letters
 * are no queue: planning sends the wish again once its value, or what the system holds, has changed, or when it is asked to.
 */
export async function keepRefusals(transaction: Database, batch: readonly Message[]): Promise<void> {
  const ends = new Map<string, LastEnd>();
  for (const { type, data, revision } of batch) {
    if (type !== 'CommandEnded' && type !== 'RetryAsked') continue;
    const about = data as unknown as CommandEnded | RetryAsked;
    const wish = `${about.identityId}|${wishKey(about)}`;
    ends.set(wish, { wish, key: `${about.identityId}|${revision}`, refused: 'result' in about && about.result === 'refused' });
  }
  if (ends.size === 0) return;
  const { rows: over } = await sql<{
    key: string;
  }>`delete from refusal where wish = any(${[...ends.keys()]}::text[]) returning key`.execute(transaction);
  const refused = [...ends.values()].filter((end) => end.refused);
  await sql`
    insert into refusal (wish, key)
    select wish, key from jsonb_to_recordset(${JSON.stringify(refused)}::jsonb) as r(wish text, key text)`.execute(transaction);
  await upsertWork(
    transaction,
    [...over, ...refused].map(({ key }) => ({ kind: REFUSED, key })),
  );
}

/**
 * Has planning try a refused command again: what was sent is over, so a new command of the same wish has to come with a plan, and passes the fence like any
 * other. Asked twice, or after the wish has ended otherwise, it does nothing.
 */
export async function askAgain(store: EventStore, key: string, askedBy: string): Promise<void> {
  const ended = await refusalOf(store, key);
  if (!ended) return;
  const { identityId, commandId, connection, action, field, entitlement } = ended;
  const asked: RetryAsked = {
    identityId,
    commandId,
    connection,
    action,
    ...(field === undefined ? {} : { field }),
    ...(entitlement === undefined ? {} : { entitlement }),
    askedBy,
  };
  await store.transact(retryCategory, streamOf.provisioning(identityId), askRetry(asked), () => ({
    correlationId: commandId,
    occurredAt: new Date().toISOString(),
    schema: schemaOf('RetryAsked'),
    actor: askedBy,
  }));
}

async function refusalOf(store: EventStore, key: string): Promise<CommandEnded | undefined> {
  const [identityId = '', revision = ''] = key.split('|');
  for await (const { type, data } of store.readStream(streamOf.provisioning(identityId), { from: Number(revision), max: 1 }))
    if (type === 'CommandEnded') return data as unknown as CommandEnded;
  return undefined;
}

/**
 * Throws the refusal of a row, so that it is shown with the words and the remedy that were recorded; returns if the wish has ended otherwise meanwhile,
 * so that it is shown no more.
 *
 * @throws Fault of kind `refused`
 */
export async function showRefusal(db: Database, store: EventStore, key: string): Promise<void> {
  const { rows } = await sql`select 1 from refusal where key = ${key}`.execute(db);
  if (rows.length === 0) return;
  const ended = await refusalOf(store, key);
  if (ended?.fault)
    throw new Fault({
      ...ended.fault,
      kind: 'refused',
      remedy: ended.fault.remedy ?? 'Correct the value in its source; it is planned again by itself.',
    });
}
