import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { type ReadStore } from '@muster/read-store';
import { sql } from 'kysely';
import {
  buryWork,
  claimWork,
  type Claimed,
  completeWork,
  countFailure,
  findDeadWork,
  holdsClaim,
  listDeadWork,
  nextDue,
  renewClaim,
  retryAllDeadWork,
  retryDeadWork,
  deadWorkCauses,
  retryWork,
  upsertWork,
  workStatus,
  type WorkFault,
} from './index.ts';
import { keysOf, workTable } from './testing/work-table.ts';

const table = workTable({ poolSize: 1 });
const { ask, claim, claimOne } = table;
let crowd: ReadStore;
beforeAll(async () => {
  crowd = await table.open(10);
});

const inMs = (ms: number): Date => new Date(Date.now() + ms);
const transient: WorkFault = { code: 'target.unavailable', kind: 'transient', message: 'away' };
const throttled: WorkFault = { code: 'target.throttled', kind: 'throttled', message: 'slow down' };
const refused: WorkFault = { code: 'target.value_refused', kind: 'refused', message: 'no', remedy: 'correct it' };

/** How many rows of the table were read by scans and through indexes, ever. One connection, so that its count is complete. */
async function rowsTouched(): Promise<number> {
  await sql`select pg_stat_force_next_flush()`.execute(table.store.db);
  const { rows } = await sql<{ touched: number }>`
    select (coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint as touched from pg_stat_user_tables where schemaname = 'works' and relname = 'work'`.execute(
    table.store.db,
  );
  return rows[0]?.touched ?? 0;
}

