import { expect, it } from '@jest/globals';
import { BoundedMap } from './bounded-map.ts';

it('a bounded map keeps the last entries, forgets the ones that nobody touched, and stays small', () => {
  const map = new BoundedMap<number>(10);
  for (let n = 0; n < 1_000; n++) {
    map.set(`k${n}`, n);
    expect(map.get('k0')).toBe(0);
    for (let back = 0; back < Math.min(n, 8); back++) expect(map.get(`k${n - back}`)).toBe(n - back);
  }
  expect(map.get('k500')).toBeUndefined();
  map.delete('k999');
  expect(map.get('k999')).toBeUndefined();
  map.clear();
  expect(map.get('k0')).toBeUndefined();
});
