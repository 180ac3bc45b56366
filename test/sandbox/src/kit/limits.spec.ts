import { describe, expect, it } from '@jest/globals';
import { VirtualClock } from './clock.ts';
import { RateLimits } from './limits.ts';

describe('rate limit windows', () => {
  it('open with their first request, refuse beyond the limit without taking anything, and start anew when they end', () => {
    const clock = new VirtualClock(60);
    const limits = new RateLimits(clock);
    expect(limits.take('a', 3, 60_000, 2)).toMatchObject({ allowed: true, remaining: 1 });
    expect(limits.take('a', 3, 60_000, 2)).toMatchObject({ allowed: false, remaining: 1 });
    expect(limits.take('a', 3, 60_000)).toMatchObject({ allowed: true, remaining: 0 });
    expect(limits.take('b', 3, 60_000).allowed).toBe(true);
    clock.advance(1001);
    expect(limits.take('a', 3, 60_000)).toMatchObject({ allowed: true, remaining: 2 });
  });

  it('refuse nothing when switched off', () => {
    const limits = new RateLimits(new VirtualClock());
    limits.enabled = false;
    expect(Array.from({ length: 5 }, () => limits.take('a', 1, 60_000).allowed)).toEqual([true, true, true, true, true]);
  });
});