describe('asking for work', () => {
  it('makes one row of a key however often it is asked for, at the earliest time and in the most urgent lane', async () => {
    await ask({ key: 'a', lane: 'live', due: inMs(60_000) }, { key: 'a', lane: 'batch', due: inMs(5_000) });
    await ask({ key: 'a', lane: 'leaver', due: inMs(90_000) });
    const { rows } = await sql<{
      lane: number;
      seconds: number;
    }>`select lane, extract(epoch from due - now())::int as seconds from work`.execute(table.store.db);
    expect(rows).toEqual([{ lane: 0, seconds: expect.any(Number) }]);
    expect(rows[0]?.seconds).toBeLessThanOrEqual(5);
    await ask({ key: 'a' });
    expect(keysOf(await claim())).toEqual(['a']);
  });

  it('is part of the transaction that asks', async () => {
    const failing = table.store.transaction(async (transaction) => {
      await upsertWork(transaction, [{ kind: 'look', key: 'a' }]);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await claim()).toEqual([]);
  });

  it('for later, while the row is worked on, has it done again then, or at the earliest time that was asked for', async () => {
    await ask({ key: 'a' });
    const first = await claimOne();
    await ask({ key: 'a', due: inMs(90_000) }, { key: 'b' });
    await ask({ key: 'a', due: inMs(60_000) });
    await ask({ key: 'a', due: inMs(70_000) });
    await completeWork(table.store.db, first);
    expect(keysOf(await claim())).toEqual(['b']);
    const { rows } = await sql<{
      seconds: number;
    }>`select extract(epoch from due - now())::int as seconds from work where key = 'a'`.execute(table.store.db);
    expect(rows[0]?.seconds).toBeGreaterThan(55);
    expect(rows[0]?.seconds).toBeLessThan(61);
  });

  it('is kept when it comes while the row is worked on: the row is due again as soon as that ends', async () => {
    await ask({ key: 'a' });
    const first = await claimOne();
    await ask({ key: 'a' });
    expect(await claim()).toEqual([]);
    expect(await completeWork(table.store.db, first)).toBe(true);
    const second = await claimOne();
    expect(second.key).toBe('a');
    expect(await completeWork(table.store.db, second)).toBe(true);
    expect(await claim()).toEqual([]);
  });
});

describe('claiming', () => {
  it('goes by lane, then by due time, whatever the kind and connection', async () => {
    await ask(
      { key: 'batch', lane: 'batch', due: inMs(-9_000) },
      { key: 'live late', due: inMs(-1_000) },
      { key: 'live early', due: inMs(-5_000), connection: 'okta' },
      { key: 'leaver', lane: 'leaver', connection: 'entra' },
      { key: 'other kind', kind: 'ask', due: inMs(-3_000) },
      { key: 'not yet', lane: 'leaver', due: inMs(60_000) },
    );
    expect(keysOf(await claim(2, { kinds: ['look', 'ask'] })).sort()).toEqual(['leaver', 'live early']);
    expect(keysOf(await claim(2, { kinds: ['look', 'ask'] })).sort()).toEqual(['live late', 'other kind']);
    expect(keysOf(await claim(2, { kinds: ['look', 'ask'] }))).toEqual(['batch']);
  });

  it('can be kept to some lanes', async () => {
    await ask({ key: 'batch', lane: 'batch' }, { key: 'leaver', lane: 'leaver' });
    expect(keysOf(await claim(10, { lanes: ['leaver'] }))).toEqual(['leaver']);
    expect(await nextDue(table.store.db, { kinds: ['look'], lanes: ['leaver'] })).toBeUndefined();
    expect(keysOf(await claim())).toEqual(['batch']);
  });

  it('gives a row to one of many who claim at once', async () => {
    await ask(...Array.from({ length: 200 }, (_, n) => ({ key: `k${n}` })));
    const claimed = (
      await Promise.all(
        Array.from({ length: 10 }, () => claimWork(crowd.db, { kinds: ['look'], max: 20, holder: 'spec', leaseMs: 10_000 })),
      )
    ).flat();
    expect(new Set(keysOf(claimed)).size).toBe(claimed.length);
    let rest: Claimed[];
    do claimed.push(...(rest = await claim(50)));
    while (rest.length > 0);
    expect(claimed).toHaveLength(200);
  });

  it('keeps to the connections that it is given', async () => {
    await ask({ key: 'a', connection: 'okta' }, { key: 'b', connection: 'entra' }, { key: 'c' });
    expect(keysOf(await claim(10, { connections: ['entra'] }))).toEqual(['b']);
    expect(await claim(10, { connections: [] })).toEqual([]);
  });

  it('does not look through 100,000 rows of a batch and of a quarantined connection to find a leaver', async () => {
    await sql`
      insert into work (kind, key, connection, lane, due)
      select 'look', 'b' || n, case when n % 2 = 0 then 'okta' else '' end, 2, now() - interval '1 hour' from generate_series(1, 100000) n`.execute(
      table.store.db,
    );
    await sql`analyze work`.execute(table.store.db);
    for (let n = 0; n < 20; n++) await countFailure(table.store.db, 'okta', { fault: transient, pauseMs: 60_000 });
    await claim(1);
    await ask({ key: 'leaver', lane: 'leaver' });
    const before = await rowsTouched();
    expect(keysOf(await claim(4))[0]).toBe('leaver');
    expect((await rowsTouched()) - before).toBeLessThan(500);
    expect(keysOf(await claim(4)).every((key) => Number(key.slice(1)) % 2 === 1)).toBe(true);
  }, 30_000);
});

describe('a claim', () => {
  it('runs out unless it is renewed, and the former holder can neither end nor fail nor bury the row', async () => {
    await ask({ key: 'a' });
    const zombie = await claimOne({ leaseMs: 150 });
    expect(await renewClaim(table.store.db, zombie, 150)).toBe(true);
    await sleep(250);
    expect(await holdsClaim(table.store.db, zombie)).toBe(false);
    const next = await claimOne();
    expect(next.token).toBeGreaterThan(zombie.token);
    expect(await renewClaim(table.store.db, zombie, 10_000)).toBe(false);
    expect(await completeWork(table.store.db, zombie)).toBe(false);
    await retryWork(table.store.db, zombie, { due: inMs(-1), fault: transient });
    await buryWork(table.store, zombie, refused);
    expect(await holdsClaim(table.store.db, next)).toBe(true);
    expect(await listDeadWork(table.store.db)).toEqual([]);
    expect(await completeWork(table.store.db, next)).toBe(true);
    expect(await workStatus(table.store.db)).toMatchObject({ waiting: 0, dead: 0 });
  });

  it('can end in a later look, which an earlier wish brings forward', async () => {
    await ask({ key: 'a' });
    await completeWork(table.store.db, await claimOne(), inMs(60_000));
    expect(await claim()).toEqual([]);
    const due = await nextDue(table.store.db, { kinds: ['look'] });
    expect(due && due.getTime() - Date.now()).toBeGreaterThan(50_000);
    await ask({ key: 'a' });
    expect(keysOf(await claim())).toEqual(['a']);
  });

  it('ends together with what the transaction that ends it does', async () => {
    await ask({ key: 'a' });
    const claimed = await claimOne();
    const failing = table.store.transaction(async (transaction) => {
      expect(await completeWork(transaction, claimed)).toBe(true);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await holdsClaim(table.store.db, claimed)).toBe(true);
  });
});

describe('a failed row', () => {
  it('waits until its next time, with attempts and cause to be seen; another wish does not shorten that', async () => {
    await ask({ key: 'a' });
    await retryWork(table.store.db, await claimOne(), { due: inMs(60_000), fault: throttled });
    await ask({ key: 'a' });
    expect(await claim()).toEqual([]);
    expect(await workStatus(table.store.db)).toMatchObject({ waiting: 1, failing: 1 });
    const { rows } = await sql`select attempts, last_fault from work`.execute(table.store.db);
    expect(rows).toEqual([{ attempts: 1, last_fault: throttled }]);
  });

  it('is taken up for a leaver although it waits, but not inside the time that a vendor asked for', async () => {
    await ask({ key: 'a' }, { key: 'b' });
    const claims = await claim(2);
    for (const one of claims) await retryWork(table.store.db, one, { due: inMs(60_000), fault: one.key === 'a' ? transient : throttled });
    await ask({ key: 'a', lane: 'leaver' }, { key: 'b', lane: 'leaver' });
    expect(keysOf(await claim())).toEqual(['a']);
  });

  it('is taken up at once if it became a leaver while it was failing', async () => {
    await ask({ key: 'a' });
    const claimed = await claimOne();
    await ask({ key: 'a', lane: 'leaver' });
    await retryWork(table.store.db, claimed, { due: inMs(60_000), fault: transient });
    expect(keysOf(await claim())).toEqual(['a']);
  });

  it('counts its attempts anew after a success', async () => {
    await ask({ key: 'a' });
    await retryWork(table.store.db, await claimOne(), { due: inMs(-1), fault: transient });
    const second = await claimOne();
    expect(second.attempts).toBe(1);
    await completeWork(table.store.db, second, inMs(-1));
    expect((await claimOne()).attempts).toBe(0);
  });
});

describe('a dead letter', () => {
  it('shows what it was about and why, and can be sent again', async () => {
    await ask({ key: 'a', lane: 'leaver', connection: 'okta' });
    await buryWork(table.store, await claimOne(), refused);
    const [dead] = await listDeadWork(table.store.db);
    expect(dead).toMatchObject({ kind: 'look', key: 'a', connection: 'okta', attempts: 1, fault: refused });
    expect(await findDeadWork(table.store.db, dead?.id ?? '')).toEqual(dead);
    expect(await claim()).toEqual([]);
    expect(await retryDeadWork(table.store, dead?.id ?? '')).toBe(true);
    expect(await retryDeadWork(table.store, dead?.id ?? '')).toBe(false);
    expect(await claimOne()).toMatchObject({ key: 'a', lane: 'leaver', connection: 'okta' });
  });

  it('loses no wish that came while the row was failing', async () => {
    await ask({ key: 'a' });
    const claimed = await claimOne();
    await ask({ key: 'a' });
    await buryWork(table.store, claimed, refused);
    expect(await listDeadWork(table.store.db)).toHaveLength(1);
    await completeWork(table.store.db, await claimOne());
    expect(await listDeadWork(table.store.db)).toEqual([]);
  });

  it('is sent again with all others of its cause', async () => {
    await ask({ key: 'a' }, { key: 'b' }, { key: 'c' });
    for (const one of await claim(3)) await buryWork(table.store, one, one.key === 'c' ? { ...refused, code: 'other' } : refused);
    expect(await deadWorkCauses(table.store.db)).toMatchObject([
      { code: 'other', count: 1 },
      { code: refused.code, count: 2, remedy: refused.remedy ?? null },
    ]);
    expect((await listDeadWork(table.store.db, { code: 'other' })).map(({ key }) => key)).toEqual(['c']);
    expect(await retryAllDeadWork(table.store, { code: refused.code })).toBe(2);
    expect(keysOf(await claim()).sort()).toEqual(['a', 'b']);
    expect((await listDeadWork(table.store.db)).map(({ key }) => key)).toEqual(['c']);
  });
});
