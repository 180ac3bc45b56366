import type { EventData, EventType } from '@muster/contracts';
import type { NameOf } from './object-names.ts';

/** One sentence for each type of event; the compiler proves that none is missing. Personal fields of an erased person are absent from `data`. */
export type Summaries = { readonly [T in EventType]: (data: EventData[T], nameOf: NameOf) => string };
