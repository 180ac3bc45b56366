import { describe, expect, it } from '@jest/globals';
import { instantOf, within } from './axes.ts';

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

describe('a point on both axes', () => {
  const at = (occurredAt: string, recordedAt: string) => ({ recordedAt, metadata: { occurredAt } });
  const counts = within({ asOf: '2026-03-01T12:00:00.000Z', knownAt: '2026-04-01T12:00:00.000Z' });

  it('counts what was true and known by then, to the instant', () => {
    expect(counts(at('2026-03-01T12:00:00Z', '2026-04-01T12:00:00.000Z'))).toBe(true);
    expect(counts(at('2026-03-01T13:00:00+01:00', '2026-04-01T12:00:00.000Z'))).toBe(true);
  });

  it('leaves out what became true later, and what was learnt later', () => {
    expect(counts(at('2026-03-01T12:00:00.001Z', '2026-03-15T00:00:00.000Z'))).toBe(false);
    expect(counts(at('2026-01-01T00:00:00Z', '2026-04-01T12:00:00.001Z'))).toBe(false);
  });
});
