import type { EventLog } from './event-log.ts';
import { DELETED, type StoredEvent } from './events.ts';
import type { ReadRequest } from './read-request.ts';

const PAGE = 500;

/** Walks through the events that a request asks for, a page at a time. Going forwards it may be asked again at the end: more may have come. */
export class Cursor {
  readonly #log: EventLog;
  readonly #stream: string | undefined;
  readonly #backwards: boolean;
  #next: number;

  private constructor(log: EventLog, request: ReadRequest, next: number) {
    this.#log = log;
    this.#stream = request.stream;
    this.#backwards = request.backwards;
    this.#next = next;
  }

  /** Inclusive, but for reads of all streams backwards, which begin before the position. */
  static forRead(log: EventLog, request: ReadRequest): Cursor {
    const { start, backwards, stream } = request;
    if (start === 'start') return new Cursor(log, request, backwards ? -1 : 0);
    if (start === 'end') return new Cursor(log, request, DELETED);
    return new Cursor(log, request, backwards && stream === undefined ? start - 1 : start);
  }

  /** Strictly behind the start that was asked for. */
  static forSubscription(log: EventLog, request: ReadRequest): Cursor {
    const { start, stream } = request;
    if (start === 'start') return new Cursor(log, request, 0);
    if (start === 'end') return new Cursor(log, request, (stream === undefined ? log.head() : log.stream(stream).head) + 1);
    return new Cursor(log, request, Math.min(start + 1, DELETED));
  }

  page(limit = PAGE): StoredEvent[] {
    if (this.#next < 0) return [];
    const options = { backwards: this.#backwards, limit: Math.min(limit, PAGE) };
    const events =
      this.#stream === undefined ? this.#log.readAll(this.#next, options) : this.#log.readStream(this.#stream, this.#next, options);
    const last = events.at(-1);
    if (last) this.#next = (this.#stream === undefined ? last.position : last.revision) + (this.#backwards ? -1 : 1);
    return events;
  }
}
