import { describe, expect, it } from '@jest/globals';
import { Budget } from '@muster/connector';
import { Progress } from './progress.ts';

describe('the pace of a connection', () => {
  it('is what ended in the last minute, and nothing of before', () => {
    let now = 1_000_000;
    const budget = new Budget('okta-main', { buckets: {}, share: 1, concurrency: 1, timeFactor: 1 });
    const progress = new Progress(budget, () => now);
    progress.ended(10);
    now += 30_000;
    progress.ended(20);
    expect(progress.donePerMinute()).toBe(60);
    now += 30_000;
    expect(progress.donePerMinute()).toBe(20);
    now += 60_000;
    expect(progress.donePerMinute()).toBe(0);
    budget.close();
  });
});
