import { randomUUID } from 'node:crypto';
import { OpenCall } from './call.ts';
import { Cursor } from './cursor.ts';
import type { EventLog } from './event-log.ts';
import { DELETED, type StoredEvent } from './events.ts';
import { encodeCaughtUp, encodeCheckpoint, encodeConfirmation, encodeEvent, encodeStreamNotFound } from './read-codec.ts';
import type { Filter, ReadRequest } from './read-request.ts';
import { streamDeleted } from './statuses.ts';

/** Answers a read and ends the call. */
export const serveRead = async (log: EventLog, call: OpenCall, request: ReadRequest): Promise<void> => {
  const { stream } = request;
  if (stream !== undefined) {
    const { head, truncateBefore } = log.stream(stream);
    if (head === DELETED) return call.fail(streamDeleted(stream));
    if (head < 0 || truncateBefore === DELETED) {
      await call.send(encodeStreamNotFound(stream));
      return call.end();
    }
  }
  await sendHistory(Cursor.forRead(log, request), call, request);
  call.end();
};

const sendHistory = async (cursor: Cursor, call: OpenCall, { count = 0, filter }: ReadRequest): Promise<void> => {
  let left = count;
  while (left > 0 && !call.gone) {
    // With a filter a page may hold few events that count, so its size cannot follow from what is left.
    const page = cursor.page(filter ? undefined : left);
    if (page.length === 0) return;
    const wanted = filter ? page.filter((event) => filter.matches(event)).slice(0, left) : page;
    for (const event of wanted) await call.send(encodeEvent(event));
    left -= wanted.length;
  }
};

/** Confirms, sends what there is, says so, and goes on with what comes, until the client leaves. */
export const serveSubscription = async (log: EventLog, call: OpenCall, request: ReadRequest): Promise<void> => {
  if (request.stream !== undefined && log.stream(request.stream).head === DELETED) return call.fail(streamDeleted(request.stream));
  const cursor = Cursor.forSubscription(log, request);
  const feed = new Feed(call, request.filter);
  await call.send(encodeConfirmation(randomUUID()));
  let caughtUp = false;
  while (!call.gone) {
    const page = cursor.page();
    if (page.length > 0) {
      for (const event of page) await feed.send(event);
    } else if (!caughtUp) {
      caughtUp = true;
      await feed.checkpoint();
      await call.send(encodeCaughtUp());
      // What was committed during these two waits has notified nobody.
    } else {
      await call.wait();
    }
  }
};

/** Sends the events that a filter lets through, and checkpoints so that the client need not look at the others again. */
class Feed {
  readonly #call: OpenCall;
  readonly #filter: Filter | undefined;
  #considered = 0;
  #last = 0;

  constructor(call: OpenCall, filter: Filter | undefined) {
    this.#call = call;
    this.#filter = filter;
  }

  async send(event: StoredEvent): Promise<void> {
    if (!this.#filter) return this.#call.send(encodeEvent(event));
    this.#last = event.position;
    this.#considered += 1;
    if (this.#filter.matches(event)) await this.#call.send(encodeEvent(event));
    if (this.#considered >= this.#filter.checkpointEvery) await this.checkpoint();
  }

  async checkpoint(): Promise<void> {
    if (this.#considered === 0) return;
    this.#considered = 0;
    await this.#call.send(encodeCheckpoint(this.#last));
  }
}
