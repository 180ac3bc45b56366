import type { Loaded } from '@muster/event-store';

const MOST = 20_000;

/**
 * Streams as they were folded last, so that the next look at them reads only what came since. Never an answer by itself: whoever takes a state from here
 * reads on from its revision. The least recently used are dropped.
 */
export class KeptStreams {
  readonly #kept = new Map<string, Loaded<unknown>>();

  find<S>(stream: string): Loaded<S> | undefined {
    const found = this.#kept.get(stream);
    if (found) this.keep(stream, found);
    return found as Loaded<S> | undefined;
  }

  keep(stream: string, loaded: Loaded<unknown>): void {
    this.#kept.delete(stream);
    if (loaded.revision < 0) return;
    this.#kept.set(stream, loaded);
    if (this.#kept.size <= MOST) return;
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined) this.#kept.delete(oldest);
  }
}
