import { START, streamNameFilter, type AllStreamSubscription } from '@eventstore/db-client';
import { ChunkReader } from './chunk-reader.ts';
import type { Connection } from './connection.ts';
import type { EventStoreError } from './errors.ts';
import { toPortError } from './faults.ts';
import type { PersonalFields } from './personal-fields.ts';
import type { RecordedEvent } from './port.ts';
import { comparePositions, decodePosition, encodePosition, START_POSITION } from './positions.ts';
import { openEvents, READ_AHEAD, toSealed } from './read.ts';
import { pause } from './wait.ts';

export interface SubscribeOptions {
  /** Events strictly after this position; `start`: all. */
  from: string;
  /** Stream name prefixes, such as `worker-`. */
  prefixes: readonly string[];
  /**
   * Gets what has piled up, 1 to 500 events in store order, and the position to go on from once they are dealt with. The next batch waits for the
   * promise. If it rejects, the same events come again after a pause (perhaps with more behind them).
   */
  onBatch(events: RecordedEvent[], checkpoint: string): Promise<void>;
  /** Leave the personal fields closed, as the store holds them; `PersonalFields` opens them. For who passes events on unread. Default false. */
  asStored?: boolean;
  /** Every failure, before the pause that follows it: lost connections (EventStoreError) and whatever `onBatch` threw. */
  onError?(error: unknown): void;
  /** Everything that was there when the subscription (re)started has been dealt with. */
  onCaughtUp?(): void;
  /** Stops the subscription. */
  signal?: AbortSignal;
}

const MAX_PAUSE_MS = 5_000;
// A subscription that held this long starts again at once.
const HEALTHY_MS = 10_000;

interface Progress {
  checkpoint: string | undefined;
  caughtUp: boolean;
}

const NO_SIGN: Progress = { checkpoint: undefined, caughtUp: false };

/** A catch-up subscription that comes back by itself behind the last batch that was dealt with. Nothing is lost, repeated within one run, or reordered. */
export class Subscription {
  /** Resolves when it has stopped; rejects only with what `onError` itself throws. */
  readonly done: Promise<void>;
  readonly #connection: Connection;
  readonly #fields: PersonalFields;
  readonly #options: SubscribeOptions;
  readonly #stopping = new AbortController();
  #position: string;
  #progressed = false;
  #failure: EventStoreError | Error | undefined;

  constructor(connection: Connection, fields: PersonalFields, options: SubscribeOptions) {
    connection.ensureOpen();
    this.#connection = connection;
    this.#fields = fields;
    this.#options = options;
    this.#position = options.from === 'start' ? START_POSITION : options.from;
    decodePosition(this.#position);
    if (options.signal?.aborted) this.#stopping.abort();
    options.signal?.addEventListener('abort', () => this.#stopping.abort(), { once: true });
    this.done = this.#run();
  }

  /** Everything of our prefixes up to here has been dealt with. Also moves on over events of other prefixes. */
  get position(): string {
    return this.#position;
  }

  /** Why it is not running at the moment; undefined while it is. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Resolves when a batch that is being handled has ended; no other follows. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.done;
  }

  async #run(): Promise<void> {
    let delay = 0;
    while (!this.#stopping.signal.aborted) {
      const began = Date.now();
      this.#progressed = false;
      try {
        await this.#follow();
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        this.#failure = error instanceof Error ? error : new Error(String(error));
        this.#options.onError?.(error);
      }
      const healthy = this.#progressed || Date.now() - began > HEALTHY_MS;
      delay = healthy ? 50 : Math.min(delay * 2 + 50, MAX_PAUSE_MS);
      await pause(delay * (0.5 + Math.random() / 2), this.#stopping.signal);
    }
  }

  async #follow(): Promise<void> {
    const progress: Progress = { checkpoint: undefined, caughtUp: false };
    const stream = this.#open(progress, () => reader.nudge());
    const reader = new ChunkReader(stream);
    const abort = (): void => reader.nudge();
    this.#stopping.signal.addEventListener('abort', abort, { once: true });
    try {
      await this.#deliver(reader, progress);
    } finally {
      this.#stopping.signal.removeEventListener('abort', abort);
      reader.cancel();
    }
  }

  #open(progress: Progress, nudge: () => void): AllStreamSubscription {
    const { client } = this.#connection;
    const checkpointReached = (_: unknown, position: { commit: bigint; prepare: bigint }): Promise<void> => {
      progress.checkpoint = encodePosition(position);
      nudge();
      return Promise.resolve();
    };
    const stream = client.subscribeToAll(
      {
        fromPosition: this.#position === START_POSITION ? START : decodePosition(this.#position),
        filter: streamNameFilter({ prefixes: [...this.#options.prefixes], checkpointInterval: 32, checkpointReached }),
      },
      { highWaterMark: READ_AHEAD },
    );
    stream.on('confirmation', () => (this.#failure = undefined));
    stream.on('caughtUp', () => {
      progress.caughtUp = true;
      nudge();
    });
    return stream;
  }

  async #deliver(reader: ChunkReader, progress: Progress): Promise<void> {
    for (;;) {
      const chunk = await reader.next({ max: READ_AHEAD }).catch((error: unknown) => {
        throw toPortError(error, 'subscribe to $all');
      });
      if (this.#stopping.signal.aborted) return;
      // Seen with nothing left in the buffer: every event before it is in this chunk or was in an earlier one.
      const { checkpoint, caughtUp } = reader.drained ? progress : NO_SIGN;
      const sealed = chunk.events.map(toSealed).filter(({ position }) => comparePositions(position, this.#position) > 0);
      if (sealed.length > 0) await this.#handle(this.#options.asStored ? sealed : await openEvents(this.#fields, sealed));
      this.#moveTo(checkpoint);
      if (caughtUp) this.#caughtUp(progress);
      if (chunk.ended && chunk.events.length === 0) return;
    }
  }

  async #handle(events: RecordedEvent[]): Promise<void> {
    const checkpoint = (events.at(-1) as RecordedEvent).position;
    await this.#options.onBatch(events, checkpoint);
    this.#position = checkpoint;
    this.#progressed = true;
  }

  /** Over events of other prefixes. */
  #moveTo(checkpoint: string | undefined): void {
    if (checkpoint !== undefined && comparePositions(checkpoint, this.#position) > 0) this.#position = checkpoint;
  }

  #caughtUp(progress: Progress): void {
    progress.caughtUp = false;
    this.#options.onCaughtUp?.();
  }
}
