import { Past, type Lag } from './lag.ts';
import type { StateFile } from './state.ts';

const SEPARATOR = '\n';

/**
 * Pairs (a, b) with a small value each, such as group and member, readable from both ends, durable, with a recent past. Made for a million pairs:
 * without lag a pair costs two map entries and nothing else. `V` must be JSON; use `true` when there is nothing to say.
 */
export class Links<V = true> {
  #forward = new Map<string, Map<string, V>>();
  #backward = new Map<string, Set<string>>();
  #past: Past<V>;
  #size = 0;

  constructor(
    readonly state: StateFile,
    readonly kind: string,
    lag: Lag,
  ) {
    this.#past = new Past<V>(lag, kind);
    for (const [a, b, value] of state.links(kind)) this.#remember(a, b, value as V);
  }

  get size(): number {
    return this.#size;
  }

  has(a: string, b: string): boolean {
    return this.#forward.get(a)?.has(b) ?? false;
  }

  get(a: string, b: string): V | undefined {
    return this.#forward.get(a)?.get(b);
  }

  /** Adds or replaces; true if the pair is new. */
  put(a: string, b: string, value: V): boolean {
    const before = this.get(a, b);
    this.#past.replaced(a + SEPARATOR + b, before);
    this.#remember(a, b, value);
    this.state.putLink(this.kind, a, b, value);
    return before === undefined;
  }

  /** True if the pair was there. */
  delete(a: string, b: string): boolean {
    const pairs = this.#forward.get(a);
    const before = pairs?.get(b);
    if (!pairs || before === undefined) return false;
    this.#past.replaced(a + SEPARATOR + b, before);
    pairs.delete(b);
    if (pairs.size === 0) this.#forward.delete(a);
    const back = this.#backward.get(b);
    back?.delete(a);
    if (back?.size === 0) this.#backward.delete(b);
    this.#size--;
    this.state.deleteLink(this.kind, a, b);
    return true;
  }

  /** All b of a, the truth. Deleting while iterating is safe. */
  of(a: string): ReadonlyMap<string, V> {
    return this.#forward.get(a) ?? new Map<string, V>();
  }

  /** All a of b, the truth. Deleting while iterating is safe. */
  to(b: string): ReadonlySet<string> {
    return this.#backward.get(b) ?? new Set<string>();
  }

  view(a: string, b: string, readClass: string): V | undefined {
    return this.#past.view(a + SEPARATOR + b, this.get(a, b), readClass);
  }

  /** All b of a as that class of reads sees them, sorted. */
  viewOf(a: string, readClass: string): [string, V][] {
    const ids = new Set(this.of(a).keys());
    for (const key of this.#past.keys()) if (key.startsWith(a + SEPARATOR)) ids.add(key.slice(a.length + 1));
    return [...ids].sort().flatMap((b): [string, V][] => {
      const value = this.view(a, b, readClass);
      return value === undefined ? [] : [[b, value]];
    });
  }

  /** All a of b as that class of reads sees them, sorted. */
  viewTo(b: string, readClass: string): string[] {
    const ids = new Set(this.to(b));
    for (const key of this.#past.keys()) if (key.endsWith(SEPARATOR + b)) ids.add(key.slice(0, -b.length - 1));
    return [...ids].sort().filter((a) => this.view(a, b, readClass) !== undefined);
  }

  #remember(a: string, b: string, value: V): void {
    let pairs = this.#forward.get(a);
    if (!pairs) this.#forward.set(a, (pairs = new Map()));
    if (!pairs.has(b)) this.#size++;
    pairs.set(b, value);
    const back = this.#backward.get(b);
    if (back) back.add(a);
    else this.#backward.set(b, new Set([a]));
  }
}
