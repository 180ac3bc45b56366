import type { DirectoryObject } from './directory-object.ts';

/** What happened to an object: properties, its existence, or (for a group) one membership. */
export interface Change {
  readonly sequence: number;
  readonly at: number;
  readonly object: DirectoryObject;
  /** Names of the properties that changed. */
  readonly names?: readonly string[];
  readonly member?: DirectoryObject;
  readonly added?: boolean;
  /** The manager that was there before. */
  readonly former?: DirectoryObject;
  /** `created` and `restored` bring the whole object; `gone`: for good. */
  readonly life?: 'created' | 'deleted' | 'restored' | 'gone';
}

const DAY = 86_400_000;
/** Graph keeps delta tokens of directory objects for seven days (delta-query-overview). */
export const DELTA_LIFE = 7 * DAY;

/**
 * The changes of one kind of object in their order. Reading from a sequence number costs what it returns; entries older than a
 * token may be are dropped.
 */
export class ChangeLog {
  #entries: Change[] = [];
  #first = 0;
  #base = 0;

  get head(): number {
    return this.#base + this.#entries.length - this.#first;
  }

  /** The oldest sequence number that can still be read. */
  get tail(): number {
    return this.#base;
  }

  append(change: Omit<Change, 'sequence'>): void {
    this.#entries.push({ sequence: this.head, ...change });
    this.#prune(change.at - DELTA_LIFE - DAY);
  }

  get(sequence: number): Change | undefined {
    return sequence < this.#base ? undefined : this.#entries[this.#first + sequence - this.#base];
  }

  #prune(oldest: number): void {
    while (this.#first < this.#entries.length && this.#entries[this.#first]!.at < oldest) {
      this.#first++;
      this.#base++;
    }
    if (this.#first > 10_000 && this.#first > this.#entries.length / 2) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
  }
}
