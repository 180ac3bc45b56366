/** Items that were brought together, and what their bringers wait for. */
interface Heap<T> {
  items: readonly T[];
  settle: (done: boolean) => void;
}

/**
 * Makes one batch of what many bring at the same time: while a batch is worked on, everything else piles up for the next one. What piles up is
 * bounded by the bringers, each of which waits for its own.
 */
export class Pile<T> {
  readonly #work: (items: T[]) => Promise<boolean>;
  readonly #max: number;
  #heaps: Heap<T>[] = [];
  #working = false;

  /** `work` gets up to `max` items (more if one heap alone is larger) and answers whether they are done; it must not throw. */
  constructor(max: number, work: (items: T[]) => Promise<boolean>) {
    this.#max = max;
    this.#work = work;
  }

  /** Resolves when the items are done (true) or were given up (false). */
  add(items: readonly T[]): Promise<boolean> {
    return new Promise((settle) => {
      this.#heaps.push({ items, settle });
      if (!this.#working) void this.#workOff();
    });
  }

  async #workOff(): Promise<void> {
    this.#working = true;
    // Those who bring in the same turn get into the same batch.
    await new Promise(setImmediate);
    while (this.#heaps.length > 0) {
      const heaps = this.#take();
      const done = await this.#work(heaps.flatMap(({ items }) => items));
      for (const { settle } of heaps) settle(done);
    }
    this.#working = false;
  }

  #take(): Heap<T>[] {
    let count = 0;
    let taken = 0;
    for (const { items } of this.#heaps) {
      if (taken > 0 && count + items.length > this.#max) break;
      count += items.length;
      taken += 1;
    }
    return this.#heaps.splice(0, taken);
  }
}
