/** A process of the simulated world: yields how many milliseconds it sleeps. */
export type Proc<T = void> = Generator<number, T, void>;

interface Due {
  readonly at: number;
  readonly order: number;
  run(): void;
}

/** A running process; stopping it is a crash: it never wakes again. */
export interface Handle {
  stop(): void;
}

const parentOf = (index: number): number => (index - 1) >> 1;

/** A virtual clock: what is due runs in order of time, then of arrival. */
export class Clock {
  now: number;
  steps = 0;
  #order = 0;
  readonly #heap: Due[] = [];

  constructor(start: number) {
    this.now = start;
  }

  at(time: number, run: () => void): void {
    this.#order += 1;
    this.#push({ at: Math.max(time, this.now), order: this.#order, run });
  }

  /** Runs a process until it ends or is stopped. `failed` hears what it throws. */
  spawn(proc: Proc, failed: (error: unknown) => void): Handle {
    let stopped = false;
    const resume = (): void => {
      if (stopped) return;
      try {
        const { value, done } = proc.next();
        if (done !== true) this.at(this.now + Number(value), resume);
      } catch (error) {
        failed(error);
      }
    };
    this.at(this.now, resume);
    return {
      stop: () => {
        stopped = true;
      },
    };
  }

  /** Runs until nothing is due; false if `most` steps did not suffice. */
  run(most: number): boolean {
    for (let due = this.#pop(); due !== undefined; due = this.#pop()) {
      this.now = due.at;
      due.run();
      this.steps += 1;
      if (this.steps > most) return false;
    }
    return true;
  }

  #before(a: number, b: number): boolean {
    const left = this.#heap[a];
    const right = this.#heap[b];
    if (left === undefined || right === undefined) return left !== undefined;
    return left.at < right.at || (left.at === right.at && left.order < right.order);
  }

  #swap(a: number, b: number): void {
    const left = this.#heap[a];
    const right = this.#heap[b];
    if (left === undefined || right === undefined) return;
    this.#heap[a] = right;
    this.#heap[b] = left;
  }

  #push(due: Due): void {
    this.#heap.push(due);
    for (let index = this.#heap.length - 1; index > 0 && this.#before(index, parentOf(index)); index = parentOf(index))
      this.#swap(index, parentOf(index));
  }

  #pop(): Due | undefined {
    const top = this.#heap[0];
    const last = this.#heap.pop();
    if (top === undefined || last === undefined) return undefined;
    if (this.#heap.length === 0) return top;
    this.#heap[0] = last;
    for (let index = 0; ;) {
      const left = index * 2 + 1;
      const smaller = this.#before(left + 1, left) ? left + 1 : left;
      if (smaller >= this.#heap.length || !this.#before(smaller, index)) return top;
      this.#swap(index, smaller);
      index = smaller;
    }
  }
}
