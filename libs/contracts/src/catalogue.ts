import { events } from './generated/catalogue.ts';
import type { Category } from './streams.ts';
import type { EventType } from './validate.ts';

/** What is known of an event type. */
export interface EventEntry {
  readonly type: EventType;
  /** `$id` of the newest schema of its data. */
  readonly schema: string;
  readonly area: string;
  readonly version: number;
  /** The categories of the streams that it is written to. */
  readonly streams: readonly Category[];
  /** Top-level fields of the data that the store encrypts. */
  readonly personal: readonly string[];
}

/** Every event type by its name. */
export const catalogue: ReadonlyMap<string, EventEntry> = new Map<string, EventEntry>(Object.entries(events));

const NOTHING: readonly string[] = Object.freeze([]);

/** The top-level fields of a type's data that are encrypted; none for a type that the catalogue does not hold. */
export const personalFields = (type: string): readonly string[] => catalogue.get(type)?.personal ?? NOTHING;

/** The `$id` of the schema that new events of a type are written under. */
export const schemaOf = (type: EventType): string => events[type].schema;

/** A copy of an event's data that may be logged or shown to anybody: each personal field reads `[personal]`. Other data comes back as it is. */
export const redacted = (type: string, data: object): object => {
  const present = personalFields(type).filter((name) => Object.hasOwn(data, name));
  return present.length === 0 ? data : { ...data, ...Object.fromEntries(present.map((name) => [name, '[personal]'])) };
};
