import type { Database } from '@muster/read-store';
import { sql } from 'kysely';

/** Where to look for what concerns a person. It lags: whoever acts on an answer loads the streams that it names. */
export class DirectoryIndex {
  constructor(private readonly db: Database) {}

  async workerStream(identityId: string): Promise<string | undefined> {
    const { rows } = await sql<{ worker_stream: string }>`select worker_stream from person where identity_id = ${identityId}`.execute(
      this.db,
    );
    return rows[0]?.worker_stream;
  }

  /** Accounts that carry a match key and are there, in any connection. */
  async accountsByMatchKey(
    matchKey: string,
  ): Promise<{ connection: string; accountId: string; login: string | null; owner: string | null }[]> {
    const { rows } = await sql<{ connection: string; account_id: string; login: string | null; identity_id: string | null }>`
      select a.connection, a.account_id, a.login, l.identity_id from account a left join link l using (connection, account_id)
      where a.match_key = ${matchKey} and a.there order by a.connection, a.account_id limit 100`.execute(this.db);
    return rows.map((row) => ({ connection: row.connection, accountId: row.account_id, login: row.login, owner: row.identity_id }));
  }

  /** An account that signs in with this, and whose it is as far as is known: by link or by match key. */
  async accountByLogin(login: string): Promise<{ connection: string; accountId: string; owner?: string } | undefined> {
    const { rows } = await sql<{ connection: string; account_id: string; owner: string | null }>`
      select a.connection, a.account_id, coalesce(l.identity_id, p.identity_id) as owner
      from account a left join link l using (connection, account_id) left join person p on p.worker_key = a.match_key
      where a.login = ${login} and a.there order by owner nulls last, a.connection, a.account_id limit 1`.execute(this.db);
    const row = rows[0];
    return row && { connection: row.connection, accountId: row.account_id, ...(row.owner === null ? {} : { owner: row.owner }) };
  }

  /** The accounts of workers, by connection and worker key: those that are linked. */
  async accountsOfWorkers(workerKeys: readonly string[]): Promise<Map<string, string>> {
    if (workerKeys.length === 0) return new Map();
    const { rows } = await sql<{ worker_key: string; connection: string; account_id: string }>`
      select p.worker_key, l.connection, l.account_id from person p join link l using (identity_id)
      where p.worker_key = any(${[...workerKeys]}::text[])`.execute(this.db);
    return new Map(rows.map((row) => [`${row.connection} ${row.worker_key}`, row.account_id]));
  }

  /** By connection, when its first full read began, and the last complete one. */
  async fullReads(): Promise<ReadonlyMap<string, FullReads>> {
    const { rows } = await sql<{ connection: string; first_started: Date; last_complete: Date | null }>`
      select connection, first_started, last_complete from full_reads`.execute(this.db);
    return new Map(
      rows.map((row) => [
        row.connection,
        {
          firstStarted: row.first_started.toISOString(),
          ...(row.last_complete === null ? {} : { lastComplete: row.last_complete.toISOString() }),
        },
      ]),
    );
  }

  /** The names of the workers' managers are written to some targets. */
  async identityOfWorker(workerKey: string): Promise<string | undefined> {
    const { rows } = await sql<{ identity_id: string }>`select identity_id from person where worker_key = ${workerKey} limit 1`.execute(
      this.db,
    );
    return rows[0]?.identity_id;
  }
}

/** When full reads began, RFC 3339. */
export interface FullReads {
  readonly firstStarted: string;
  /** Absent: none was complete yet. */
  readonly lastComplete?: string;
}
