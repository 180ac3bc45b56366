import type { RunApproved, RunClosed, RunMembersPlanned, RunOpened, RunReleased } from '@muster/contracts';
import type { Message } from '@muster/messaging';
import type { Database } from '@muster/read-store';
import { upsertWork } from '@muster/work';
import { sql } from 'kysely';
import { type Cause, causeOf, type Dirty, markDirty } from './dirty.ts';
import { JUDGE_RUN } from './rows.ts';
import { recordMembers } from './run-rows.ts';

type Fold = (db: Database, runId: string, data: Message['data'], message: Message) => Promise<void>;

const state =
  (name: string): Fold =>
  async (db, runId) =>
    void (await sql`update run set state = ${name} where run_id = ${runId} and state <> 'closed'`.execute(db));

const stand =
  (standing: string) =>
  async (db: Database, runId: string): Promise<void> => {
    await sql`update run_member set standing = ${standing} where run_id = ${runId} and standing <> 'let-go'`.execute(db);
  };

/** What was let go is looked at again: what of it still stands is sent. */
async function lookAgain(db: Database, rows: readonly { identity_id: string; limit_name: string }[], cause: Cause): Promise<void> {
  await markDirty(
    db,
    rows.map(({ identity_id: identityId, limit_name: limit }): Dirty => {
      const leaves = limit === 'leaver' || limit === 'disable';
      return { identityId, lane: leaves ? 'leaver' : 'live', cause };
    }),
  );
}

const folds: Record<string, Fold> = {
  RunOpened: async (db, runId, data, message) => {
    const { recordedAt, correlationId, causationId = null } = message;
    const { kind, cause, identities = [] } = data as unknown as RunOpened;
    const { rows } = await sql`insert into run (run_id, kind, cause, state, opened_at, chain, cause_id)
      values (${runId}, ${kind}, ${JSON.stringify(cause)}::jsonb, 'collecting', ${recordedAt}, ${correlationId}, ${causationId}) on conflict do nothing returning 1`.execute(
      db,
    );
    // Another one takes whoever comes already: this one is to be sealed with whom it has.
    if (rows.length === 0)
      await sql`insert into run (run_id, kind, cause, state, opened_at, chain, cause_id)
        values (${runId}, ${kind}, ${JSON.stringify(cause)}::jsonb, 'sealing', ${recordedAt}, ${correlationId}, ${causationId}) on conflict (run_id) do nothing`.execute(
        db,
      );
    // A row that was there is ahead of this event; one that was made anew has to be filled anew.
    if (rows.length > 0 && identities.length > 0) {
      await sql`insert into run_scope (run_id, identity_id) select ${runId}, unnest(${identities}::uuid[]) on conflict do nothing`.execute(
        db,
      );
      await markDirty(
        db,
        identities.map((identityId) => ({ identityId, lane: 'batch', cause: causeOf(message) })),
      );
    }
    await upsertWork(db, [{ kind: JUDGE_RUN, key: runId, lane: 'leaver' }]);
  },
  RunMembersPlanned: (db, runId, data) => recordMembers(db, runId, (data as unknown as RunMembersPlanned).members),
  RunSealed: async (db, runId, data, message) => {
    await state('sealed')(db, runId, data, message);
    await sql`update run set sealed = ${JSON.stringify(data)}::jsonb where run_id = ${runId}`.execute(db);
    await sql`delete from run_scope where run_id = ${runId}`.execute(db);
    await upsertWork(db, [{ kind: JUDGE_RUN, key: runId, lane: 'leaver' }]);
  },
  RunReleased: async (db, runId, data, message) => {
    const { parts } = data as unknown as RunReleased;
    const { rows } = await sql<{ identity_id: string; limit_name: string }>`
      update run_member m set standing = 'let-go'
      from jsonb_to_recordset(${JSON.stringify(parts)}::jsonb) as p(connection text, "limit" text)
      where m.run_id = ${runId} and m.connection = p.connection and m.limit_name = p."limit"
      returning m.identity_id, m.limit_name`.execute(db);
    await lookAgain(db, rows, causeOf(message));
  },
  RunHeld: async (db, runId, data, message) => {
    await state('held')(db, runId, data, message);
    await sql`update run set held = ${JSON.stringify(data)}::jsonb where run_id = ${runId}`.execute(db);
    await stand('held')(db, runId);
  },
  RunApproved: async (db, runId, data, message) => {
    const { part } = data as unknown as RunApproved;
    const { connections = null, actions = null, identities = null } = part ?? {};
    const { rows } = await sql<{ identity_id: string; limit_name: string }>`
      update run_member set standing = 'let-go'
      where run_id = ${runId} and standing <> 'let-go'
        and (${connections}::text[] is null or connection = any(${connections}::text[]))
        and (${actions}::text[] is null or action = any(${actions}::text[]) or limit_name = any(${actions}::text[]))
        and (${identities}::uuid[] is null or identity_id = any(${identities}::uuid[]))
      returning identity_id, limit_name`.execute(db);
    await lookAgain(db, rows, causeOf(message));
  },
  RunRefused: (db, runId) => stand('refused')(db, runId),
  RunClosed: async (db, runId, data, { recordedAt }) => {
    const { outcome } = data as unknown as RunClosed;
    await sql`update run set state = 'closed', outcome = ${outcome}, closed_at = ${recordedAt} where run_id = ${runId}`.execute(db);
  },
};

/** Brings the rows of runs up to what their streams say, and has everybody looked at whom they let go. */
export async function foldRuns(db: Database, batch: readonly Message[]): Promise<void> {
  for (const message of batch) {
    const { type, data } = message;
    if (message.stream.startsWith('run-')) await folds[type]?.(db, data['runId'] as string, data, message);
  }
}
