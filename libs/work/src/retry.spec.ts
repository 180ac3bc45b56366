import { describe, expect, it } from '@jest/globals';
import { reactionTo, type WorkFault } from './retry.ts';

const fault = (kind: WorkFault['kind']): WorkFault => ({ code: 'x.y', kind, message: 'm' });
const waits = (kind: WorkFault['kind'], attempts: number, more: object = {}): number => {
  const reaction = reactionTo(fault(kind), { attempts, random: 1, ...more });
  return reaction.do === 'retry' ? reaction.afterMs : -1;
};

describe('a failed attempt', () => {
  it('is repeated after 1 s, doubling to 5 min, for ever, when the cause passes', () => {
    expect([0, 1, 2, 8, 9, 1_000].map((attempts) => waits('transient', attempts))).toEqual([
      1_000, 2_000, 4_000, 256_000, 300_000, 300_000,
    ]);
    expect(reactionTo(fault('transient'), { attempts: 0, random: 0 })).toEqual({ do: 'retry', afterMs: 500 });
  });

  it('is repeated when the vendor said, if it did', () => {
    expect(waits('throttled', 5, { retryAfterMs: 30_000 })).toBe(30_000);
    expect(waits('throttled', 0)).toBe(1_000);
  });

  it('is never repeated when the same would be refused again', () => {
    expect(reactionTo(fault('refused'), { attempts: 0, random: 1 })).toEqual({ do: 'bury' });
  });

  it('is made three times in all when it is a defect of ours', () => {
    expect([0, 1, 2].map((attempts) => waits('bug', attempts))).toEqual([1_000, 2_000, -1]);
  });
});
