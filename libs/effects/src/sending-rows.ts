import type { FaultRecord } from '@muster/contracts';
import type { EventStore } from '@muster/event-store';
import type { SendRow } from '@muster/identity';
import type { Database, ReadStore } from '@muster/read-store';
import { sql } from 'kysely';

/** Who sends, as long as nobody else does. */
export interface Holder {
  /** Rises with every claim. */
  readonly token: number;
  /** Aborts as soon as this process knows that it may have lost the claim. */
  readonly lost: AbortSignal;
  /** Whether the claim still stands, and keeps on standing until the transaction ends. */
  holds(transaction: Database): Promise<boolean>;
}

/** What is kept of a command between its first call and its end. */
export interface Sent extends SendRow {
  readonly commandId: string;
  /** Revision of the plan that holds the command as it was sent last. */
  readonly planRevision: number;
  /** The last answer that ended nothing, and when it came. */
  readonly fault?: FaultRecord;
  readonly answeredAt?: string;
}

/** Commands sent before this may be missing from the rows. */
export interface Since {
  readonly position: string;
  readonly at: string;
}

interface Row {
  command_id: string;
  plan_revision: number;
  attempts: number;
  lost_at: Date | null;
  fault: FaultRecord | null;
  answered_at: Date | null;
}

const sentOf = (row: Row): Sent => ({
  commandId: row.command_id,
  planRevision: row.plan_revision,
  attempts: row.attempts,
  ...(row.lost_at === null ? {} : { lostAt: row.lost_at.toISOString() }),
  ...(row.fault === null ? {} : { fault: row.fault }),
  ...(row.answered_at === null ? {} : { answeredAt: row.answered_at.toISOString() }),
});

/** Of which person and connection. */
export interface Whose {
  readonly identityId: string;
  readonly connection: string;
}

/** The rows of commands under way: the memory that a call may have left, kept by whoever dies right after. */
export class SendingRows {
  readonly #database: ReadStore;

  constructor(database: ReadStore) {
    this.#database = database;
  }

  /** Notes, once for the life of the database, that from here on every send has its row. To be asked before the first send. */
  async since(store: Pick<EventStore, 'headPosition'>): Promise<Since> {
    const { db } = this.#database;
    const known = (): Promise<{ rows: { position: string; at: Date }[] }> =>
      sql<{ position: string; at: Date }>`select position, at from sending_since`.execute(db);
    let { rows } = await known();
    if (rows.length === 0) {
      await sql`insert into sending_since (position) values (${await store.headPosition()}) on conflict do nothing`.execute(db);
      ({ rows } = await known());
    }
    const row = rows[0];
    if (!row) throw new TypeError('sending_since lost the row that was just written');
    return { position: row.position, at: row.at.toISOString() };
  }

  async of({ identityId, connection }: Whose): Promise<Map<string, Sent>> {
    const { rows } = await sql<Row>`
      select command_id, plan_revision, attempts, lost_at, fault, answered_at from sending
      where identity_id = ${identityId} and connection = ${connection}`.execute(this.#database.db);
    return new Map(rows.map((row) => [row.command_id, sentOf(row)]));
  }

  /**
   * Writes what is known of commands and commits it: before a call leaves that it may have its effect from `lostAt` on, after it what came back. False: the
   * claim is lost, nothing was written, and whoever has it now decides.
   */
  save(whose: Whose, sent: readonly Sent[], holder: Holder): Promise<boolean> {
    return this.#database.transaction(async (transaction) => {
      if (!(await holder.holds(transaction))) return false;
      if (sent.length > 0) await this.#put(transaction, whose, sent, holder);
      return true;
    });
  }

  /** Forgets commands: those that have ended, once that is in the store, and those whose call did not leave. */
  async remove(commandIds: readonly string[]): Promise<void> {
    if (commandIds.length === 0) return;
    await sql`delete from sending where command_id = any(${[...commandIds]}::text[])`.execute(this.#database.db);
  }

  async #put(transaction: Database, { identityId, connection }: Whose, sent: readonly Sent[], { token }: Holder): Promise<void> {
    const rows = sent.map(({ commandId, planRevision, attempts, lostAt, fault, answeredAt }) => ({
      command_id: commandId,
      plan_revision: planRevision,
      attempts,
      lost_at: lostAt ?? null,
      fault: fault ?? null,
      answered_at: answeredAt ?? null,
    }));
    await sql`
      insert into sending (command_id, identity_id, connection, plan_revision, attempts, lost_at, token, fault, answered_at)
      select command_id, ${identityId}, ${connection}, plan_revision, attempts, lost_at, ${token}, fault, answered_at
      from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
        as r(command_id text, plan_revision bigint, attempts integer, lost_at timestamptz, fault jsonb, answered_at timestamptz)
      on conflict (command_id) do update set plan_revision = excluded.plan_revision, attempts = excluded.attempts, lost_at = excluded.lost_at,
        token = excluded.token, fault = excluded.fault, answered_at = excluded.answered_at`.execute(transaction);
  }
}
