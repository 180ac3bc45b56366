import { describe, expect, it } from '@jest/globals';
import { Ledger, timeFor } from './ledger.ts';
import type { BudgetLimits, BudgetSignal, Cost } from './ledger.ts';
import type { Lane } from './reading.ts';

const limits = (over: Partial<BudgetLimits> = {}): BudgetLimits => ({
  buckets: { users: { limit: 100, perMs: 60_000 }, apps: { limit: 20, perMs: 60_000 } },
  share: 1,
  concurrency: 1000,
  timeFactor: 1,
  ...over,
});

/** Runs calls of one lane as fast as the ledger lets them, for so long; gives the times at which they left. */
const run = (ledger: Ledger, options: { from?: number; until: number; lane?: Lane; cost?: Cost }): number[] => {
  const left: number[] = [];
  const { lane = 'batch', cost = { users: 1 } } = options;
  let now = options.from ?? 0;
  for (let turn = 0; turn < 1_000_000 && now < options.until; turn += 1) {
    const wait = ledger.wait(cost, lane, now);
    if (wait > 0) {
      now += Math.ceil(wait);
      continue;
    }
    ledger.take(cost, now);
    ledger.settle(cost, {}, now);
    left.push(now);
  }
  return left;
};

/** Makes calls one after the other, at one instant, as long as the ledger lets them; gives how many left. */
const take = (ledger: Ledger, most: number, answer: (call: number) => BudgetSignal): number => {
  for (let call = 0; call < most; call += 1) {
    if (ledger.wait({ users: 1 }, 'leaver', 0) > 0) return call;
    ledger.take({ users: 1 }, 0);
    ledger.settle({ users: 1 }, answer(call), 0);
  }
  return most;
};

const mostIn = (times: number[], window: number): number =>
  Math.max(...times.map((start) => times.filter((time) => time >= start && time < start + window).length));

