import type { Message } from '@muster/messaging';
import type { Database } from '@muster/read-store';
import { type Lane, upsertWork } from '@muster/work';
import { sql } from 'kysely';
import { RECONCILE } from './rows.ts';

/** The event that something follows from, and the chain that it belongs to. */
export interface Cause {
  readonly id: string;
  readonly correlationId: string;
}

/** A person to be looked at, how urgently, and because of what. */
export interface Dirty {
  readonly identityId: string;
  /** `chain`: as urgent as the plan was that this follows from. */
  readonly lane: Lane | 'chain';
  readonly cause?: Cause;
}

export const causeOf = ({ id, correlationId }: Pick<Message, 'id' | 'correlationId'>): Cause => ({ id, correlationId });

/** What happens to somebody of a population within this time is looked at once. */
export const TOGETHER_MS = 500;

/** More people at once than one person's record or one change concerns. */
const POPULATION = 10;

/** Marks a few people at once as asked; whoever are more than a few are a population, which makes way for single people. */
export const concerning = (identities: readonly string[], lane: 'live' | 'batch', cause: Cause): Dirty[] =>
  identities.map((identityId) => ({ identityId, lane: identities.length > POPULATION ? 'batch' : lane, cause }));

/**
 * Has people looked at, in the transaction of what concerns them. Of several causes the last one counts; of several lanes the most urgent.
 */
export async function markDirty(transaction: Database, dirty: readonly Dirty[]): Promise<void> {
  if (dirty.length === 0) return;
  const causes = new Map(
    dirty.map(({ identityId, cause }) => [
      identityId,
      { identity_id: identityId, cause: cause?.id ?? null, chain: cause?.correlationId ?? null },
    ]),
  );
  const { rows } = await sql<{ identity_id: string; in_population: boolean }>`
    with asked as (
      select * from jsonb_to_recordset(${JSON.stringify([...causes.values()].toSorted((a, b) => (a.identity_id < b.identity_id ? -1 : 1)))}::jsonb) as r(identity_id uuid, cause text, chain text)
    ), locked as (
      select p.identity_id, a.cause, a.chain from person p join asked a using (identity_id) order by p.identity_id for update of p
    )
    update person p set cause = l.cause, chain = l.chain from locked l where p.identity_id = l.identity_id
    returning p.identity_id, p.in_population`.execute(transaction);
  const population = new Set(rows.filter((row) => row.in_population).map((row) => row.identity_id));
  const laneOf = ({ identityId, lane }: Dirty): Lane => (lane !== 'chain' ? lane : population.has(identityId) ? 'batch' : 'live');
  await upsertWork(
    transaction,
    dirty.map((one) => {
      const lane = laneOf(one);
      return { kind: RECONCILE, key: one.identityId, lane, ...(lane === 'batch' ? { due: new Date(Date.now() + TOGETHER_MS) } : {}) };
    }),
  );
}

/** What a look at a person left behind. */
export interface Looked {
  readonly identityId: string;
  /** Why they were looked at; another cause that came meanwhile is kept. */
  readonly cause: Cause | undefined;
  /** Something of a population's plan is still to be done. */
  readonly inPopulation: boolean;
}

export async function settleLook(db: Database, { identityId, cause, inPopulation }: Looked): Promise<void> {
  await sql`
    update person set in_population = ${inPopulation},
      cause = case when cause is not distinct from ${cause?.id ?? null} then null else cause end,
      chain = case when cause is not distinct from ${cause?.id ?? null} then null else chain end
    where identity_id = ${identityId} and (in_population <> ${inPopulation} or cause is not null)`.execute(db);
}
