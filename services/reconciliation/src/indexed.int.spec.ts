import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { writeCheckpoint } from '@muster/messaging';
import { sql } from 'kysely';
import { indexedUpToNow } from './indexed.ts';
import { Rig } from './testing/rig.ts';

let rig: Rig;
let early: string;

beforeAll(async () => {
  rig = await Rig.build(['okta-main']);
  await rig.start();
  await rig.stop();
  early = await rig.store.headPosition();
  await rig.group('okta-main', 'g-staff', 'Staff');
}, 60_000);
afterAll(() => rig.tearDown(), 60_000);

const asked = async (transport: 'embedded' | 'kafka') => {
  await sql`delete from checkpoint`.execute(rig.db);
  return indexedUpToNow({ db: rig.db, store: rig.store, transport });
};

describe('work begins', () => {
  it('on Kafka once the catch-up is done, though its end is behind what was recorded meanwhile', async () => {
    const isIndexed = await asked('kafka');
    expect(await isIndexed()).toBe(false);
    await writeCheckpoint(rig.db, 'store', early);
    expect(await isIndexed()).toBe(true);
  });

  it('embedded once messages have come as far as the store had at the start', async () => {
    const isIndexed = await asked('embedded');
    expect(await isIndexed()).toBe(false);
    await writeCheckpoint(rig.db, 'store', early);
    expect(await isIndexed()).toBe(false);
    await writeCheckpoint(rig.db, 'store', await rig.store.headPosition());
    expect(await isIndexed()).toBe(true);
  });

  it('at once where messages were dealt with before', async () => {
    await writeCheckpoint(rig.db, 'store', early);
    for (const transport of ['embedded', 'kafka'] as const)
      expect(await (await indexedUpToNow({ db: rig.db, store: rig.store, transport }))()).toBe(true);
  });
});
