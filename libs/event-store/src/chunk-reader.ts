import type { ResolvedEvent } from '@eventstore/db-client';
import { StoreTimeout } from './errors.ts';

/** What the client's reads and subscriptions have in common. */
export type ObjectStream = {
  readonly readableLength: number;
  read(): unknown;
  on(event: 'readable' | 'end' | 'close', listener: () => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
} & ({ cancel(): Promise<void> } | { unsubscribe(): Promise<void> });

export interface Chunk {
  events: ResolvedEvent[];
  /** Nothing more will come. */
  ended: boolean;
}

/** Takes events from a stream of the client as they have piled up: one wait for many. The stream's own buffer bounds what waits. */
export class ChunkReader {
  readonly #stream: ObjectStream;
  #error: Error | undefined;
  #ended = false;
  #done = false;
  #nudged = false;
  #wake: (() => void) | undefined;

  constructor(stream: ObjectStream) {
    this.#stream = stream;
    stream.on('readable', () => this.#wake?.());
    stream.on('end', () => this.#finish(undefined));
    stream.on('close', () => this.#finish(undefined));
    stream.on('error', (error) => this.#finish(error));
  }

  /** Makes the waiting `next`, or else the following one, return what there is, perhaps nothing. */
  nudge(): void {
    this.#nudged = true;
    this.#wake?.();
  }

  /** True if nothing has arrived that was not taken. */
  get drained(): boolean {
    return this.#stream.readableLength === 0;
  }

  /** The next events, at least one unless nudged or ended. Throws the stream's error once everything before it was taken, StoreTimeout after `timeoutMs`. */
  async next({ max, timeoutMs }: { max: number; timeoutMs?: number }): Promise<Chunk> {
    let events = this.#take(max);
    if (events.length === 0 && !this.#settled && !this.#nudged) {
      await this.#arrival(timeoutMs);
      // What came in the same read of the socket is parsed message by message: let it all arrive, small batches are what costs.
      await new Promise<void>((resolve) => void setImmediate(resolve));
      events = this.#take(max);
    }
    this.#nudged = false;
    if (events.length === 0 && this.#error !== undefined) throw this.#error;
    return { events, ended: this.#ended };
  }

  /** Ends the call on the server if it still runs. */
  cancel(): void {
    if (this.#done) return;
    this.#done = true;
    const stream = this.#stream;
    void ('cancel' in stream ? stream.cancel() : stream.unsubscribe()).catch(() => undefined);
  }

  get #settled(): boolean {
    return this.#ended || this.#error !== undefined;
  }

  #take(max: number): ResolvedEvent[] {
    const events: ResolvedEvent[] = [];
    while (events.length < max) {
      const event = this.#stream.read() as ResolvedEvent | null;
      if (event === null) break;
      events.push(event);
    }
    return events;
  }

  #finish(error: Error | undefined): void {
    if (error === undefined) this.#ended = true;
    else this.#error ??= error;
    this.#wake?.();
  }

  #arrival(timeoutMs: number | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer =
        timeoutMs === undefined ? undefined : setTimeout(() => reject(new StoreTimeout('The event store sent nothing')), timeoutMs);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
    });
  }
}
