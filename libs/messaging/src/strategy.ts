import { isDatabaseTrouble, type ReadStore } from '@muster/read-store';
import type { EventStore } from '@muster/event-store';
import { type CustomTransportStrategy, Server } from '@nestjs/microservices';
import { deliverBatch, type Consumer, type Progress } from './deliver-batch.ts';
import { REDRIVE } from './dead-messages.ts';
import { asField, silent, type Log } from './log.ts';
import type { Arrival } from './message.ts';
import { batchHandlers } from './nest-handlers.ts';
import { pause } from './pause.ts';
import { redriveOnce } from './redrive.ts';

export interface StrategyOptions {
  /** The consumer group: the service's name. */
  consumer: string;
  /** The service's schema, with `messagingTables`. */
  database: ReadStore;
  store: EventStore;
  log?: Log;
  /** Called with the number of messages taken up and, negative, dealt with. */
  onInProgress?: (change: number) => void;
}

const LONGEST_PAUSE_MS = 5_000;
const NEXT_REDRIVE_MS = 1_000;

/**
 * What both transports have in common: the handlers that Nest collected, delivery until it is committed, redrive of dead messages, health. A
 * service without handlers consumes nothing and is always healthy.
 */
export abstract class BatchStrategy extends Server implements CustomTransportStrategy {
  override readonly propagatesEventHandlerErrors = true;
  protected readonly options: StrategyOptions;
  protected readonly log: Log;
  protected readonly closing = new AbortController();
  protected consumer: Consumer;
  #trouble: { error: unknown; since: Date } | undefined;
  #redriving: Promise<void> | undefined;
  #redriveAgain = false;
  #unlisten: (() => void) | undefined;

  constructor(options: StrategyOptions) {
    super();
    this.options = options;
    this.log = options.log ?? silent;
    this.consumer = { name: options.consumer, database: options.database, store: options.store, handlers: new Map() };
  }

  /** Called by Nest. Returns once consumption is under way; a transport that is down is waited for in the background. */
  listen(callback: (error?: unknown) => void): void {
    try {
      this.consumer = { ...this.consumer, handlers: batchHandlers(this.getHandlers()) };
    } catch (error) {
      callback(error);
      return;
    }
    if (this.consumer.handlers.size > 0) {
      this.#unlisten = this.options.database.listen(REDRIVE, () => this.#redrive());
      this.begin();
    }
    callback();
  }

  /** Stops taking messages, lets a running transaction end. Called by Nest. */
  async close(): Promise<void> {
    this.closing.abort();
    this.#unlisten?.();
    await this.end();
    await this.#redriving;
  }

  /** Resolves if messages flow or could flow; else throws what is in the way. */
  async checkHealth(): Promise<void> {
    if (this.consumer.handlers.size === 0) return;
    if (this.#trouble) throw new Error(`since ${this.#trouble.since.toISOString()}: ${asField(this.#trouble.error).error}`);
    await this.checkTransport();
  }

  on(): never {
    throw new TypeError('A batch transport has no events of its own');
  }

  unwrap(): never {
    throw new TypeError('A batch transport does not hand out its client');
  }

  protected abstract begin(): void;
  protected abstract end(): Promise<void>;
  protected abstract checkTransport(): Promise<void>;

  /**
   * Delivers until it is done, however long database or store are away, with pauses. Answers false if giving up was asked for first: then
   * some of the messages may be committed and all may be delivered again.
   */
  protected async deliver(arrivals: readonly Arrival[], progress: Progress, givenUp: AbortSignal): Promise<boolean> {
    this.options.onInProgress?.(arrivals.length);
    try {
      for (let delay = 100; !givenUp.aborted; delay = Math.min(delay * 2, LONGEST_PAUSE_MS)) {
        try {
          await deliverBatch(this.consumer, arrivals, progress);
          this.recovered();
          return true;
        } catch (error) {
          this.stumbled(error);
          await pause(delay * (0.5 + Math.random() / 2), givenUp);
        }
      }
      return false;
    } finally {
      this.options.onInProgress?.(-arrivals.length);
    }
  }

  /** Notes why nothing moves; the first of a row is logged. */
  protected stumbled(error: unknown): void {
    if (!this.#trouble) this.log.warn({ ...asField(error), database: isDatabaseTrouble(error) }, 'messages wait');
    this.#trouble ??= { error, since: new Date() };
    this.#trouble.error = error;
  }

  protected recovered(): void {
    if (this.#trouble) this.log.info({ since: this.#trouble.since }, 'messages flow again');
    this.#trouble = undefined;
  }

  #redrive(): void {
    this.#redriveAgain = true;
    this.#redriving ??= this.#redriveAll().finally(() => {
      this.#redriving = undefined;
    });
  }

  async #redriveAll(): Promise<void> {
    while (this.#redriveAgain && !this.closing.signal.aborted) {
      this.#redriveAgain = false;
      try {
        while ((await redriveOnce(this.consumer)) && !this.closing.signal.aborted);
      } catch (error) {
        this.log.warn(asField(error), 'dead messages wait for another attempt');
        this.#redriveAgain = true;
        await pause(NEXT_REDRIVE_MS, this.closing.signal);
      }
    }
  }
}
