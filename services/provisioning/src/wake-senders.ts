import type { PlanReleased } from '@muster/contracts';
import type { Message } from '@muster/messaging';
import type { Database } from '@muster/read-store';
import { upsertWork, type WorkRow } from '@muster/work';
import { sql } from 'kysely';
import { rowsOf, SEND, sendKey } from './rows.ts';

/**
 * Asks for everything that released plans want to be sent. Rows of these people that are still open are woken too, whatever the plan wants: what it does not
 * want any more has to be given up. A batch that is delivered again asks for the same.
 */
export async function wakeSenders(transaction: Database, batch: readonly Message[], connections: readonly string[]): Promise<void> {
  const plans = batch.filter(({ type }) => type === 'PlanReleased').map(({ data }) => data as unknown as PlanReleased);
  if (plans.length === 0) return;
  const people = [...new Set(plans.map(({ identityId }) => identityId))];
  const open = await openRows(
    transaction,
    people.flatMap((identityId) => connections.map((connection) => sendKey(identityId, connection))),
  );
  await upsertWork(transaction, [...open, ...plans.flatMap((plan) => rowsOf(plan))]);
}

async function openRows(transaction: Database, keys: readonly string[]): Promise<WorkRow[]> {
  // libs/work has no question for rows by key; its table stands in this service's own schema.
  const { rows } = await sql<{ key: string; connection: string }>`
    select key, connection from work where kind = ${SEND} and key = any(${[...keys]}::text[])`.execute(transaction);
  return rows.map(({ key, connection }) => ({ kind: SEND, key, connection, lane: 'batch' }));
}
