import type { FaultRecord } from '@muster/contracts';
import type { EventStore } from '@muster/event-store';
import type { SendRow } from '@muster/identity';
import type { Database, ReadStore } from '@muster/read-store';
import { sql } from 'kysely';
import { NaturalBatch } from './natural-batch.ts';

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

interface Saving {
  readonly whose: Whose;
  readonly sent: readonly Sent[];
  readonly holder: Holder;
}

const rowOf = (
  { commandId, planRevision, attempts, lostAt, fault, answeredAt }: Sent,
  { identityId, connection }: Whose,
  { token }: Holder,
) => ({
  command_id: commandId,
  identity_id: identityId,
  connection,
  plan_revision: planRevision,
  attempts,
  lost_at: lostAt ?? null,
  token,
  fault: fault ?? null,
  answered_at: answeredAt ?? null,
});

/** The rows of commands under way: the memory that a call may have left, kept by whoever dies right after. */
export class SendingRows {
  readonly #database: ReadStore;
  readonly #saves = new NaturalBatch<Saving, boolean>((savings) => this.#saveAll(savings));
  readonly #removals = new NaturalBatch<readonly string[], undefined>((lots) => this.#removeAll(lots));
  readonly #reads = new NaturalBatch<Whose, Map<string, Sent>>((people) => this.#readAll(people));

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

  of(whose: Whose): Promise<Map<string, Sent>> {
    return this.#reads.ask(whose);
  }

  /**
   * Writes what is known of commands and commits it: before a call leaves that it may have its effect from `lostAt` on, after it what came back. False: the
   * claim is lost, nothing was written, and whoever has it now decides. What several senders want at about the same time is one transaction.
   */
  save(whose: Whose, sent: readonly Sent[], holder: Holder): Promise<boolean> {
    return this.#saves.ask({ whose, sent, holder });
  }

  /** Forgets commands: those that have ended, once that is in the store, and those whose call did not leave. */
  async remove(commandIds: readonly string[]): Promise<void> {
    if (commandIds.length > 0) await this.#removals.ask(commandIds);
  }

  async #readAll(people: readonly Whose[]): Promise<Map<string, Sent>[]> {
    const asked = people.map(({ identityId, connection }, index) => ({ index, identity_id: identityId, connection }));
    const { rows } = await sql<Row & { index: number }>`
      select a.index, s.command_id, s.plan_revision, s.attempts, s.lost_at, s.fault, s.answered_at
      from jsonb_to_recordset(${JSON.stringify(asked)}::jsonb) as a(index integer, identity_id text, connection text)
      join sending s on s.identity_id = a.identity_id and s.connection = a.connection`.execute(this.#database.db);
    const found = Map.groupBy(rows, ({ index }) => index);
    return people.map((_, index) => new Map((found.get(index) ?? []).map((row) => [row.command_id, sentOf(row)])));
  }

  #saveAll(savings: readonly Saving[]): Promise<boolean[]> {
    return this.#database.transaction(async (transaction) => {
      const held = await Promise.all(savings.map(({ holder }) => holder.holds(transaction)));
      const rows = savings.flatMap(({ whose, sent, holder }, index) =>
        held[index] === true ? sent.map((one) => rowOf(one, whose, holder)) : [],
      );
      if (rows.length > 0) await this.#put(transaction, rows);
      return held;
    });
  }

  async #removeAll(lots: readonly (readonly string[])[]): Promise<undefined[]> {
    await sql`delete from sending where command_id = any(${lots.flat()}::text[])`.execute(this.#database.db);
    return lots.map(() => undefined);
  }

  async #put(transaction: Database, rows: readonly { readonly command_id: string }[]): Promise<void> {
    const newest = [...new Map(rows.map((row) => [row.command_id, row])).values()];
    await sql`
      insert into sending (command_id, identity_id, connection, plan_revision, attempts, lost_at, token, fault, answered_at)
      select command_id, identity_id, connection, plan_revision, attempts, lost_at, token, fault, answered_at
      from jsonb_to_recordset(${JSON.stringify(newest)}::jsonb) as r(command_id text, identity_id text, connection text, plan_revision bigint,
        attempts integer, lost_at timestamptz, token bigint, fault jsonb, answered_at timestamptz)
      on conflict (command_id) do update set plan_revision = excluded.plan_revision, attempts = excluded.attempts, lost_at = excluded.lost_at,
        token = excluded.token, fault = excluded.fault, answered_at = excluded.answered_at`.execute(transaction);
  }
}
