import { describe, expect, it } from '@jest/globals';
import { Faults, type FaultQuery } from './faults.ts';

const query = (more: Partial<FaultQuery> = {}): FaultQuery => ({
  server: 'okta',
  method: 'GET',
  path: '/api/v1/users/00u1',
  actor: 'token',
  ...more,
});
const any = (): boolean => true;

describe('fault rules', () => {
  it('fire for server, method, caller and path, by glob or expression, and count it', () => {
    const faults = new Faults();
    faults.add({ id: 'x', kind: 'status', server: 'okta', method: 'get', path: '/api/v1/users/*', actor: 'token' });
    faults.add({ id: 'y', kind: 'status', path: '^/v1\\.0/(users|groups)$' });
    expect(faults.fire(query(), any)?.id).toBe('x');
    for (const miss of [{ server: 'graph' }, { method: 'POST' }, { actor: 'other' }, { path: '/api/v1/users' }])
      expect(faults.fire(query(miss), any)).toBeUndefined();
    expect(faults.fire(query({ path: '/v1.0/groups' }), any)?.id).toBe('y');
    expect([faults.fired('x'), faults.fired('y'), faults.fired('z')]).toEqual([1, 1, 0]);
  });

  it('let matches pass, fire so often at most, and keep their count when they are removed or replaced', () => {
    const faults = new Faults();
    faults.add({ id: 'x', kind: 'hang', skip: 2, times: 3 });
    const hits = Array.from({ length: 8 }, () => faults.fire(query(), any)?.id);
    expect(hits.map((hit) => hit === 'x')).toEqual([false, false, true, true, true, false, false, false]);
    faults.add({ id: 'x', kind: 'hang', times: 1 });
    faults.fire(query(), any);
    faults.clear();
    expect(faults.fired('x')).toBe(4);
    expect(faults.empty).toBe(true);
  });

  it('fire with their probability, the same way for the same seed', () => {
    const series = (seed: number): string => {
      const faults = new Faults(seed);
      faults.add({ id: 'x', kind: 'status', probability: 0.3 });
      return Array.from({ length: 400 }, () => (faults.fire(query(), any) ? '1' : '0')).join('');
    };
    expect(series(5)).toBe(series(5));
    expect(series(5)).not.toBe(series(6));
    expect(series(5).replaceAll('0', '').length / 400).toBeCloseTo(0.3, 1);
  });

  it('are asked by kind: a rule for a vendor does not fire on the way in', () => {
    const faults = new Faults();
    faults.add({ id: 'page', kind: 'empty-page' });
    expect(faults.fire(query(), (kind) => kind === 'status')).toBeUndefined();
    expect(faults.fire(query(), (kind) => kind === 'empty-page')?.id).toBe('page');
  });
});
