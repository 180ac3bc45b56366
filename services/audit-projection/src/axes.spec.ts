import { describe, expect, it } from '@jest/globals';
import { instantOf } from './axes.ts';

describe('a date that is asked for', () => {
  it('means its end in UTC when it has no time', () => {
    expect(instantOf('date', '2026-03-01')).toBe('2026-03-01T23:59:59.999Z');
    expect(instantOf('date', '2028-02-29')).toBe('2028-02-29T23:59:59.999Z');
  });

  it('means its instant when it has one', () => {
    expect(instantOf('date', '2026-03-01T08:00:00+02:00')).toBe('2026-03-01T06:00:00.000Z');
    expect(instantOf('date', '2026-03-01T08:00Z')).toBe('2026-03-01T08:00:00.000Z');
  });

  it.each(['', 'yesterday', '2026-02-30', '2026-13-01', '2026-03-01T08:00:00', '01.03.2026', '2026'])('is refused as "%s"', (asked) => {
    expect(() => instantOf('date', asked)).toThrow('The request is not valid');
  });
});
