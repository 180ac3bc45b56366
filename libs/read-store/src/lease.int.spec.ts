import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { acquireLease, LeaseLost, openReadStore, requireLease, withLease, type Lease, type ReadStore } from './index.ts';
import { startTemporaryPostgres } from './testing.ts';

let postgres: Awaited<ReturnType<typeof startTemporaryPostgres>>;
let store: ReadStore;

beforeAll(async () => {
  postgres = await startTemporaryPostgres();
  store = await openReadStore({ url: postgres.url, schema: 'leases' });
}, 30_000);
afterAll(async () => {
  await store.close();
  await postgres.stop();
});

const short = { ttlMs: 400, renewMs: 100 };

describe('a lease', () => {
  it('is given to one of many who ask at once', async () => {
    const asked = await Promise.all(Array.from({ length: 8 }, () => acquireLease(store.db, 'one', short)));
    const given = asked.filter((lease) => lease !== undefined);
    expect(given).toHaveLength(1);
    await given[0]?.release();
  });

  it('stays with its holder as long as that one renews it', async () => {
    const lease = (await acquireLease(store.db, 'kept', short)) as Lease;
    await sleep(700);
    expect(await acquireLease(store.db, 'kept', short)).toBeUndefined();
    expect(lease.lost.aborted).toBe(false);
    await lease.release();
  });

  it('goes to the next with a higher token once it was given back', async () => {
    const first = (await acquireLease(store.db, 'next', short)) as Lease;
    await first.release();
    const second = (await acquireLease(store.db, 'next', short)) as Lease;
    expect(second.token).toBeGreaterThan(first.token);
    await second.release();
  });

  it('is lost for a holder who could not renew, who knows it, and whose writes are fenced off', async () => {
    const zombie = (await acquireLease(store.db, 'zombie', { ttlMs: 300, renewMs: 60_000 })) as Lease;
    await sleep(400);
    expect(zombie.lost.aborted).toBe(true);
    const next = (await acquireLease(store.db, 'zombie', short)) as Lease;
    await expect(store.transaction((trx) => requireLease(trx, zombie))).rejects.toThrow(LeaseLost);
    await store.transaction((trx) => requireLease(trx, next));
    await zombie.release();
    expect(await acquireLease(store.db, 'zombie', short)).toBeUndefined();
    await next.release();
  });

  it('aborts at a renewal that finds another holder', async () => {
    const lease = (await acquireLease(store.db, 'taken', { ttlMs: 60_000, renewMs: 50 })) as Lease;
    await sql`update lease set token = token + 1, holder = 'other' where name = 'taken'`.execute(store.db);
    await sleep(200);
    expect(lease.lost.aborted).toBe(true);
  });
});

describe('work under a lease', () => {
  it('waits for the lease, and starts again with the next one after a loss', async () => {
    const stop = new AbortController();
    const tokens: number[] = [];
    const holder = (await acquireLease(store.db, 'work', short)) as Lease;
    const done = withLease(store.db, 'work', { ...short, retryMs: 50, signal: stop.signal }, async (lease) => {
      tokens.push(lease.token);
      if (tokens.length === 1) {
        await sql`update lease set token = token + 1, until = clock_timestamp() where name = 'work'`.execute(store.db);
        await new Promise((_, reject) => lease.lost.addEventListener('abort', () => reject(lease.lost.reason as Error)));
      }
    });
    await sleep(150);
    expect(tokens).toEqual([]);
    await holder.release();
    await done;
    expect(tokens).toHaveLength(2);
    expect(tokens[1]).toBeGreaterThan(tokens[0] as number);
  });

  it('throws what the work throws, and gives the lease back', async () => {
    const failing = withLease(store.db, 'bug', { ...short, signal: new AbortController().signal }, async () => {
      throw new Error('a bug');
    });
    await expect(failing).rejects.toThrow('a bug');
    const next = await acquireLease(store.db, 'bug', short);
    expect(next).toBeDefined();
    await next?.release();
  });
});
