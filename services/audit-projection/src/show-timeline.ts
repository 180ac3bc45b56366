import type { EventStore } from '@muster/event-store';
import type { Database } from '@muster/read-store';
import { type Cause, causeOf, causesOf } from './causes.ts';
import { entitlementsOf } from './entitlements-of.ts';
import type { Person } from './find-person.ts';
import { namesOf } from './object-names.ts';
import { readHistory } from './person-history.ts';
import { summarize } from './summarize.ts';
import { projectedUpTo, type UpTo } from './up-to.ts';

/** Events in one timeline at most: the newest. */
export const LONGEST_TIMELINE = 5_000;

/** One event, in a line of plain words. */
export interface TimelineEntry {
  readonly recordedAt: string;
  readonly occurredAt: string;
  readonly stream: string;
  readonly revision: number;
  readonly eventId: string;
  readonly type: string;
  readonly summary: string;
  readonly correlationId: string;
  readonly causationId?: string;
  /** The event of that id, if it is recorded up to here. */
  readonly cause?: Cause;
}

export interface Timeline {
  readonly upTo: UpTo;
  readonly person: Person;
  readonly entries: readonly TimelineEntry[];
  /** True: older entries were left out. */
  readonly cut: boolean;
}

/** Everything that is recorded of a person, in the order in which the store took it. */
export async function showTimeline(store: EventStore, db: Database, person: Person): Promise<Timeline> {
  const upTo = await projectedUpTo(db);
  const { events, cut } = await readHistory(store, person.identityId, { upTo: upTo.position, newest: LONGEST_TIMELINE });
  const nameOf = await namesOf(db, events.flatMap(entitlementsOf));
  const causes = await causesOf(
    db,
    events.flatMap(({ metadata }) => metadata.causationId ?? []),
  );
  const entries = events.map((event) => ({
    recordedAt: event.recordedAt,
    occurredAt: event.metadata.occurredAt,
    stream: event.stream,
    revision: event.revision,
    eventId: event.id,
    type: event.type,
    summary: summarize(event, nameOf),
    correlationId: event.metadata.correlationId,
    ...causeOf(causes, event.metadata.causationId),
  }));
  return { upTo, person, entries, cut };
}
