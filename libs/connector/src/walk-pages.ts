import type { Page, Scope, Shortfall, Watermark } from './reading.ts';

/** One page as the vendor gave it. */
export interface RawPage<R> {
  items: readonly R[];
  next?: Watermark | undefined;
  startedAt: string;
}

export interface PageWalk<R, T> {
  scope: Scope;
  from?: Watermark | undefined;
  fetch(cursor: Watermark | undefined): Promise<RawPage<R>>;
  /** Undefined for an item that carries no id. */
  idOf(raw: R): string | undefined;
  /** What an item says: nothing, if it is of a kind that is not observed. Undefined: it cannot be read; nothing can be concluded then. */
  observe(raw: R): readonly T[] | undefined;
  /** What is known to be missing before the first page, for want of permission. */
  shortfalls: readonly Shortfall[];
  /** A list that cannot be empty in reality: an empty one proves nothing. */
  neverEmpty?: boolean;
}

const MAX_PAGES = 100_000;
/** So often in a row may a page be empty and lead to itself. */
const MAX_STALLS = 3;

const because = (scope: Scope, code: string, message: string): Shortfall => ({ code, scope, message });

/** What a walk has seen so far, and what speaks against concluding from it. */
class Walk<R, T> {
  readonly shortfalls: Shortfall[];
  readonly #walk: PageWalk<R, T>;
  readonly #ids = new Set<string>();
  readonly #cursors = new Set<string>();

  constructor(walk: PageWalk<R, T>) {
    this.#walk = walk;
    this.shortfalls = [...walk.shortfalls];
  }

  read(raw: readonly R[]): T[] {
    const items: T[] = [];
    for (const one of raw) {
      const id = this.#walk.idOf(one);
      const said = id === undefined ? undefined : this.#walk.observe(one);
      if (id === undefined || said === undefined) {
        this.#note('connection.item_unreadable', 'an item of this list could not be read');
        continue;
      }
      // A page that repeats may stand in the place of one that was never given.
      if (this.#ids.has(id)) this.#note('connection.item_repeated', 'an item came twice in one list');
      this.#ids.add(id);
      items.push(...said);
    }
    return items;
  }

  /** False when the list leads back to a page that was given already. */
  leadsOn(next: Watermark): boolean {
    const fresh = !this.#cursors.has(next) && this.#cursors.size < MAX_PAGES;
    this.#cursors.add(next);
    if (!fresh) this.#note('connection.page_repeated', 'the list leads back to a page that was given before');
    return fresh;
  }

  soFar(): { incompleteBecause?: Shortfall[] } {
    return this.shortfalls.length === 0 ? {} : { incompleteBecause: [...this.shortfalls] };
  }

  end(): { complete: boolean; incompleteBecause?: Shortfall[] } {
    if (this.#walk.neverEmpty && this.#ids.size === 0 && this.#walk.from === undefined)
      this.#note('connection.read_empty', 'the list was empty');
    return this.shortfalls.length === 0 ? { complete: true } : { complete: false, incompleteBecause: this.shortfalls };
  }

  #note(code: string, message: string): void {
    if (!this.shortfalls.some((known) => known.code === code)) this.shortfalls.push(because(this.#walk.scope, code, message));
  }
}

/**
 * Walks a list page by page to its end and says on the last page whether an absence means anything: not if an item came twice or could not be
 * read, the list led in a circle, was empty where it cannot be, or the permissions do not cover it. Pages before it say what is known by then. Empty
 * pages with a next one are walked through.
 * Throws what `fetch` throws; no last page is given then.
 */
export async function* walkPages<R, T>(walk: PageWalk<R, T>): AsyncGenerator<Page<T>, void, undefined> {
  const seen = new Walk(walk);
  let cursor = walk.from;
  let stalls = 0;
  if (cursor !== undefined) seen.leadsOn(cursor);
  for (;;) {
    const { items: raw, next, startedAt } = await walk.fetch(cursor);
    const items = seen.read(raw);
    stalls = raw.length === 0 && next === cursor ? stalls + 1 : 0;
    const waits = stalls > 0 && stalls <= MAX_STALLS;
    if (next === undefined || (!waits && !seen.leadsOn(next))) {
      yield { items, startedAt, ...seen.end() };
      return;
    }
    yield { items, startedAt, next, ...seen.soFar() };
    cursor = next;
  }
}

/** All items of a list that is known to be short, with what speaks against concluding from it. Stops, incomplete, at `most` items (10,000). */
export const collectPages = async <T>(
  pages: AsyncIterable<Page<T>>,
  scope: Scope,
  most = 10_000,
): Promise<{ items: T[]; startedAt: string; incompleteBecause: Shortfall[] }> => {
  const items: T[] = [];
  let startedAt: string | undefined;
  for await (const page of pages) {
    startedAt ??= page.startedAt;
    items.push(...page.items);
    if (page.complete !== undefined) return { items, startedAt, incompleteBecause: page.incompleteBecause ?? [] };
    if (items.length >= most) break;
  }
  return {
    items,
    startedAt: startedAt ?? new Date().toISOString(),
    incompleteBecause: [because(scope, 'connection.read_cut', `the list was left after ${most} items`)],
  };
};
