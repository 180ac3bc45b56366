import { ProblemError } from '@muster/service-kit';

/** A point on both time axes: what was true at `asOf`, as far as it was known at `knownAt`. RFC 3339. */
export interface Axes {
  readonly asOf: string;
  readonly knownAt: string;
}

const DATE = /^\d{4}-\d{2}-\d{2}$/;
const INSTANT = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}(:\d{2}(\.\d+)?)?([Zz]|[+-]\d{2}:\d{2})$/;

/** The instant that was asked for; a date without time means its end, in UTC. Throws ProblemError for anything else. */
export function instantOf(field: string, asked: string): string {
  const at = DATE.test(asked) ? new Date(`${asked}T23:59:59.999Z`) : INSTANT.test(asked) ? new Date(asked) : new Date(Number.NaN);
  // A day that no month has is carried over into the next one.
  const isDay = !Number.isNaN(at.getTime()) && (!DATE.test(asked) || at.toISOString().startsWith(asked));
  if (isDay) return at.toISOString();
  throw new ProblemError('http.request_invalid', {
    problems: [{ field, message: 'expected a date such as 2026-03-01, or a time such as 2026-03-01T08:00:00Z' }],
  });
}
