import { describe, expect, it } from '@jest/globals';
import { shareBudget } from './share-budget.ts';

const of = (name: string, url = 'https://example.okta.com') => ({
  name,
  url,
  budget: { buckets: { users: { limit: 10, perMs: 1000 } }, share: 1, concurrency: 5, timeFactor: 1 },
});

describe('the budget of a connection', () => {
  it('is one for all in a process that open it, and another for another connection or address', () => {
    const uses = [
      shareBudget(of('okta-main')),
      shareBudget(of('okta-main')),
      shareBudget(of('okta-test')),
      shareBudget(of('okta-main', 'https://other.okta.com')),
    ];
    const budgets = uses.map(({ budget }) => budget);
    expect(budgets[1]).toBe(budgets[0]);
    expect(new Set(budgets).size).toBe(3);
    for (const { release } of uses) release();
  });

  it('is closed when the last one has released it, however often each says so', async () => {
    const [one, other] = [shareBudget(of('okta-main')), shareBudget(of('okta-main'))];
    one.release();
    one.release();
    (await other.budget.acquire({ cost: { users: 1 }, lane: 'live' })).settle();
    other.release();
    await expect(other.budget.acquire({ cost: { users: 1 }, lane: 'live' })).rejects.toMatchObject({ kind: 'throttled' });
    const next = shareBudget(of('okta-main'));
    expect(next.budget).not.toBe(one.budget);
    next.release();
  });
});
