import { Fault } from '@muster/connector';
import type { CallOptions, ChangeReader, DisablementTrace, DisablementTracer, Hint, Page, Watermark } from '@muster/connector';
import { actorOf, eventTime, hintsOf, WATCHED } from './hints.ts';
import { isWire, textOf } from './observe.ts';
import type { Wire } from './observe.ts';
import type { OktaSession } from './session.ts';

const PAGE = 1000;
const MAX_PAGES = 10_000;
const DAY_MS = 86_400_000;
const RETENTION_MS = 90 * DAY_MS;
// The org's clock may be behind ours.
const CLOCK_SLACK_MS = 120_000;

const startOf = (now: number): Watermark => {
  const filter = WATCHED.map((prefix) => `eventType sw "${prefix}"`).join(' or ');
  const since = new Date(now - CLOCK_SLACK_MS).toISOString();
  return `/api/v1/logs?sortOrder=ASCENDING&limit=${PAGE}&since=${encodeURIComponent(since)}&filter=${encodeURIComponent(filter)}`;
};

/** Okta keeps events for 90 days and refuses a place that is too old. */
const isTooOld = (error: unknown): boolean =>
  error instanceof Fault && error.kind === 'refused' && error.code !== 'target.permission_missing';

/**
 * Follows the System Log by its next links, in the order in which Okta stored the events: a `since` made by hand would miss late ones. A
 * link that Okta no longer takes starts anew from now, marked `missedChanges`.
 */
export class OktaLogReader implements ChangeReader {
  readonly source = 'log';
  readonly #session: OktaSession;

  constructor(session: OktaSession) {
    this.#session = session;
  }

  async *changes(from?: Watermark, options: CallOptions = {}): AsyncGenerator<Page<Hint>, void, undefined> {
    const startedAt = new Date().toISOString();
    if (from === undefined) {
      yield { items: [], startedAt, next: startOf(Date.now()) };
      return;
    }
    let cursor = from;
    for (let pages = 0; pages < MAX_PAGES; pages += 1) {
      const page = await this.#page(cursor, options);
      if (page === 'too old') {
        yield { items: [], startedAt, next: startOf(Date.now()), missedChanges: true };
        return;
      }
      cursor = page.next ?? cursor;
      yield { items: page.items.flatMap((event) => hintsOf(event, this.#session.actorId)), startedAt: page.startedAt, next: cursor };
      if (page.items.length === 0) return;
    }
  }

  async #page(cursor: Watermark, options: CallOptions) {
    try {
      return await this.#session.page(cursor, 'read the System Log', { lane: 'live', ...options });
    } catch (error) {
      if (isTooOld(error)) return 'too old';
      throw error;
    }
  }
}

const DISABLING = ['user.lifecycle.deactivate', 'user.lifecycle.suspend'];

const succeeded = (event: Wire): boolean => isWire(event['outcome']) && textOf(event['outcome']['result']) === 'SUCCESS';

/** Asks the System Log for the last deactivation or suspension of an account. */
export class OktaDisablementTracer implements DisablementTracer {
  readonly #session: OktaSession;

  constructor(session: OktaSession) {
    this.#session = session;
  }

  async traceDisablement(accountId: string, since: string | undefined, options: CallOptions = {}): Promise<DisablementTrace> {
    const now = Date.now();
    const askedAt = new Date(now).toISOString();
    const last = await this.#last(accountId, now, options);
    if (last === 'unreadable') return { by: 'unknown', askedAt };
    if (!last) {
      const reachesBack = since !== undefined && Date.parse(since) > now - RETENTION_MS;
      return { by: reachesBack ? 'nobody' : 'unknown', askedAt };
    }
    return { ...this.#attributed(last), askedAt };
  }

  #attributed(event: Wire): Omit<DisablementTrace, 'askedAt'> {
    const actor = actorOf(event, this.#session.actorId);
    const at = eventTime(event);
    const by = this.#session.actorId === undefined || actor === undefined ? 'unknown' : actor.us ? 'us' : 'other';
    return { by, ...(actor === undefined ? {} : { actor: actor.id }), ...(at === undefined ? {} : { at }) };
  }

  async #last(accountId: string, now: number, options: CallOptions): Promise<Wire | undefined | 'unreadable'> {
    const types = DISABLING.map((type) => `eventType eq "${type}"`).join(' or ');
    const filter = `target.id eq "${accountId}" and (${types})`;
    const window = `since=${encodeURIComponent(new Date(now - RETENTION_MS + DAY_MS / 24).toISOString())}&until=${encodeURIComponent(new Date(now + CLOCK_SLACK_MS).toISOString())}`;
    try {
      const { items } = await this.#session.page(
        `/api/v1/logs?sortOrder=DESCENDING&limit=20&${window}&filter=${encodeURIComponent(filter)}`,
        `ask who disabled account ${accountId}`,
        { lane: 'live', ...options },
      );
      return items.find(succeeded);
    } catch (error) {
      if (error instanceof Fault && error.code === 'target.permission_missing') return 'unreadable';
      throw error;
    }
  }
}
