import type { FaultRecord, PageCommitted, ReadCompleted, ReadRef, ReadStarted, WatermarkAdvanced } from '@muster/contracts';
import type { EventOf, StreamCategory } from './category.ts';
import { isBefore, later } from './instants.ts';

export type ReadEvent = EventOf<'ReadStarted' | 'PageCommitted' | 'ReadCompleted' | 'ReadFailed' | 'WatermarkAdvanced'>;
export type Scope = ReadStarted['scopes'][number];
export type Shortfall = NonNullable<ReadCompleted['incompleteBecause']>[number];

/** How far one list of a full read is committed. */
export interface CommittedPart {
  readonly page: number;
  readonly items: number;
  readonly cursor?: string;
}

export interface OpenRead {
  readonly connection: string;
  readonly read: ReadRef;
  readonly scopes: readonly Scope[];
  /** By scope, or `scope/part`. */
  readonly parts: Readonly<Record<string, CommittedPart>>;
}

export interface CompletedRead {
  readonly readId: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly counts: Readonly<Record<string, number>>;
}

/** The reads of one connection. */
export interface Reads {
  readonly revision: number;
  readonly open?: OpenRead;
  /** The last full read that covered everything. */
  readonly lastComplete?: CompletedRead;
  readonly lastEnded?: { readonly readId: string; readonly complete: boolean; readonly missingPermissions?: readonly string[] };
  /** By source. */
  readonly watermarks: Readonly<Record<string, { readonly watermark: string; readonly readAt: string }>>;
}

const partKey = ({ scope, part }: Pick<PageCommitted, 'scope' | 'part'>): string => (part === undefined ? scope : `${scope}/${part}`);

const withPage = (reads: Reads, page: PageCommitted): Reads => {
  if (reads.open?.read.readId !== page.readId) return reads;
  const key = partKey(page);
  const committed = { page: page.page, items: (reads.open.parts[key]?.items ?? 0) + page.items };
  const part = page.cursor === undefined ? committed : { ...committed, cursor: page.cursor };
  return { ...reads, open: { ...reads.open, parts: { ...reads.open.parts, [key]: part } } };
};

const closed = ({ open: _open, ...reads }: Reads, readId: string, complete: boolean): Reads => ({
  ...reads,
  lastEnded: { readId, complete },
});

const lacking = (reads: Reads, missingPermissions: readonly string[]): Reads =>
  reads.lastEnded && missingPermissions.length > 0 ? { ...reads, lastEnded: { ...reads.lastEnded, missingPermissions } } : reads;

/** Stream `read-<connection>`. */
export const readCategory: StreamCategory<Reads, ReadEvent> = {
  name: 'read',
  initial: { revision: -1, watermarks: {} },
  types: ['ReadStarted', 'PageCommitted', 'ReadCompleted', 'ReadFailed', 'WatermarkAdvanced'],
  timeless: true,
  evolve: (before, event) => {
    const reads = { ...before, revision: event.revision };
    switch (event.type) {
      case 'ReadStarted':
        return { ...reads, open: { connection: event.data.connection, read: event.data.read, scopes: event.data.scopes, parts: {} } };
      case 'PageCommitted':
        return withPage(reads, event.data);
      case 'ReadCompleted': {
        const { read, finishedAt, counts, complete, missingPermissions } = event.data;
        const ended = lacking(closed(reads, read.readId, complete), missingPermissions);
        return complete ? { ...ended, lastComplete: { readId: read.readId, startedAt: read.startedAt, finishedAt, counts } } : ended;
      }
      case 'ReadFailed':
        return closed(reads, event.data.read.readId, false);
      case 'WatermarkAdvanced': {
        const { source, watermark, readAt } = event.data;
        return { ...reads, watermarks: { ...reads.watermarks, [source]: { watermark, readAt } } };
      }
    }
  },
};

/** Begins a full read. While one is open it goes on instead: nothing. */
export const startRead =
  (started: ReadStarted) =>
  (reads: Reads): ReadEvent[] =>
    reads.open === undefined && reads.lastEnded?.readId !== started.read.readId ? [{ type: 'ReadStarted', data: started }] : [];

/** Records that what a page held is recorded. A page committed before, or of a read that is not open, yields nothing; a gap between pages throws. */
export const commitPage =
  (page: PageCommitted) =>
  (reads: Reads): ReadEvent[] => {
    if (reads.open?.read.readId !== page.readId) return [];
    const last = reads.open.parts[partKey(page)]?.page ?? -1;
    if (page.page <= last) return [];
    if (page.page > last + 1) throw new RangeError(`Page ${page.page} of ${partKey(page)} cannot follow page ${last}`);
    return [{ type: 'PageCommitted', data: page }];
  };

/** What stands at the end of a full read beside its pages. */
export interface ReadEnd {
  readonly finishedAt: string;
  readonly permissions: readonly string[];
  readonly missingPermissions: readonly string[];
  /** What the connector could not vouch for, by list. */
  readonly shortfalls: readonly Shortfall[];
  /** By scope, how many the vendor says there are. */
  readonly expected?: Readonly<Record<string, number>>;
  readonly differences?: ReadCompleted['differences'];
  /** A person has looked at the shrunken counts and says that they are true. */
  readonly acceptCounts?: boolean;
  /** The share of the last complete read below which a count is not believed, and an empty list never is; absent: half, from ten on. */
  readonly plausibleShare?: number;
}

