import { describe, expect, it } from '@jest/globals';
import { collectPages, walkPages } from './walk-pages.ts';
import type { PageWalk } from './walk-pages.ts';
import type { Page } from './reading.ts';

type Raw = { id?: string; bad?: boolean };
const startedAt = '2026-01-05T08:00:00.000Z';

/** A list of pages; page n leads to n + 1 unless `leads` says otherwise. */
const list = (pages: Raw[][], over: Partial<PageWalk<Raw, string>> = {}, leads: Record<number, string> = {}): AsyncIterable<Page<string>> =>
  walkPages({
    scope: 'users',
    fetch: (cursor) => {
      const at = Number(cursor ?? 0);
      const next = leads[at] ?? (at + 1 < pages.length ? String(at + 1) : undefined);
      return Promise.resolve({ items: pages[at] ?? [], next, startedAt });
    },
    idOf: (raw) => raw.id,
    observe: (raw) => (raw.bad || raw.id === undefined ? undefined : raw.id.startsWith('x') ? [] : [raw.id]),
    shortfalls: [],
    ...over,
  });

const all = async (pages: AsyncIterable<Page<string>>): Promise<{ items: string[]; last: Page<string> | undefined }> => {
  const items: string[] = [];
  let last: Page<string> | undefined;
  for await (const page of pages) {
    items.push(...page.items);
    last = page;
  }
  return { items, last };
};

describe('a list', () => {
  it('is complete when every page to the last was given, empty ones in the middle included', async () => {
    const { items, last } = await all(list([[{ id: 'a' }], [], [{ id: 'b' }], []]));
    expect(items).toEqual(['a', 'b']);
    expect(last).toEqual({ items: [], startedAt, complete: true });
  });

  it('goes on behind a page that was given before', async () => {
    const { items, last } = await all(list([[{ id: 'a' }], [{ id: 'b' }], [{ id: 'c' }]], { from: '1' }));
    expect(items).toEqual(['b', 'c']);
    expect(last?.complete).toBe(true);
  });

  it('proves no absence when an item came twice', async () => {
    const { last } = await all(list([[{ id: 'a' }, { id: 'b' }], [{ id: 'a' }, { id: 'b' }], [{ id: 'c' }]]));
    expect(last).toMatchObject({ complete: false, incompleteBecause: [{ code: 'connection.item_repeated', scope: 'users' }] });
  });

  it('ends, incomplete, when it leads in a circle', async () => {
    const { items, last } = await all(list([[{ id: 'a' }], [{ id: 'b' }], [{ id: 'c' }]], {}, { 2: '1' }));
    expect(items).toEqual(['a', 'b', 'c']);
    expect(last).toMatchObject({ complete: false, incompleteBecause: [{ code: 'connection.page_repeated' }] });
  });

  it('asks again for an empty page that leads to itself, but not for ever', async () => {
    let asked = 0;
    const stalling = (until: number): PageWalk<Raw, string>['fetch'] => {
      asked = 0;
      return (cursor) => {
        asked += 1;
        if (cursor === undefined) return Promise.resolve({ items: [{ id: 'a' }], next: '1', startedAt });
        return Promise.resolve(asked <= until ? { items: [], next: '1', startedAt } : { items: [{ id: 'b' }], startedAt });
      };
    };
    expect((await all(list([], { fetch: stalling(3) }))).last).toMatchObject({ items: ['b'], complete: true });
    expect((await all(list([], { fetch: stalling(1000) }))).last).toMatchObject({ complete: false });
    expect(asked).toBeLessThan(10);
  });

  it('proves no absence when an item could not be read, and gives the others', async () => {
    const { items, last } = await all(list([[{ id: 'a' }, { id: 'b', bad: true }, {}]]));
    expect(items).toEqual(['a']);
    expect(last).toMatchObject({ complete: false, incompleteBecause: [{ code: 'connection.item_unreadable' }] });
  });

  it('leaves out what is not observed, which is no reason to doubt', async () => {
    const { items, last } = await all(list([[{ id: 'a' }, { id: 'x1' }]]));
    expect({ items, complete: last?.complete }).toEqual({ items: ['a'], complete: true });
  });

  it('proves no absence when it is empty and cannot be', async () => {
    expect((await all(list([[]], { neverEmpty: true }))).last).toMatchObject({ complete: false });
    expect((await all(list([[]]))).last).toMatchObject({ complete: true });
  });

  it('proves no absence when a permission is missing', async () => {
    const shortfall = { code: 'connection.permission_missing', scope: 'memberships', message: 'hidden members' } as const;
    expect((await all(list([[{ id: 'a' }]], { shortfalls: [shortfall] }))).last).toMatchObject({
      complete: false,
      incompleteBecause: [shortfall],
    });
  });

  it('has no last page when a page fails', async () => {
    const seen: Page<string>[] = [];
    const failing = list([[{ id: 'a' }]], {
      fetch: (cursor) => (cursor ? Promise.reject(new Error('502')) : Promise.resolve({ items: [{ id: 'a' }], next: '1', startedAt })),
    });
    await expect(
      (async () => {
        for await (const page of failing) seen.push(page);
      })(),
    ).rejects.toThrow('502');
    expect(seen.some((page) => page.complete !== undefined)).toBe(false);
  });

  it('is collected as incomplete when it is longer than expected', async () => {
    const pages = [[{ id: 'a' }], [{ id: 'b' }], [{ id: 'c' }]];
    expect(await collectPages(list(pages), 'groups', 2)).toMatchObject({
      items: ['a', 'b'],
      incompleteBecause: [{ code: 'connection.read_cut' }],
    });
    expect(await collectPages(list(pages), 'groups')).toEqual({ items: ['a', 'b', 'c'], startedAt, incompleteBecause: [] });
  });
});
