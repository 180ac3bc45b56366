import { afterEach, describe, expect, it } from '@jest/globals';
import { openReadStore } from '@muster/read-store';
import { sql } from 'kysely';
import { Rig, until } from './testing/rig.ts';

let rig: Rig;

afterEach(() => rig.tearDown(), 60_000);

const cursors = async (): Promise<string[]> =>
  (await rig.requests())
    .filter(({ path, status }) => status === 200 && !path.includes('updatedSince'))
    .map(({ path }) => new URL(path, 'https://hr.example').searchParams.get('cursor') ?? '');

const committed = async (): Promise<number> => (await rig.reads('PageCommitted')).length;

describe('a read that a kill cuts off', () => {
  it('A7: goes on behind the last committed page, and doubles nothing', async () => {
    rig = await Rig.build(200);
    // Each page takes a second of the sandbox's minute: time to die in.
    await rig.fault({ id: 'slow', kind: 'delay', delayMs: 18_000 });
    const first = rig.spawn();
    await until('three pages are committed', async () => ((await committed()) >= 3 ? true : undefined), 40_000);
    await first.kill();
    const before = { pages: await committed(), requests: (await cursors()).length };
    const second = rig.spawn();
    await until('five pages are committed', async () => ((await committed()) >= before.pages + 2 ? true : undefined), 40_000);
    await second.kill();
    await rig.sandbox.admin('DELETE', '/faults');
    await rig.start();
    expect(await rig.ended(0)).toMatchObject({ complete: true, counts: { users: 200 }, pages: 10 });
    expect(await rig.reads('ReadStarted')).toHaveLength(1);
    expect(await rig.facts()).toHaveLength(200);
    expect(new Set((await rig.facts()).map(({ stream }) => stream)).size).toBe(200);
    // At most the page that was under way at each kill was asked for twice; the first page never.
    const asked = await cursors();
    expect(asked.filter((cursor) => cursor === '')).toHaveLength(1);
    expect(asked.length).toBeLessThanOrEqual(12);
  }, 120_000);

  it('begins anew when the database is lost too, and an unchanged report is no fact then', async () => {
    rig = await Rig.build(60, 'csv');
    await rig.start();
    await rig.ended(0);
    expect(await rig.facts()).toHaveLength(60);
    await rig.stop();
    const database = await openReadStore({ url: rig.databaseUrl, schema: 'beside' });
    await sql`drop schema hr_ingestion cascade`.execute(database.db);
    await database.close();
    await rig.sandbox.admin('POST', '/hr/report', { shuffle: 3 });
    await rig.start();
    expect(await rig.ended(1)).toMatchObject({ complete: true, differences: { created: 0, changed: 0, gone: 0 } });
    expect(await rig.facts()).toHaveLength(60);
  }, 90_000);
});
