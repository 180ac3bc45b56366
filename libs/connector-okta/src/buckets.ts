import type { BudgetSignal } from '@muster/connector';

interface Place {
  method: string;
  id: string | undefined;
  below: string | undefined;
}

const areas: Readonly<Record<string, (place: Place) => string>> = {
  users: ({ method, id, below }) =>
    id === undefined ? 'users' : below !== undefined ? 'other' : method === 'GET' ? 'userRead' : 'userWrite',
  groups: ({ id, below }) => (id === undefined ? 'groups' : below === undefined ? 'group' : 'other'),
  apps: ({ id, below }) => (id !== undefined && below === undefined ? 'app' : 'apps'),
  logs: () => 'logs',
  devices: () => 'devices',
};

/** The rate-limit bucket that Okta counts a request in: the most specific path wins. */
export const bucketOf = (method: string, path: string): string => {
  const [, area = '', id, below] = /^\/api\/v1\/(\w+)(?:\/([^/]+))?(\/.+)?$/.exec(path) ?? [];
  return Object.hasOwn(areas, area) ? areas[area]!({ method, id, below }) : 'other';
};

export interface HeaderReader {
  get(name: string): string | null;
}

const whole = (text: string | null): number | undefined => (text !== null && /^\d{1,15}$/.test(text.trim()) ? Number(text) : undefined);

/** Reset is told in epoch seconds of Okta's clock, so it is compared with Okta's own `Date`. */
const resetIn = (headers: HeaderReader, now: number): number | undefined => {
  const reset = whole(headers.get('x-rate-limit-reset'));
  if (reset === undefined) return undefined;
  const date = Date.parse(headers.get('date') ?? '');
  return reset * 1000 - (Number.isNaN(date) ? now : date);
};

/**
 * What the X-Rate-Limit headers say. A 429 with limit and remaining 0 is the one for too many calls at once; its reset is an estimate. One second is
 * added to a wait, as both clocks are told in whole seconds; the time factor shrinks that second with everything else.
 */
export const limitSignal = (
  status: number,
  headers: HeaderReader,
  { now, timeFactor }: { now: number; timeFactor: number },
): BudgetSignal => {
  const remaining = whole(headers.get('x-rate-limit-remaining'));
  const reset = resetIn(headers, now);
  const wait = reset === undefined ? undefined : reset + 1000 / timeFactor;
  if (status === 429) {
    const atOnce = whole(headers.get('x-rate-limit-limit')) === 0;
    const asked = whole(headers.get('retry-after'));
    const retryAfter = asked === undefined ? wait : asked * 1000;
    return { throttled: atOnce ? 'concurrency' : 'rate', ...(retryAfter !== undefined && retryAfter > 0 ? { retryAfter } : {}) };
  }
  return remaining !== undefined && wait !== undefined ? { remaining, resetIn: wait } : {};
};
