import type { EventStore } from '@muster/event-store';
import { NaturalBatch } from './natural-batch.ts';

interface Followed {
  by: number;
  revision: number;
}

/** Streams that somebody keeps up with. */
export interface Following {
  /** Follows one more stream; to be awaited before it is read, so that nothing falls between. */
  add(stream: string): Promise<void>;
  /** The newest revision that was heard of; -1: nothing was appended since it is followed. */
  heardOf(stream: string): number;
  end(): void;
}

/**
 * Says which of many streams have moved, by one read of the end of the store for everybody who asks at about the same time. A fence that is asked here is as
 * fresh as one that reads the stream itself: the read begins after the question.
 */
export class StoreTail {
  readonly #store: Pick<EventStore, 'headPosition' | 'appendedSince'>;
  readonly #followed = new Map<string, Followed>();
  readonly #reads: NaturalBatch<undefined, undefined>;
  #position: string | undefined;

  constructor(store: Pick<EventStore, 'headPosition' | 'appendedSince'>) {
    this.#store = store;
    this.#reads = new NaturalBatch(async (asked) => {
      await this.#read();
      return asked.map(() => undefined);
    });
  }

  follow(): Following {
    const streams = new Set<string>();
    return {
      add: async (stream) => {
        if (!streams.has(stream)) this.#begin(stream);
        streams.add(stream);
        if (this.#position === undefined) await this.catchUp();
      },
      heardOf: (stream) => this.#followed.get(stream)?.revision ?? -1,
      end: () => {
        for (const stream of streams) this.#stop(stream);
        streams.clear();
      },
    };
  }

  /** Everything that the store had acknowledged when this was called is heard of when it resolves. Throws what the store throws. */
  async catchUp(): Promise<void> {
    await this.#reads.ask(undefined);
  }

  #begin(stream: string): void {
    const followed = this.#followed.get(stream) ?? { by: 0, revision: -1 };
    followed.by += 1;
    this.#followed.set(stream, followed);
  }

  /** With nobody left the place is given up: what is appended until somebody comes again need not be read. */
  #stop(stream: string): void {
    const followed = this.#followed.get(stream);
    if (!followed) return;
    followed.by -= 1;
    if (followed.by === 0) this.#followed.delete(stream);
    if (this.#followed.size === 0) this.#position = undefined;
  }

  async #read(): Promise<void> {
    const from = this.#position;
    if (from === undefined) {
      this.#position = await this.#store.headPosition();
      return;
    }
    const position = await this.#store.appendedSince(from, ({ stream, revision }) => {
      const followed = this.#followed.get(stream);
      if (followed && revision > followed.revision) followed.revision = revision;
    });
    // Given up meanwhile: whoever came since has begun anew.
    if (this.#position === from) this.#position = position;
  }
}
