import type { EventMetadata } from '@muster/contracts';

export type { EventMetadata };

/** The least that an event of a stream category is. */
export interface EventShape {
  type: string;
  data: object;
}

/** An event to be appended. Without `id` one is made, once, and kept over every retry of that append. */
export interface NewEvent<E extends EventShape = EventShape> {
  id?: string;
  type: E['type'];
  data: E['data'];
  metadata: EventMetadata;
}

/**
 * An event as the store gives it back, personal fields opened. `position` is opaque: compare with `comparePositions`.
 * `recordedAt` is the store's clock (RFC 3339, milliseconds). `erased` is true if its personal fields are gone for ever.
 */
export interface RecordedEvent<D extends object = Record<string, unknown>> {
  id: string;
  type: string;
  stream: string;
  revision: number;
  position: string;
  recordedAt: string;
  data: D;
  metadata: EventMetadata;
  erased?: true;
}

/** `none`: the stream must not exist. A number: the revision of its last event. `any`: whatever; only for streams with several writers. */
export type ExpectedRevision = number | 'none' | 'any';

/** Where an append ended: revision and position of its last event. */
export interface Appended {
  revision: number;
  position: string;
}

export interface ReadStreamOptions {
  /** First revision, inclusive. Default: the start, or the end if `backwards`. */
  from?: number;
  backwards?: boolean;
  max?: number;
  /** Stops after this revision, or before the first event that was recorded later than `time` (RFC 3339), whichever comes first. */
  until?: { revision?: number; time?: string };
}

export interface ReadAllOptions {
  /** Starts strictly after this position. Default: the start. */
  from?: string;
  /** Stops after this position (inclusive). */
  until?: string;
  max?: number;
  /** Stream name prefixes, such as `worker-`. Default: every stream that is not the store's own. */
  prefixes?: readonly string[];
}

/** A stream category as the core writes it: a name, an empty state, a fold. `types` names the events the fold knows; others are skipped. */
export interface Category<S, E extends EventShape> {
  readonly name: string;
  readonly initial: S;
  readonly types?: readonly E['type'][];
  /** True: `evolve` does not look at `recordedAt`, so what was appended need not be read back to go on from. */
  readonly timeless?: boolean;
  evolve(state: S, event: E & { recordedAt: string; revision: number; id: string }): S;
}

/** A folded stream. `revision` is -1 if it does not exist. */
export interface Loaded<S> {
  state: S;
  revision: number;
}

export interface Transacted<S> extends Loaded<S> {
  /** What this call appended; empty if the decision was "nothing to do". Of a timeless category `recordedAt` is this machine's clock, not the store's. */
  events: RecordedEvent[];
  /** Position of the last appended event; absent if nothing was appended. */
  position?: string;
}

/** Where a decision left the stream; `position` is absent if nothing was appended. */
export interface Decided {
  revision: number;
  position?: string;
}
