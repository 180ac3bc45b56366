import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openReadStore, type ReadStore } from '@muster/read-store';
import { startTemporaryPostgres } from '@muster/read-store/testing';
import { sql } from 'kysely';
import { claimWork, type Claimed, completeWorks, type Lane, upsertWork, workTables } from './index.ts';

let postgres: Awaited<ReturnType<typeof startTemporaryPostgres>>;
let store: ReadStore;

beforeAll(async () => {
  postgres = await startTemporaryPostgres();
  store = await openReadStore({ url: postgres.url, schema: 'works', migrations: workTables });
}, 30_000);
afterAll(async () => {
  await store.close();
  await postgres.stop();
});
beforeEach(async () => {
  await sql`truncate work`.execute(store.db);
});

const ask = (lane: Lane): Promise<void> => upsertWork(store.db, [{ kind: 'look', key: 'a', lane }]);
const claim = async (): Promise<Claimed | undefined> =>
  (await claimWork(store.db, { kinds: ['look'], max: 1, holder: 'spec', leaseMs: 10_000 }))[0];
const claimed = async (): Promise<Claimed> => {
  const one = await claim();
  if (!one) throw new Error('nothing could be claimed');
  return one;
};
const rest = async (of: Claimed, lane: Lane, ms: number): Promise<void> =>
  void (await completeWorks(store.db, [{ claimed: of, next: new Date(Date.now() + ms), lane }]));

describe('a row that rests until its next look', () => {
  it('is as urgent then as its end said', async () => {
    await ask('batch');
    await rest(await claimed(), 'leaver', -1);
    expect(await claimed()).toMatchObject({ lane: 'leaver' });
  });

  it('is woken as urgently as it is asked for, however urgent it was before', async () => {
    await ask('live');
    await rest(await claimed(), 'leaver', 60_000);
    await ask('batch');
    expect(await claimed()).toMatchObject({ lane: 'batch' });
  });

  it('once woken becomes more urgent, never less', async () => {
    await ask('live');
    await rest(await claimed(), 'live', 60_000);
    await ask('batch');
    await ask('live');
    await ask('batch');
    expect(await claimed()).toMatchObject({ lane: 'live' });
  });

  it('does not rest if it was asked for while it was worked on', async () => {
    await ask('batch');
    const one = await claimed();
    await ask('live');
    await rest(one, 'batch', 60_000);
    expect(await claimed()).toMatchObject({ lane: 'live' });
  });
});
