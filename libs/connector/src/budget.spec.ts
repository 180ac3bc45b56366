import { describe, expect, it } from '@jest/globals';
import { Budget } from './budget.ts';
import type { BudgetLimits } from './ledger.ts';

const limits: BudgetLimits = { buckets: { users: { limit: 10, perMs: 1000 } }, share: 1, concurrency: 5, timeFactor: 10 };
const users = { users: 1 };

describe('calls on one connection', () => {
  it('leave at once while there is room, then as the window moves on', async () => {
    const budget = new Budget('okta-main', limits);
    const left: number[] = [];
    for (let call = 0; call < 25; call += 1) {
      const permit = await budget.acquire({ cost: users, lane: 'leaver' });
      left.push(performance.now());
      permit.settle();
    }
    for (let first = 0; first + 10 < left.length; first += 1) expect(left[first + 10]! - left[first]!).toBeGreaterThanOrEqual(99);
    expect(left.at(-1)! - left[0]!).toBeLessThan(1000);
  });

  it('are let through leavers first, then live changes, then batches', async () => {
    const budget = new Budget('okta-main', limits);
    const held = await Promise.all([1, 2, 3].map(() => budget.acquire({ cost: users, lane: 'batch' })));
    const order: string[] = [];
    const waiting = (['batch', 'live', 'batch', 'leaver'] as const).map(async (lane) => {
      const permit = await budget.acquire({ cost: users, lane });
      order.push(lane);
      permit.settle();
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    // Two places are kept for leavers, so one is through already.
    expect(order).toEqual(['leaver']);
    for (const permit of held) permit.settle();
    await Promise.all(waiting);
    expect(order).toEqual(['leaver', 'live', 'batch', 'batch']);
  });

  it('are given up when their signal aborts, and cost nothing then', async () => {
    const budget = new Budget('okta-main', { ...limits, concurrency: 1 });
    const held = await budget.acquire({ cost: users, lane: 'leaver' });
    const gone = new AbortController();
    const waiting = budget.acquire({ cost: users, lane: 'leaver', signal: gone.signal });
    gone.abort(new Error('no longer wanted'));
    await expect(waiting).rejects.toThrow('no longer wanted');
    await expect(budget.acquire({ cost: users, lane: 'leaver', signal: gone.signal })).rejects.toThrow('no longer wanted');
    expect(budget.status()).toMatchObject({ waiting: { leaver: 0 }, buckets: { users: { used: 1 } } });
    held.settle();
  });

  it('are refused as throttled when they wait too long or the line is too long', async () => {
    const budget = new Budget('okta-main', { ...limits, concurrency: 1 }, { maxWaitMs: 30, maxWaiting: 1 });
    const held = await budget.acquire({ cost: users, lane: 'leaver' });
    held.settle({ throttled: 'rate', retryAfter: 60_000 });
    const waiting = budget.acquire({ cost: users, lane: 'live' });
    await expect(budget.acquire({ cost: users, lane: 'live' })).rejects.toMatchObject({ kind: 'throttled' });
    await expect(waiting).rejects.toMatchObject({ kind: 'throttled', code: 'target.throttled' });
  });

  it('are refused after closing, and whoever waits is told', async () => {
    const budget = new Budget('okta-main', { ...limits, concurrency: 1 });
    await budget.acquire({ cost: users, lane: 'leaver' });
    const waiting = budget.acquire({ cost: users, lane: 'leaver' });
    budget.close();
    await expect(waiting).rejects.toMatchObject({ kind: 'throttled' });
    await expect(budget.acquire({ cost: users, lane: 'leaver' })).rejects.toMatchObject({ kind: 'throttled' });
  });

  it('count once, however often their end is told', async () => {
    const budget = new Budget('okta-main', { ...limits, concurrency: 1 });
    const permit = await budget.acquire({ cost: users, lane: 'leaver' });
    permit.settle();
    permit.settle();
    await budget.acquire({ cost: users, lane: 'leaver' });
    const waiting = budget.acquire({ cost: users, lane: 'leaver', signal: AbortSignal.timeout(30) });
    await expect(waiting).rejects.toThrow();
  });
});