describe('a budget', () => {
  it('never puts more than the limit into any window of the vendor, wherever that begins', () => {
    const left = run(new Ledger(limits()), { until: 600_000, lane: 'leaver' });
    expect(mostIn(left, 60_000)).toBeLessThanOrEqual(100);
  });

  it('uses at least nine tenths of what it may, though a part is kept for leavers', () => {
    const left = run(new Ledger(limits()), { until: 600_000, lane: 'batch' });
    expect(left.length).toBeGreaterThanOrEqual(900);
  });

  it('takes only our share of a bucket', () => {
    expect(mostIn(run(new Ledger(limits({ share: 0.5 })), { until: 200_000, lane: 'leaver' }), 60_000)).toBe(50);
  });

  it('keeps a part for leavers, whatever batches do', () => {
    const ledger = new Ledger(limits());
    expect(run(ledger, { until: 1000 })).toHaveLength(95);
    expect(ledger.wait({ users: 1 }, 'live', 1000)).toBeGreaterThan(0);
    expect(run(ledger, { from: 1000, until: 2000, lane: 'leaver' })).toHaveLength(5);
  });

  it('runs faster by the time factor', () => {
    expect(run(new Ledger(limits({ timeFactor: 60 })), { until: 10_000, lane: 'leaver' }).length).toBeGreaterThanOrEqual(900);
  });

  it('lets nobody through before the time that a refusal named, leavers included', () => {
    const ledger = new Ledger(limits());
    ledger.take({ users: 1 }, 0);
    ledger.settle({ users: 1 }, { throttled: 'rate', retryAfter: 7000 }, 100);
    for (const lane of ['leaver', 'live', 'batch'] as const) expect(ledger.wait({ users: 1 }, lane, 100)).toBe(7000);
    expect(ledger.wait({ users: 1 }, 'leaver', 7099)).toBe(1);
    expect(ledger.wait({ users: 1 }, 'leaver', 7100)).toBe(0);
    expect(ledger.wait({ apps: 1 }, 'batch', 100)).toBe(0);
  });

  it('waits longer after each refusal that names no time, or one in the past', () => {
    const ledger = new Ledger(limits());
    const waits = [1, 2, 3].map(() => {
      ledger.take({ users: 1 }, 0);
      ledger.settle({ users: 1 }, { throttled: 'rate', resetIn: -5 }, 0);
      return ledger.wait({ users: 1 }, 'leaver', 0);
    });
    expect(waits).toEqual([1000, 2000, 4000]);
  });

  it('goes slower after a refusal and regains its pace in time', () => {
    const ledger = new Ledger(limits());
    ledger.take({ users: 1 }, 0);
    ledger.settle({ users: 1 }, { throttled: 'rate', retryAfter: 1000 }, 0);
    expect(ledger.state('users', 1000).allowed).toBe(80);
    expect(ledger.state('users', 130_000).allowed).toBe(90);
    expect(ledger.state('users', 300_000).allowed).toBe(100);
  });

  it('believes the vendor when less is left than counted, never when more is', () => {
    const ledger = new Ledger(limits());
    const left = take(ledger, 20, (call) => ({ remaining: 2 - call, resetIn: 30_000 }));
    expect(left).toBe(3);
    expect(ledger.wait({ users: 1 }, 'leaver', 0)).toBe(30_000);
    expect(ledger.wait({ users: 1 }, 'leaver', 30_000)).toBe(0);
    expect(take(new Ledger(limits()), 200, () => ({ remaining: 5000, resetIn: 30_000 }))).toBe(100);
  });

  it('counts calls under way as used up, until their answers tell', () => {
    const ledger = new Ledger(limits());
    for (let call = 0; call < 5; call += 1) ledger.take({ users: 1 }, 0);
    ledger.settle({ users: 1 }, { remaining: 5, resetIn: 30_000 }, 0);
    ledger.take({ users: 1 }, 0);
    expect(ledger.wait({ users: 1 }, 'leaver', 0)).toBe(30_000);
    ledger.settle({ users: 1 }, { remaining: 7, resetIn: 30_000 }, 0);
    expect(ledger.wait({ users: 1 }, 'leaver', 0)).toBe(0);
    ledger.settle({ users: 1 }, { remaining: 6, resetIn: 30_000 }, 0);
    ledger.settle({ users: 1 }, {}, 0);
    ledger.settle({ users: 1 }, {}, 0);
    ledger.settle({ users: 1 }, {}, 0);
    expect(ledger.wait({ users: 1 }, 'leaver', 0)).toBe(0);
    ledger.take({ users: 2 }, 0);
    expect(ledger.wait({ users: 1 }, 'leaver', 0)).toBe(30_000);
  });

  it('knows a new window of the vendor by what is left in it, and trusts no reset beyond the length of a window', () => {
    const ledger = new Ledger(limits({ concurrency: 10 }));
    take(ledger, 1, () => ({ remaining: 0, resetIn: 500_000 }));
    expect(ledger.wait({ users: 1 }, 'leaver', 0)).toBe(60_000);
    ledger.take({ users: 1 }, 10);
    ledger.settle({ users: 1 }, { remaining: 99, resetIn: 30_000 }, 10);
    expect(ledger.wait({ users: 1 }, 'leaver', 10)).toBe(0);
  });

  it('slows down when the vendor says that the limit is nearly used', () => {
    const ledger = new Ledger(limits());
    ledger.take({ users: 1 }, 0);
    ledger.settle({ users: 1 }, { usedShare: 0.98 }, 0);
    ledger.take({ users: 2 }, 0);
    expect(ledger.wait({ users: 1 }, 'leaver', 0)).toBe(6000);
  });

  it('charges what a call really cost, if that was more', () => {
    const ledger = new Ledger(limits());
    ledger.take({ users: 1 }, 0);
    ledger.settle({ users: 1 }, { spent: { users: 61 } }, 0);
    expect(run(ledger, { until: 1000, lane: 'leaver' })).toHaveLength(39);
  });

  it('makes a call possible that costs more than a whole window', () => {
    const ledger = new Ledger(limits());
    expect(ledger.wait({ apps: 50 }, 'batch', 0)).toBe(0);
    ledger.take({ apps: 50 }, 0);
    expect(ledger.wait({ apps: 50 }, 'batch', 0)).toBeLessThan(70_000);
  });

  it('has fewer calls under way after a refusal for too many at once, without taking the rate for used up', () => {
    const ledger = new Ledger(limits({ concurrency: 20 }));
    for (let call = 0; call < 18; call += 1) ledger.take({ users: 1 }, 0);
    expect(ledger.wait({ users: 1 }, 'batch', 0)).toBe(Infinity);
    expect(ledger.wait({ users: 1 }, 'leaver', 0)).toBe(0);
    ledger.settle({ users: 1 }, { throttled: 'concurrency', resetIn: 2000 }, 0);
    for (let call = 0; call < 7; call += 1) ledger.settle({ users: 1 }, {}, 10);
    expect(ledger.wait({ users: 1 }, 'leaver', 3000)).toBe(Infinity);
    expect(ledger.state('users', 3000).allowed).toBe(100);
  });

  it('says how long a plan will take', () => {
    expect(timeFor(limits({ share: 0.5 }), { users: 100, apps: 5 })).toBe(120_000);
  });
});
