import { beforeEach, describe, expect, it } from '@jest/globals';
import { VirtualClock } from './clock.ts';
import { Lag } from './lag.ts';
import { Links } from './links.ts';
import { StateFile } from './state.ts';
import { Table } from './table.ts';

interface Thing {
  id: string;
  name: string;
}

let clock: VirtualClock;
let lag: Lag;
let state: StateFile;
let table: Table<Thing>;
let links: Links;

beforeEach(() => {
  clock = new VirtualClock();
  lag = new Lag(clock, 3);
  state = new StateFile(':memory:');
  table = new Table(state, 'thing', lag, { name: ({ name }) => name });
  links = new Links(state, 'link', lag);
});

const names = (readClass: string): string[] => Array.from(table.scan(readClass), ([, { name }]) => name);

describe('a table under lag', () => {
  it('shows each class of reads its own past, and the truth to whoever asks for it', () => {
    table.put('a', { id: 'a', name: 'one' });
    lag.set({ class: 'id', minMs: 100, maxMs: 100 });
    lag.set({ class: 'search', minMs: 500, maxMs: 500 });
    table.put('a', { id: 'a', name: 'two' });
    expect([table.get('a')?.name, table.view('a', 'id')?.name, table.view('a', 'list')?.name]).toEqual(['two', 'one', 'two']);
    clock.advance(101);
    expect([table.view('a', 'id')?.name, table.view('a', 'search')?.name]).toEqual(['two', 'one']);
    clock.advance(400);
    expect(table.view('a', 'search')?.name).toBe('two');
    expect(lag.stale).toEqual({ id: 1, search: 1 });
  });

  it('hides what is new and shows what is gone, in lists too, in the order of ids', () => {
    for (const id of ['b', 'd']) table.put(id, { id, name: id });
    lag.set({ class: 'list', minMs: 100, maxMs: 100 });
    table.put('c', { id: 'c', name: 'c' });
    table.delete('b');
    table.put('a', { id: 'a', name: 'a' });
    expect(names('list')).toEqual(['b', 'd']);
    expect(names('other')).toEqual(['a', 'c', 'd']);
    clock.advance(101);
    expect(names('list')).toEqual(['a', 'c', 'd']);
    expect(Array.from(table.scan('list', 'a'), ([id]) => id)).toEqual(['c', 'd']);
  });

  it('finds by a key that the object had then, and not by the one that it has now', () => {
    table.put('a', { id: 'a', name: 'old' });
    lag.set({ class: 'id', minMs: 100, maxMs: 100 });
    table.put('a', { id: 'a', name: 'new' });
    expect([table.find('name', 'new')?.id, table.find('name', 'old')?.id]).toEqual(['a', undefined]);
    expect([table.findView('name', 'new', 'id')?.id, table.findView('name', 'old', 'id')?.id]).toEqual([undefined, 'a']);
    clock.advance(101);
    expect([table.findView('name', 'new', 'id')?.id, table.findView('name', 'old', 'id')?.id]).toEqual(['a', undefined]);
  });

  it('draws the lag of each object and version from the seed, inside the bounds', () => {
    lag.set({ class: 'id', minMs: 100, maxMs: 300 });
    const draws = Array.from({ length: 200 }, (_, at) => lag.draw('id', `object${at}`));
    expect(Math.min(...draws)).toBeGreaterThanOrEqual(100);
    expect(Math.max(...draws)).toBeLessThanOrEqual(300);
    expect(new Set(draws).size).toBeGreaterThan(100);
    expect(draws[7]).toBe(lag.draw('id', 'object7'));
    expect(draws[7]).not.toBe(Object.assign(new Lag(clock, 4), {}).draw('id', 'object7'));
  });

  it('scales with the time factor and forgets the past when nothing lags', () => {
    lag.set({ class: 'id', minMs: 60_000, maxMs: 60_000 });
    clock.factor = 60;
    table.put('a', { id: 'a', name: 'one' });
    expect(table.view('a', 'id')).toBeUndefined();
    clock.advance(1001);
    expect(table.view('a', 'id')?.name).toBe('one');
    lag.off();
    table.put('a', { id: 'a', name: 'two' });
    expect(table.view('a', 'id')?.name).toBe('two');
  });
});

describe('links under lag', () => {
  it('are seen late from both ends, added and removed', () => {
    links.put('g', 'old', true);
    lag.set({ class: 'membership', minMs: 100, maxMs: 100 });
    expect([links.put('g', 'new', true), links.put('g', 'new', true), links.delete('g', 'old'), links.delete('g', 'old')]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect([...links.of('g').keys()]).toEqual(['new']);
    expect(links.viewOf('g', 'membership').map(([b]) => b)).toEqual(['old']);
    expect([links.viewTo('new', 'membership'), links.viewTo('old', 'membership')]).toEqual([[], ['g']]);
    clock.advance(101);
    expect(links.viewOf('g', 'membership').map(([b]) => b)).toEqual(['new']);
    expect(links.viewTo('old', 'membership')).toEqual([]);
    expect(links.size).toBe(1);
  });
});

describe('what is kept', () => {
  it('comes back from the state: objects with their indexes, links from both ends', () => {
    table.put('a', { id: 'a', name: 'one' });
    table.put('b', { id: 'b', name: 'two' });
    table.delete('a');
    links.put('g', 'u', true);
    state.commit();
    const again = new Table<Thing>(state, 'thing', lag, { name: ({ name }) => name });
    expect([again.size, again.find('name', 'two')?.id, again.find('name', 'one')]).toEqual([1, 'b', undefined]);
    expect([...new Links(state, 'link', lag).to('u')]).toEqual(['g']);
  });
});
