import { START_POSITION } from '@muster/event-store';
import { LARGEST_BATCH } from './deliver-batch.ts';
import { EmbeddedFeed, type FeedReader, type Portion } from './embedded-feed.ts';
import { toArrival, toMessageOn } from './message.ts';
import { topicsOf } from './nest-handlers.ts';
import { pause } from './pause.ts';
import { readCheckpoint, writeCheckpoint } from './seen.ts';
import { BatchStrategy } from './strategy.ts';

export const CHECKPOINT = 'store';
/** How far the checkpoint may stay behind while nothing of the group's topics comes. */
const IDLE_CHECKPOINT_MS = 10_000;

/**
 * Consumes straight from the event store, without a broker: the topics are those of the topic map. All groups of a process share one subscription; each has
 * its checkpoint in its own schema, written in the batch's transaction, so that a batch is dealt with exactly when its checkpoint stands.
 */
export class EmbeddedStrategy extends BatchStrategy {
  #running: Promise<void> | undefined;
  #reader: FeedReader | undefined;
  #savedAt = 0;

  protected begin(): void {
    this.#running = this.#run();
  }

  protected async end(): Promise<void> {
    await this.#running;
  }

  protected checkTransport(): Promise<void> {
    const { failure } = EmbeddedFeed.of(this.options.store);
    return failure || !this.#reader ? Promise.reject(failure ?? new Error('not connected yet')) : Promise.resolve();
  }

  async #run(): Promise<void> {
    const { signal } = this.closing;
    while (!signal.aborted) {
      try {
        await this.#follow(signal);
      } catch (error) {
        this.stumbled(error);
        await pause(1_000, signal);
      }
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const feed = EmbeddedFeed.of(this.options.store);
    const from = (await readCheckpoint(this.options.database.db, CHECKPOINT)) ?? START_POSITION;
    const reader = await feed.join(topicsOf(this.consumer.handlers));
    this.#reader = reader;
    try {
      this.recovered();
      await reader.follow({ from, max: LARGEST_BATCH, signal }, (portion) => this.#take(portion, signal));
    } finally {
      this.#reader = undefined;
      await feed.leave(reader);
    }
  }

  async #take({ events, position }: Portion, signal: AbortSignal): Promise<void> {
    if (events.length > 0) {
      const arrivals = events.map(({ topic, event }) => toArrival(toMessageOn(topic, event)));
      const done = await this.deliver(arrivals, { checkpoint: { name: CHECKPOINT, position } }, signal);
      if (done) this.#savedAt = Date.now();
    } else if (Date.now() - this.#savedAt > IDLE_CHECKPOINT_MS) {
      this.#savedAt = Date.now();
      await writeCheckpoint(this.options.database.db, CHECKPOINT, position).catch(() => {});
    }
  }
}
