import type { StateFile } from './state.ts';

export interface JournalEntry {
  seq: number;
  at: string;
  server: string;
  method: string;
  /** Path and query as sent. */
  path: string;
  /** 0: the caller got no answer. */
  status: number;
  /** Token id or client id of the caller. */
  actor?: string;
  /** What was done, by object id: "created 00u1". Kept when the answer was lost, too. */
  effects: string[];
  lost?: 'before' | 'after' | 'hang';
  /** Ids of the fault rules that fired. */
  faults: string[];
  ms: number;
}

const KEPT = 100_000;

/** The requests that the sandboxes met: the last 100,000 of them, and counters that are never forgotten, not even by a restart. */
export class Journal {
  #entries: JournalEntry[] = [];
  #first = 0;
  #seq = 0;
  #counters: Record<string, number>;
  #unsaved = new Map<string, number>();

  constructor(readonly state: StateFile) {
    this.#counters = state.counters();
  }

  add(entry: Omit<JournalEntry, 'seq'>): JournalEntry {
    const full = { seq: ++this.#seq, ...entry };
    this.#entries.push(full);
    if (this.#entries.length - this.#first > KEPT) this.#first++;
    if (this.#first > KEPT) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
    return full;
  }

  /** Adds to a counter at once. Creates are counted as `<server>.create.<key name>.<key>`. */
  count(name: string, by = 1): void {
    this.#counters[name] = (this.#counters[name] ?? 0) + by;
    this.state.count(name, by);
  }

  /** Adds to a counter that is saved with the next `save`, such as `okta.status.429`. */
  tally(name: string): void {
    this.#counters[name] = (this.#counters[name] ?? 0) + 1;
    this.#unsaved.set(name, (this.#unsaved.get(name) ?? 0) + 1);
  }

  save(): void {
    for (const [name, by] of this.#unsaved) this.state.count(name, by);
    this.#unsaved.clear();
    this.state.commit();
  }

  /** Entries after a sequence number, oldest first. */
  since(seq: number, limit = 10_000, server?: string): JournalEntry[] {
    const result: JournalEntry[] = [];
    const oldest = this.#entries[this.#first]?.seq ?? 1;
    const start = this.#first + Math.max(0, seq + 1 - oldest);
    for (let at = start; at < this.#entries.length && result.length < limit; at++) {
      const entry = this.#entries[at] as JournalEntry;
      if (server === undefined || entry.server === server) result.push(entry);
    }
    return result;
  }

  get last(): number {
    return this.#seq;
  }

  counters(prefix = ''): Record<string, number> {
    return Object.fromEntries(Object.entries(this.#counters).filter(([name]) => name.startsWith(prefix)));
  }

  counter(name: string): number {
    return this.#counters[name] ?? 0;
  }
}
