import { describe, expect, it } from '@jest/globals';
import { upcast, upcasterChain } from './index.ts';

const chain = upcasterChain([
  { type: 'ThingSeen', from: 2, up: (data) => ({ ...data, third: true }) },
  { type: 'ThingSeen', from: 1, up: (data) => ({ ...data, second: true }) },
]);

describe('recorded data', () => {
  it('is lifted step by step to the newest version', () => {
    expect(chain('ThingSeen', 1, { a: 1 })).toEqual({ a: 1, second: true, third: true });
    expect(chain('ThingSeen', 2, { a: 1 })).toEqual({ a: 1, third: true });
  });

  it('of the newest version comes back as it is', () => {
    const data = { a: 1 };
    expect(chain('ThingSeen', 3, data)).toBe(data);
    expect(chain('OtherSeen', 1, data)).toBe(data);
    expect(upcast('WorkerRecorded', 1, data)).toBe(data);
  });

  it('is not changed in place', () => {
    const data = Object.freeze({ a: 1 });
    expect(() => chain('ThingSeen', 1, data)).not.toThrow();
  });
});

it('two upcasters of one version are refused', () => {
  const twice = { type: 'ThingSeen', from: 1, up: (data: object) => data };
  expect(() => upcasterChain([twice, twice])).toThrow('ThingSeen.v1');
});
