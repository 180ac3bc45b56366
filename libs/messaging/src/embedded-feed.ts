import { prefixesOf, relayedPrefixes, topicFor, topicNamed, type Topic } from '@muster/contracts';
import { comparePositions, type EventStore, type RecordedEvent, type Subscription } from '@muster/event-store';

export interface FeedEvent {
  topic: string;
  event: RecordedEvent;
}

/** What one group is given next: at most `max` events of its topics, and the position that everything before has been passed. */
export interface Portion {
  events: FeedEvent[];
  position: string;
}

/** Events that are kept for groups that have not taken them yet. A group that falls further behind reads for itself until it has caught up. */
const WINDOW = 2_000;

/**
 * One subscription on the store for all consumer groups of a process. The last events stand in a window that every group reads at its own pace; nobody
 * waits for anybody. Memory is bounded by the window.
 */
export class EmbeddedFeed {
  static readonly #feeds = new WeakMap<EventStore, EmbeddedFeed>();
  readonly #store: EventStore;
  readonly #readers = new Set<FeedReader>();
  #window: FeedEvent[] = [];
  /** Everything behind this position, as far as it travels on topics, is in the window or comes to it. */
  #start: string | undefined;
  /** How many events were dropped from the front since the start. */
  #dropped = 0;
  #subscription: Subscription | undefined;
  #starting: Promise<void> | undefined;

  private constructor(store: EventStore) {
    this.#store = store;
  }

  /** The feed of this process; the first reader starts its subscription, the last one's end stops it. */
  static of(store: EventStore): EmbeddedFeed {
    const feed = EmbeddedFeed.#feeds.get(store) ?? new EmbeddedFeed(store);
    EmbeddedFeed.#feeds.set(store, feed);
    return feed;
  }

  /** Why nothing comes at the moment. */
  get failure(): Error | undefined {
    return this.#subscription?.failure;
  }

  /** Throws what the store throws if it cannot be reached. */
  async join(topics: readonly Topic[]): Promise<FeedReader> {
    this.#starting ??= this.#begin().catch((error: unknown) => {
      this.#starting = undefined;
      throw error;
    });
    await this.#starting;
    const reader = new FeedReader(this, this.#store, topics);
    this.#readers.add(reader);
    return reader;
  }

  async leave(reader: FeedReader): Promise<void> {
    this.#readers.delete(reader);
    if (this.#readers.size > 0) return;
    const subscription = this.#subscription;
    this.#subscription = undefined;
    this.#starting = undefined;
    this.#start = undefined;
    this.#window = [];
    this.#dropped = 0;
    await subscription?.stop();
  }

  /** Where the window begins. */
  get start(): string {
    return this.#start as string;
  }

  /** The number of the first event behind a position; undefined if the window begins later. */
  indexBehind(position: string): number | undefined {
    if (this.#start === undefined || comparePositions(position, this.#start) < 0) return undefined;
    const at = this.#window.findIndex(({ event }) => comparePositions(event.position, position) > 0);
    return this.#dropped + (at < 0 ? this.#window.length : at);
  }

  /** Events from a number on; undefined if they are gone from the window. */
  from(index: number, max: number): FeedEvent[] | undefined {
    if (index < this.#dropped) return undefined;
    return this.#window.slice(index - this.#dropped, index - this.#dropped + max);
  }

  /** Called by readers as they move: what all have taken is forgotten. */
  forgetBefore(): void {
    const lowest = Math.min(...[...this.#readers].map((reader) => reader.index ?? Infinity));
    if (Number.isFinite(lowest)) this.#drop(lowest - this.#dropped);
  }

  async #begin(): Promise<void> {
    const head = await this.#store.headPosition();
    this.#start = head;
    this.#subscription = this.#store.subscribe({ from: head, prefixes: relayedPrefixes, onBatch: (events) => this.#add(events) });
  }

  #add(events: readonly RecordedEvent[]): Promise<void> {
    for (const event of events) {
      const topic = topicFor(event.stream);
      if (topic) this.#window.push({ topic: topic.name, event });
    }
    if (this.#window.length > WINDOW) this.#drop(this.#window.length - WINDOW);
    for (const reader of this.#readers) reader.wake();
    return Promise.resolve();
  }

  #drop(count: number): void {
    if (count <= 0) return;
    const last = this.#window[count - 1];
    if (last) this.#start = last.event.position;
    this.#window = this.#window.slice(count);
    this.#dropped += count;
  }
}

type Take = (portion: Portion) => Promise<void>;

/** One group's place in the feed. */
export class FeedReader {
  readonly #feed: EmbeddedFeed;
  readonly #store: EventStore;
  readonly #topics: ReadonlySet<string>;
  #wake: (() => void) | undefined;
  /** The number of the next event in the window; undefined while it reads for itself. */
  index: number | undefined;

  constructor(feed: EmbeddedFeed, store: EventStore, topics: readonly Topic[]) {
    this.#feed = feed;
    this.#store = store;
    this.#topics = new Set(topics.map(({ name }) => name));
  }

  wake(): void {
    this.#wake?.();
  }

  /**
   * Hands over everything behind a position, for ever, in portions of at most `max` events, one at a time, until the signal aborts. `take` must not throw:
   * what it returns from is done.
   */
  async follow(options: { from: string; max: number; signal: AbortSignal }, take: Take): Promise<void> {
    let position = options.from;
    options.signal.addEventListener('abort', () => this.wake(), { once: true });
    while (!options.signal.aborted) {
      this.index = this.#feed.indexBehind(position);
      if (this.index === undefined) position = await this.#catchUp(position, options.signal, take);
      else position = await this.#followWindow(position, options, take);
    }
    this.index = undefined;
  }

  /** Reads for itself until the window covers what follows. */
  async #catchUp(from: string, signal: AbortSignal, take: Take): Promise<string> {
    const { promise: covered, resolve } = Promise.withResolvers<void>();
    // What was there when this subscription began is handed over once it says it has caught up: it may then go on from where the window began.
    const start = this.#feed.start;
    let position = from;
    const moveTo = (next: string): void => {
      if (comparePositions(next, position) > 0) position = next;
      if (this.#feed.indexBehind(position) !== undefined) resolve();
    };
    const subscription = this.#store.subscribe({
      from,
      prefixes: prefixesOfAll(this.#topics),
      onBatch: async (events, checkpoint) => {
        if (signal.aborted) return;
        await take({ events: events.flatMap(withTopic), position: checkpoint });
        moveTo(checkpoint);
      },
      onCaughtUp: () => moveTo(start),
      signal,
    });
    await Promise.race([covered, subscription.done]);
    await subscription.stop();
    return position;
  }

  /** Follows the window until the group has fallen out of it. */
  async #followWindow(from: string, { max, signal }: { max: number; signal: AbortSignal }, take: Take): Promise<string> {
    let position = from;
    while (!signal.aborted && this.index !== undefined) {
      const events = this.#feed.from(this.index, max);
      if (!events) break;
      const last = events.at(-1);
      if (!last) {
        await this.#news();
        continue;
      }
      await take({ events: events.filter(({ topic }) => this.#topics.has(topic)), position: last.event.position });
      position = last.event.position;
      this.index += events.length;
      this.#feed.forgetBefore();
    }
    return position;
  }

  async #news(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
  }
}

const prefixesOfAll = (topics: ReadonlySet<string>): string[] => [...topics].flatMap((name) => prefixesOf(topicNamed(name) as Topic));

const withTopic = (event: RecordedEvent): FeedEvent[] => {
  const topic = topicFor(event.stream);
  return topic ? [{ topic: topic.name, event }] : [];
};
