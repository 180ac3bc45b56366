import { Past, type Lag } from './lag.ts';
import type { StateFile } from './state.ts';

type Indexes<T> = Record<string, (value: T) => string | undefined>;

/**
 * Objects by id, durable, with unique indexes and a recent past. `get`, `find` and `values` show the truth; `view`, `findView` and `scan` what a
 * lagging read sees. Values are replaced, never changed in place. Listing goes by id.
 */
export class Table<T extends object> {
  #rows = new Map<string, T>();
  #ids: string[] = [];
  #keys = new Map<string, Map<string, string>>();
  #past: Past<T>;

  constructor(
    readonly state: StateFile,
    readonly kind: string,
    lag: Lag,
    readonly indexes: Indexes<T> = {},
  ) {
    this.#past = new Past<T>(lag, kind);
    for (const name of Object.keys(indexes)) this.#keys.set(name, new Map());
    for (const [id, value] of state.objects(kind)) {
      this.#rows.set(id, value as T);
      this.#ids.push(id);
      this.#index(id, value as T, true);
    }
    this.#ids.sort();
  }

  get size(): number {
    return this.#rows.size;
  }

  get(id: string): T | undefined {
    return this.#rows.get(id);
  }

  values(): Iterable<T> {
    return this.#rows.values();
  }

  /** By a unique index, the truth. */
  find(index: string, key: string): T | undefined {
    const id = this.#keys.get(index)?.get(key);
    return id === undefined ? undefined : this.#rows.get(id);
  }

  put(id: string, value: T): void {
    const before = this.#rows.get(id);
    this.#past.replaced(id, before);
    if (before) this.#index(id, before, false);
    else this.#ids.splice(this.#place(id), 0, id);
    this.#rows.set(id, value);
    this.#index(id, value, true);
    this.state.putObject(this.kind, id, value);
  }

  delete(id: string): boolean {
    const before = this.#rows.get(id);
    if (!before) return false;
    this.#past.replaced(id, before);
    this.#index(id, before, false);
    this.#ids.splice(this.#place(id), 1);
    this.#rows.delete(id);
    this.state.deleteObject(this.kind, id);
    return true;
  }

  view(id: string, readClass: string): T | undefined {
    return this.#past.view(id, this.#rows.get(id), readClass);
  }

  /** By a unique index, as that class of reads sees it: an object is found by a key that it had. */
  findView(index: string, key: string, readClass: string): T | undefined {
    const id = this.#keys.get(index)?.get(key);
    const present = id === undefined ? undefined : this.view(id, readClass);
    const keyOf = this.indexes[index];
    if (!keyOf || this.#past.size === 0) return present;
    if (present && keyOf(present) === key) return present;
    return this.#formerly((value) => keyOf(value) === key, readClass);
  }

  #formerly(wanted: (value: T) => boolean, readClass: string): T | undefined {
    for (const [id, value] of this.#past.values()) {
      const seen = wanted(value) ? this.view(id, readClass) : undefined;
      if (seen && wanted(seen)) return seen;
    }
    return undefined;
  }

  /** Objects with an id greater than `after`, by id, as that class of reads sees them. */
  *scan(readClass: string, after = ''): Generator<[string, T]> {
    const gone = [...this.#past.keys()].filter((id) => id > after && !this.#rows.has(id)).sort();
    let nextGone = 0;
    for (let at = after === '' ? 0 : this.#place(after); at < this.#ids.length; at++) {
      const id = this.#ids[at] as string;
      if (id <= after) continue;
      for (; nextGone < gone.length && (gone[nextGone] as string) < id; nextGone++) yield* this.#seen(gone[nextGone] as string, readClass);
      yield* this.#seen(id, readClass);
    }
    for (; nextGone < gone.length; nextGone++) yield* this.#seen(gone[nextGone] as string, readClass);
  }

  *#seen(id: string, readClass: string): Generator<[string, T]> {
    const value = this.view(id, readClass);
    if (value) yield [id, value];
  }

  #index(id: string, value: T, add: boolean): void {
    for (const [name, keyOf] of Object.entries(this.indexes)) {
      const key = keyOf(value);
      const keys = this.#keys.get(name);
      if (key === undefined || !keys) continue;
      if (add) keys.set(key, id);
      else if (keys.get(key) === id) keys.delete(key);
    }
  }

  /** Place of the first id that is not lower. */
  #place(id: string): number {
    let low = 0;
    let high = this.#ids.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ids[middle] as string) < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
