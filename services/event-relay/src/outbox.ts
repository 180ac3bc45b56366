import type { RecordedEvent } from '@muster/event-store';
import { pause } from '@muster/messaging';

const LARGEST = 500;
const FULL = 2_000;

/** Events between the subscription that brings them and the publisher that takes what has piled up. Bounded: whoever brings waits while it is full. */
export class Outbox {
  #events: RecordedEvent[] = [];
  #arrived: (() => void) | undefined;
  #taken: (() => void) | undefined;

  /** Resolves when there is room again. */
  async add(events: readonly RecordedEvent[], signal: AbortSignal): Promise<void> {
    this.#events.push(...events);
    this.#arrived?.();
    while (this.#events.length >= FULL && !signal.aborted) await this.#until((wake) => (this.#taken = wake), signal);
  }

  /** The next events, 1 to 500, after waiting `lingerMs` for company; they stay until `drop`. None once the signal aborts. */
  async next(lingerMs: number, signal: AbortSignal): Promise<readonly RecordedEvent[]> {
    while (this.#events.length === 0 && !signal.aborted) await this.#until((wake) => (this.#arrived = wake), signal);
    if (this.#events.length < LARGEST) await pause(lingerMs, signal);
    return signal.aborted ? [] : this.#events.slice(0, LARGEST);
  }

  drop(count: number): void {
    this.#events = this.#events.slice(count);
    this.#taken?.();
  }

  async #until(listen: (wake: () => void) => void, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = (): void => resolve();
    signal.addEventListener('abort', wake);
    listen(wake);
    await promise;
    signal.removeEventListener('abort', wake);
  }
}
