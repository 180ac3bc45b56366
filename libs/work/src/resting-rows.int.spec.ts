import { describe, expect, it } from '@jest/globals';
import { type Claimed, completeWorks, type Lane } from './index.ts';
import { workTable } from './testing/work-table.ts';

const table = workTable();
const ask = (lane: Lane): Promise<void> => table.ask({ key: 'a', lane });
const claimed = (): Promise<Claimed> => table.claimOne();
const rest = async (of: Claimed, lane: Lane, ms: number): Promise<void> =>
  void (await completeWorks(table.store.db, [{ claimed: of, next: new Date(Date.now() + ms), lane }]));

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
