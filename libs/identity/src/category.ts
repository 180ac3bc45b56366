import type { EventData } from '@muster/contracts';

/** What the store adds to an event. */
export interface Recorded {
  readonly id: string;
  readonly revision: number;
  /** The store's clock, RFC 3339. */
  readonly recordedAt: string;
}

/** One event of the named types, with the data of its schema. */
export type EventOf<T extends keyof EventData> = { [K in T]: { type: K; data: EventData[K] } }[T];

/** A stream category as an event store folds it. `evolve` is pure, never throws on a recorded event and leaves `state` untouched. */
export interface StreamCategory<S, E extends { type: string; data: object }> {
  readonly name: string;
  readonly initial: S;
  /** The event types that the fold knows; others are to be skipped. */
  readonly types: readonly E['type'][];
  /** True: the fold does not look at `recordedAt`. */
  readonly timeless?: true;
  evolve(state: S, event: E & Recorded): S;
}

/** Folds recorded events from the start or on top of an earlier state. Types that the category does not know are passed over. */
export const fold = <S, E extends { type: string; data: object }>(
  category: StreamCategory<S, E>,
  events: Iterable<E & Recorded>,
  from: S = category.initial,
): S => {
  const known = new Set<string>(category.types);
  let state = from;
  for (const event of events) if (known.has(event.type)) state = category.evolve(state, event);
  return state;
};
