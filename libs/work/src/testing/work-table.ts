import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import { openReadStore, type ReadStore } from '@muster/read-store';
import { startTemporaryPostgres } from '@muster/read-store/testing';
import { sql } from 'kysely';
import { claimWork, type Claimed, type ClaimOptions, upsertWork, type WorkRow, workTables } from '../index.ts';

/** A work table of a spec: on a PostgreSQL of its own, empty before each test. Rows are of kind `look` if nothing else is said. */
export interface WorkTable {
  readonly store: ReadStore;
  /** The same table over another pool. Closed after the last test. */
  readonly open: (poolSize: number) => Promise<ReadStore>;
  readonly ask: (...rows: (Partial<WorkRow> & { key: string })[]) => Promise<void>;
  readonly claim: (max?: number, more?: Partial<ClaimOptions>) => Promise<Claimed[]>;
  /** Throws if nothing can be claimed. */
  readonly claimOne: (more?: Partial<ClaimOptions>) => Promise<Claimed>;
}

/** Registers what starts and stops it; to be called outside of the tests. */
export function workTable({ poolSize = 10 }: { poolSize?: number } = {}): WorkTable {
  let postgres: Awaited<ReturnType<typeof startTemporaryPostgres>>;
  const stores: ReadStore[] = [];
  const table: WorkTable = {
    get store() {
      const [store] = stores;
      if (!store) throw new Error('the work table has not been opened yet');
      return store;
    },
    open: async (size) => {
      const store = await openReadStore({ url: postgres.url, schema: 'works', migrations: workTables, poolSize: size });
      stores.push(store);
      return store;
    },
    ask: (...rows) =>
      upsertWork(
        table.store.db,
        rows.map((row) => ({ kind: 'look', ...row })),
      ),
    claim: (max = 10, more = {}) => claimWork(table.store.db, { kinds: ['look'], max, holder: 'spec', leaseMs: 10_000, ...more }),
    claimOne: async (more = {}) => {
      const [claimed] = await table.claim(1, more);
      if (!claimed) throw new Error('nothing could be claimed');
      return claimed;
    },
  };
  beforeAll(async () => {
    postgres = await startTemporaryPostgres();
    await table.open(poolSize);
  }, 30_000);
  afterAll(async () => {
    for (const store of stores) await store.close();
    await postgres.stop();
  });
  beforeEach(async () => {
    await sql`truncate work, dead_work, quarantine`.execute(table.store.db);
  });
  return table;
}

export const keysOf = (claims: readonly Claimed[]): string[] => claims.map(({ key }) => key);
