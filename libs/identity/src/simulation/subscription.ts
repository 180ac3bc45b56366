import { Crash } from './faults.ts';
import type { StoredEvent } from './store.ts';
import type { World } from './world.ts';

/**
 * A consumer: hears every event some time after it was appended, in order, in batches; after a crash the same batch again. `handle` is one transaction
 * and throws Crash before it changes anything, or not at all.
 */
export class Subscription {
  readonly #world: World;
  readonly #handle: (events: readonly StoredEvent[]) => void;
  #checkpoint = 0;
  #scheduled = false;

  constructor(world: World, handle: (events: readonly StoredEvent[]) => void) {
    this.#world = world;
    this.#handle = handle;
    const before = world.store.onAppend;
    world.store.onAppend = () => {
      before();
      this.#schedule();
    };
  }

  /** Its rows are lost: begins again at the start of the store. */
  reset(): void {
    this.#checkpoint = 0;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const { clock, faults, random } = this.#world;
    const stalled = faults.strikes('stale current row', 0.01);
    clock.at(clock.now + (stalled ? random.between(2000, 60_000) : random.between(5, 250)), () => this.#poll());
  }

  #poll(): void {
    this.#scheduled = false;
    const { store } = this.#world;
    const most = this.#world.random.chance(0.1) ? 1 : 500;
    const batch = store.log.slice(this.#checkpoint, this.#checkpoint + most);
    try {
      this.#handle(batch);
      this.#checkpoint += batch.length;
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    }
    if (this.#checkpoint < store.log.length) this.#schedule();
  }
}
