import type { Database } from '@muster/read-store';
import { sql } from 'kysely';
import type { Cause } from './dirty.ts';

/** Where to look for what concerns a person. It lags: whoever acts on an answer loads the streams that it names. */
export class DirectoryIndex {
  constructor(private readonly db: Database) {}

  /** Undefined: nobody is known by this id. */
  async person(identityId: string): Promise<{ workerStream: string; cause?: Cause } | undefined> {
    const { rows } = await sql<{ worker_stream: string; cause: string | null; chain: string | null }>`
      select worker_stream, cause, chain from person where identity_id = ${identityId}`.execute(this.db);
    const [row] = rows;
    if (!row) return undefined;
    const { worker_stream: workerStream, cause: id, chain: correlationId } = row;
    return { workerStream, ...(id === null || correlationId === null ? {} : { cause: { id, correlationId } }) };
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

  /** A worker's identity and, by connection, the accounts that are linked to it. */
  async manager(workerKey: string): Promise<{ identityId: string; accounts: ReadonlyMap<string, string> } | undefined> {
    const { rows } = await sql<{ identity_id: string; connection: string | null; account_id: string | null }>`
      select p.identity_id, l.connection, l.account_id from person p left join link l using (identity_id) where p.worker_key = ${workerKey}`.execute(
      this.db,
    );
    const [first] = rows;
    if (!first) return undefined;
    const theirs = rows.filter((row) => row.identity_id === first.identity_id);
    const links = theirs.flatMap(({ connection, account_id: id }): [string, string][] => (connection && id ? [[connection, id]] : []));
    return { identityId: first.identity_id, accounts: new Map(links) };
  }
}

/** When full reads began, RFC 3339. */
export interface FullReads {
  readonly firstStarted: string;
  /** Absent: none was complete yet. */
  readonly lastComplete?: string;
}
