/** Who can mend it: the caller, the target's operator, time, or us. `bug` is none of the four fault kinds of an edge. */
export type ErrorKind = 'invalid' | 'not_found' | 'conflict' | 'transient' | 'throttled' | 'refused' | 'unauthorised' | 'unknown' | 'bug';

export interface ErrorCodeEntry {
  /** A short sentence for people, the same for every occurrence. */
  readonly title: string;
  readonly kind: ErrorKind;
  /** What to do, with `{name}` where a value of the occurrence belongs. */
  readonly remedy: string;
  /** The HTTP status if this ends as an answer. */
  readonly status: number;
}

export const entry = (title: string, kind: ErrorKind, status: number, remedy: string): ErrorCodeEntry => ({ title, kind, remedy, status });
