import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { comparePositions, decodePosition, encodePosition, START_POSITION } from './positions.ts';

const position = fc.record({ commit: fc.bigInt(0n, 2n ** 64n - 1n), prepare: fc.bigInt(0n, 2n ** 64n - 1n) });

describe('a position', () => {
  it('survives as text, one number for the usual case', () => {
    fc.assert(fc.property(position, (given) => expect(decodePosition(encodePosition(given))).toEqual(given)));
    expect(encodePosition({ commit: 42n, prepare: 42n })).toBe('42');
  });

  it('is ordered by commit, then by prepare, and not as text', () => {
    expect(comparePositions('9', '10')).toBeLessThan(0);
    expect(comparePositions('10/3', '10/20')).toBeLessThan(0);
    expect(comparePositions('18446744073709551615', '18446744073709551614')).toBeGreaterThan(0);
    expect(comparePositions('7', '7')).toBe(0);
    fc.assert(
      fc.property(position, position, (a, b) =>
        expect(comparePositions(encodePosition(a), encodePosition(b))).toBe(-comparePositions(encodePosition(b), encodePosition(a)) || 0),
      ),
    );
  });

  it('of the start is before all others', () => {
    fc.assert(fc.property(position, (given) => expect(comparePositions(START_POSITION, encodePosition(given))).toBeLessThanOrEqual(0)));
  });

  it.each(['', 'start', '-1', '1.5', '1/', 'C:1/P:1', '123456789012345678901'])('is not "%s"', (text) => {
    expect(() => decodePosition(text)).toThrow(RangeError);
  });
});
