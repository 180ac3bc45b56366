import { Fault } from '@muster/connector';
import type { CallOptions, ChangeReader, Hint, Page, Watermark } from '@muster/connector';
import { hintsOf } from './hints.ts';
import { APP_PROPERTIES, GROUP_PROPERTIES, USER_PROPERTIES } from './observe.ts';
import { selectOf } from './properties.ts';
import type { EntraSession, GraphPage } from './session.ts';

const MAX_PAGES = 100_000;

/** Only what changed, not every selected property of an object that changed. */
const MINIMAL = { Prefer: 'return=minimal' } as const;

/** Graph keeps a delta token of directory objects for seven days, then answers 410, or 400 with one of a few codes. */
const EXPIRED = /syncState|resync|deltaToken|BadRequest|Gone|HTTP 410/i;

const isExpired = (error: unknown): boolean => error instanceof Fault && error.kind === 'refused' && EXPIRED.test(error.vendorCode ?? '');

interface Source {
  source: ChangeReader['source'];
  kind: Hint['object']['kind'];
  path: string;
}

/**
 * Follows one delta query by its stored links. A link that Graph no longer takes, or that is not ours, starts anew from the latest
 * state, marked `missedChanges`.
 */
export class EntraDeltaReader implements ChangeReader {
  readonly source: ChangeReader['source'];
  readonly #session: EntraSession;
  readonly #of: Source;

  constructor(session: EntraSession, of: Source) {
    this.source = of.source;
    this.#session = session;
    this.#of = of;
  }

  async *changes(from?: Watermark, options: CallOptions = {}): AsyncGenerator<Page<Hint>, void, undefined> {
    let cursor = from;
    for (let pages = 0; cursor !== undefined && pages < MAX_PAGES; pages += 1) {
      const page = await this.#page(cursor, options);
      if (page === 'expired') break;
      const next = page.next ?? page.delta ?? cursor;
      yield { items: page.items.flatMap((item) => hintsOf(this.#of.kind, item)), startedAt: page.startedAt, next };
      if (page.next === undefined || next === cursor) return;
      cursor = next;
    }
    yield { ...(await this.#latest(options)), ...(from === undefined ? {} : { missedChanges: true }) };
  }

  /** Where the log of changes ends now, without what came before. */
  async #latest(options: CallOptions): Promise<Page<Hint>> {
    let cursor: Watermark | undefined = `${this.#of.path}&$deltatoken=latest`;
    let startedAt: string | undefined;
    for (let pages = 0; cursor !== undefined && pages < 100; pages += 1) {
      const page: GraphPage = await this.#session.page(cursor, this.#what, { lane: 'live', ...options, headers: MINIMAL });
      startedAt ??= page.startedAt;
      if (page.delta !== undefined) return { items: [], startedAt, next: page.delta };
      cursor = page.next;
    }
    throw new Fault({
      code: 'target.unavailable',
      kind: 'transient',
      message: `${this.#session.config.name} gave no place to follow changes from: ${this.#what}`,
      remedy: 'Nothing to do: it is tried again.',
    });
  }

  async #page(cursor: Watermark, options: CallOptions): Promise<GraphPage | 'expired'> {
    try {
      return await this.#session.page(cursor, this.#what, { lane: 'live', ...options, headers: MINIMAL });
    } catch (error) {
      if (isExpired(error) || (error instanceof Fault && error.code === 'connection.watermark_invalid')) return 'expired';
      throw error;
    }
  }

  get #what(): string {
    return `follow changes of ${this.#of.kind}s`;
  }
}

/** Users with their manager, groups with their members, apps: each with a watermark of its own. */
export const openDeltaReaders = (session: EntraSession): ChangeReader[] => {
  const users = selectOf(session.config.attributes, [...USER_PROPERTIES, 'manager']);
  return [
    new EntraDeltaReader(session, { source: 'users-delta', kind: 'account', path: `/users/delta?$select=${users}` }),
    new EntraDeltaReader(session, {
      source: 'groups-delta',
      kind: 'group',
      path: `/groups/delta?$select=${[...GROUP_PROPERTIES, 'members'].join(',')}`,
    }),
    new EntraDeltaReader(session, {
      source: 'apps-delta',
      kind: 'app',
      path: `/servicePrincipals/delta?$select=${APP_PROPERTIES.join(',')}`,
    }),
  ];
};
