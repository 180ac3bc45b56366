import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { dropStates, isDatabaseTrouble, loadStates, openReadStore, saveStates, type ReadStore } from './index.ts';
import { startTemporaryPostgres } from './testing.ts';

let postgres: Awaited<ReturnType<typeof startTemporaryPostgres>>;
const opened: ReadStore[] = [];
const open = async (schema: string, migrations: { name: string; sql: string }[] = []): Promise<ReadStore> => {
  const store = await openReadStore({ url: postgres.url, schema, migrations });
  opened.push(store);
  return store;
};

beforeAll(async () => {
  postgres = await startTemporaryPostgres();
}, 30_000);
afterAll(async () => {
  for (const store of opened) await store.close();
  await postgres.stop();
});

const things = {
  name: '1-things',
  sql: 'create table thing (id bigint primary key, at timestamptz default now(), note jsonb); insert into thing (id) values (1)',
};
const more = { name: '2-more', sql: 'insert into thing (id) values (2); insert into thing (id) values (3)' };

describe('migrations', () => {
  it('run once, in order, however many processes open the schema at the same time', async () => {
    const stores = await Promise.all(Array.from({ length: 6 }, () => open('parallel', [things, more])));
    const { rows } = await sql<{ id: number }>`select id from thing order by id`.execute((stores[0] as ReadStore).db);
    expect(rows.map((row) => row.id)).toEqual([1, 2, 3]);
  });

  it('add what is new to a schema that is older', async () => {
    await open('grown', [things]);
    const store = await open('grown', [things, more]);
    const { rows } = await sql`select id from thing`.execute(store.db);
    expect(rows).toHaveLength(3);
  });

  it('change nothing if one of them fails', async () => {
    await expect(open('halves', [things, { name: '2-bad', sql: 'select nothing from nowhere' }])).rejects.toThrow(/nowhere/);
    const store = await open('halves', [things]);
    const { rows } = await sql`select id from thing`.execute(store.db);
    expect(rows).toHaveLength(1);
  });

  it('are refused if one that has run was edited, or belongs to a newer version', async () => {
    await open('strict', [things, more]);
    await expect(open('strict', [{ ...things, sql: `${things.sql}; select 1` }, more])).rejects.toThrow(/1-things.*was edited/);
    await expect(open('strict', [things])).rejects.toThrow(/2-more.*does not know/);
  });
});

describe('a read store', () => {
  it('gives bigint as numbers, numeric as text and jsonb parsed', async () => {
    const store = await open('types');
    const { rows } =
      await sql`select 9007199254740991::bigint as big, 18446744073709551615::numeric as position, '{"a":[1]}'::jsonb as data`.execute(
        store.db,
      );
    expect(rows).toEqual([{ big: 9_007_199_254_740_991, position: '18446744073709551615', data: { a: [1] } }]);
    await expect(sql`select 9007199254740993::bigint as big`.execute(store.db)).rejects.toThrow(/safe integers/);
  });

  it('rolls back a transaction that throws', async () => {
    const store = await open('rollback', [things]);
    const failing = store.transaction(async (trx) => {
      await sql`insert into thing (id) values (9)`.execute(trx);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    const { rows } = await sql`select id from thing where id = 9`.execute(store.db);
    expect(rows).toEqual([]);
  });

  it('notifies listeners after the commit, and only then', async () => {
    const store = await open('notices');
    const heard: string[] = [];
    store.listen('work', (payload) => heard.push(payload));
    await until(() => heard.includes(''));
    await store.transaction(async (trx) => {
      await store.notify(trx, 'work', 'one');
      await sleep(50);
      expect(heard).toEqual(['']);
    });
    await until(() => heard.includes('one'));
    const rolledBack = store.transaction(async (trx) => {
      await store.notify(trx, 'work', 'two');
      throw new Error('no');
    });
    await expect(rolledBack).rejects.toThrow('no');
    await sleep(50);
    expect(heard).toEqual(['', 'one']);
  });

  it('listens again after its connection was cut, and says so', async () => {
    const store = await open('cut');
    const heard: string[] = [];
    store.listen('work', (payload) => heard.push(payload));
    await until(() => heard.length === 1);
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'muster listen'`.execute(store.db);
    await until(() => heard.length === 2);
    await store.transaction((trx) => store.notify(trx, 'work', 'again'));
    await until(() => heard.at(-1) === 'again');
  });

  it('tells trouble of the database from a mistake in what was asked', async () => {
    const store = await open('trouble');
    const cut = sql`select pg_terminate_backend(pg_backend_pid())`.execute(store.db).catch((error: unknown) => error);
    expect(isDatabaseTrouble(await cut)).toBe(true);
    await sleep(50);
    expect(isDatabaseTrouble(await sql`select 1/0`.execute(store.db).catch((error: unknown) => error))).toBe(false);
    expect(
      isDatabaseTrouble(await openReadStore({ url: 'postgres://x:x@127.0.0.1:1/x', schema: 'x' }).catch((error: unknown) => error)),
    ).toBe(true);
  });
});

describe('current states', () => {
  it('come back as saved, those of other streams, or of another fold, are missing', async () => {
    const store = await open('states');
    await saveStates(store.db, 1, [
      { stream: 'identity-1', revision: 4, state: { name: 'Zoë "Q"' } },
      { stream: 'identity-2', revision: 0, state: {} },
    ]);
    expect([...(await loadStates(store.db, 1, ['identity-1', 'identity-2', 'identity-3'])).values()]).toEqual([
      { stream: 'identity-1', revision: 4, state: { name: 'Zoë "Q"' } },
      { stream: 'identity-2', revision: 0, state: {} },
    ]);
    expect((await loadStates(store.db, 2, ['identity-1'])).size).toBe(0);
  });

  it('never go back: an older revision is ignored, a newer fold replaces', async () => {
    const store = await open('back');
    const save = (fold: number, revision: number): Promise<void> =>
      saveStates(store.db, fold, [{ stream: 's-1', revision, state: revision }]);
    await save(1, 5);
    await save(1, 3);
    expect((await loadStates(store.db, 1, ['s-1'])).get('s-1')?.revision).toBe(5);
    await save(2, 3);
    expect((await loadStates(store.db, 2, ['s-1'])).get('s-1')?.revision).toBe(3);
    await dropStates(store.db, ['s-1']);
    expect((await loadStates(store.db, 2, ['s-1'])).size).toBe(0);
  });
});

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (condition()) return;
    await sleep(10);
  }
  throw new Error('did not happen within 4 s');
}