/** Of what the last complete read found, unless the source is known to change less. */
const PLAUSIBLE_SHARE = 0.5;
const JUDGED_FROM = 10;

const countsOf = (open: OpenRead): Record<string, number> => {
  const counts: Record<string, number> = Object.fromEntries(open.scopes.map((scope) => [scope, 0]));
  for (const [key, part] of Object.entries(open.parts)) {
    const scope = key.split('/')[0] ?? key;
    counts[scope] = (counts[scope] ?? 0) + part.items;
  }
  return counts;
};

const isShrunken = (count: number, before: number, share: number | undefined): boolean =>
  share === undefined
    ? before >= JUDGED_FROM && count < before * PLAUSIBLE_SHARE
    : before > 0 && (count === 0 || (before >= JUDGED_FROM && count < before * share));

const doubts = (reads: Reads, open: OpenRead, end: ReadEnd): Shortfall[] => {
  const counts = countsOf(open);
  return open.scopes.flatMap((scope): Shortfall[] => {
    const count = counts[scope] ?? 0;
    const before = reads.lastComplete?.counts[scope] ?? 0;
    const expected = end.expected?.[scope] ?? 0;
    if (count < expected) return [{ code: 'read.count_short', scope, message: `${count} of ${expected} that the system says there are` }];
    if (end.acceptCounts !== true && isShrunken(count, before, end.plausibleShare))
      return [{ code: 'read.count_implausible', scope, message: `${count} where the last complete read found ${before}` }];
    return [];
  });
};

const withoutPermission = (open: OpenRead, missing: readonly string[]): Shortfall[] =>
  missing.length === 0
    ? []
    : open.scopes.slice(0, 1).map((scope) => ({
        code: 'read.permission_missing',
        scope,
        message: `Without ${missing.join(', ')} objects and values are left out silently`,
      }));

/**
 * Ends the open read and judges it. Complete means: no list fell short, no permission is missing, no count is below what the vendor states or below
 * half of the last complete read. A read that is not open yields nothing.
 */
export const completeRead =
  (readId: string, end: ReadEnd) =>
  (reads: Reads): ReadEvent[] => {
    const { open } = reads;
    if (open?.read.readId !== readId) return [];
    const incompleteBecause = [...end.shortfalls, ...withoutPermission(open, end.missingPermissions), ...doubts(reads, open, end)];
    const data: ReadCompleted = {
      connection: open.connection,
      read: open.read,
      finishedAt: end.finishedAt,
      complete: incompleteBecause.length === 0,
      pages: Object.values(open.parts).reduce((pages, part) => pages + part.page + 1, 0),
      counts: countsOf(open),
      permissions: [...end.permissions],
      missingPermissions: [...end.missingPermissions],
      ...(incompleteBecause.length === 0 ? {} : { incompleteBecause }),
      ...(end.expected === undefined ? {} : { expected: { ...end.expected } }),
      ...(end.differences === undefined ? {} : { differences: end.differences }),
    };
    return [{ type: 'ReadCompleted', data }];
  };

/** Gives up the open read. */
export const failRead =
  (connection: string, readId: string, fault: FaultRecord) =>
  (reads: Reads): ReadEvent[] =>
    reads.open?.read.readId === readId ? [{ type: 'ReadFailed', data: { connection, read: reads.open.read, fault } }] : [];

/** Moves a watermark on, once everything up to it stands in facts or open hints; the same watermark again yields nothing. */
export const advanceWatermark =
  (next: WatermarkAdvanced) =>
  (reads: Reads): ReadEvent[] =>
    reads.watermarks[next.source]?.watermark === next.watermark ? [] : [{ type: 'WatermarkAdvanced', data: next }];

/**
 * The known objects that a full read proves absent, each still to be confirmed by a fetch. None unless the read was complete; none that became
 * known so shortly before the read that a lagging replica could have hidden it.
 */
export const concludeAbsences = (
  { complete, read }: Pick<ReadCompleted, 'complete' | 'read'>,
  known: Iterable<{ readonly id: string; readonly since: string }>,
  { seen, settleMs }: { readonly seen: ReadonlySet<string>; readonly settleMs: number },
): string[] =>
  complete
    ? [...known].filter(({ id, since }) => !seen.has(id) && !isBefore(read.startedAt, later(since, settleMs))).map(({ id }) => id)
    : [];

/** Whether the last full read lacked a permission that is there now: what it could not see is to be read, and no open read does that already. */
export const hasNewSight = ({ open, lastEnded }: Reads, missingNow: readonly string[]): boolean =>
  open === undefined && (lastEnded?.missingPermissions ?? []).some((permission) => !missingNow.includes(permission));

/** Whether a complete full read has begun since then: nothing may be created on a connection before one that began after all lag. */
export const hasCompleteReadSince = (reads: Reads, instant: string): boolean =>
  reads.lastComplete !== undefined && !isBefore(reads.lastComplete.startedAt, instant);
