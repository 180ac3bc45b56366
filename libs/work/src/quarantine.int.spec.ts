import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { claimWork, type Claimed, completeWork, completeWorks, countFailure, retryWork, type WorkFault, workStatus } from './index.ts';
import { keysOf, workTable } from './testing/work-table.ts';

const table = workTable();
const { ask, claim, claimOne } = table;

const transient: WorkFault = { code: 'target.unavailable', kind: 'transient', message: 'away' };

describe('a connection', () => {
  it('is quarantined after twenty failures in a row, alone, until the time is over or a row succeeds', async () => {
    await ask({ key: 'a', connection: 'okta' }, { key: 'b', connection: 'entra' });
    const [working] = await claim(1, { connections: ['okta'] });
    for (let n = 0; n < 19; n++) await countFailure(table.store.db, 'okta', { fault: transient, pauseMs: 60_000 });
    expect((await workStatus(table.store.db)).quarantined).toEqual([]);
    await countFailure(table.store.db, 'okta', { fault: transient, pauseMs: 60_000 });
    expect((await workStatus(table.store.db)).quarantined).toMatchObject([{ connection: 'okta', fault: transient }]);
    await ask({ key: 'c', connection: 'okta' });
    expect(keysOf(await claim())).toEqual(['b']);
    await completeWork(table.store.db, working as Claimed);
    expect(keysOf(await claim())).toEqual(['c']);
  });

  it('is quarantined at once when its credential is refused', async () => {
    await countFailure(table.store.db, 'okta', { fault: { ...transient, kind: 'unauthorised' }, pauseMs: 200 });
    await ask({ key: 'a', connection: 'okta' });
    expect(await claim()).toEqual([]);
    await sleep(250);
    expect(keysOf(await claim())).toEqual(['a']);
  });

  describe('whose quarantine has run out', () => {
    const quarantineFor = (pauseMs: number): Promise<void> =>
      countFailure(table.store.db, 'okta', { fault: { ...transient, kind: 'unauthorised' }, pauseMs });
    const shown = async (): Promise<object[]> => (await workStatus(table.store.db)).quarantined;
    const askAll = (): Promise<void> =>
      ask(
        ...['a', 'b', 'c'].map((key) => ({ key, connection: 'okta' })),
        { key: 'leaver', connection: 'okta', lane: 'leaver' },
        { key: 'other kind', kind: 'ask', connection: 'okta' },
      );
    const claimBoth = (): Promise<Claimed[]> => claim(10, { kinds: ['look', 'ask'] });

    it('has one row go ahead, the most urgent, and no other before that one has ended', async () => {
      await askAll();
      await ask({ key: 'elsewhere', connection: 'entra' });
      await quarantineFor(100);
      expect(await shown()).toMatchObject([{ connection: 'okta', state: 'waiting', failures: 1 }]);
      await sleep(150);
      expect(await shown()).toMatchObject([{ connection: 'okta', state: 'probing' }]);
      expect(keysOf(await claimBoth()).sort()).toEqual(['elsewhere', 'leaver']);
      expect(await claimBoth()).toEqual([]);
    });

    it('has one row go ahead however many claim at once', async () => {
      await askAll();
      await quarantineFor(50);
      await sleep(100);
      const claims = await Promise.all(
        Array.from({ length: 10 }, () => claimWork(table.store.db, { kinds: ['look', 'ask'], max: 20, holder: 'spec', leaseMs: 10_000 })),
      );
      expect(claims.flat()).toHaveLength(1);
    });

    it('has the next one go ahead when whoever was at work on the first is gone', async () => {
      await askAll();
      await quarantineFor(50);
      await sleep(100);
      expect(await claim(10, { leaseMs: 100 })).toHaveLength(1);
      await sleep(150);
      expect(await claimBoth()).toHaveLength(1);
    });

    it('lets all follow when it succeeds', async () => {
      await askAll();
      await quarantineFor(50);
      await sleep(100);
      await completeWork(table.store.db, await claimOne());
      expect(await shown()).toEqual([]);
      expect(await claimBoth()).toHaveLength(4);
    });

    it('waits twice as long when it fails, and no longer for rows that were at work already', async () => {
      await askAll();
      await quarantineFor(200);
      await sleep(250);
      const probe = await claimOne();
      await retryWork(table.store.db, probe, { due: new Date(), fault: transient });
      await quarantineFor(200);
      await quarantineFor(200);
      const [{ until, state } = { until: '', state: '' }] = (await workStatus(table.store.db)).quarantined;
      expect(state).toBe('waiting');
      expect(Date.parse(until) - Date.now()).toBeGreaterThan(250);
      expect(Date.parse(until) - Date.now()).toBeLessThan(401);
      expect(await claim()).toEqual([]);
      await sleep(420);
      expect(await claim()).toHaveLength(1);
    });

    it('is not released by a row that asked nothing of it; the next one goes ahead', async () => {
      await askAll();
      await quarantineFor(50);
      await sleep(100);
      expect(await completeWorks(table.store.db, [{ claimed: await claimOne(), reached: false }])).toEqual([true]);
      expect(await shown()).toMatchObject([{ state: 'probing' }]);
      expect(await claimBoth()).toHaveLength(1);
      expect(await claimBoth()).toEqual([]);
    });
  });
});
