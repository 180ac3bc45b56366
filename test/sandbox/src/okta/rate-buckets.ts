import type { FaultRule } from '../kit/faults.ts';
import type { Draw, RateLimits } from '../kit/limits.ts';
import type { VendorReply, VendorRequest } from '../kit/server.ts';
import { tooMany } from './errors.ts';

interface Bucket {
  name: string;
  perMinute: number;
}

/** Requests a minute; the last published numbers for a workforce org. An admin may change them. */
export interface RateSettings {
  buckets: Record<string, number>;
  /** The share of a bucket that one token or service app may use. */
  share: number;
  /** Requests at once. */
  concurrency: number;
}

export const RATE_DEFAULTS: RateSettings = {
  buckets: {
    users: 600,
    'users/{id}': 600,
    'users/{id} GET': 2000,
    groups: 500,
    'groups/{id}': 1000,
    'apps/*': 100,
    'apps/{id}': 500,
    logs: 120,
    devices: 100,
    other: 1200,
  },
  share: 0.5,
  concurrency: 75,
};

const MINUTE = 60_000;

const EXACT: Readonly<Record<string, string>> = {
  '/api/v1/users': 'users',
  '/api/v1/groups': 'groups',
  '/api/v1/groups/:id': 'groups/{id}',
  '/api/v1/apps/:id': 'apps/{id}',
  '/api/v1/logs': 'logs',
};

/** The most specific path wins. */
function bucketOf(request: VendorRequest, settings: RateSettings): Bucket {
  const { pattern, method } = request;
  let name = EXACT[pattern] ?? 'other';
  if (pattern === '/api/v1/users/:id') name = method === 'GET' ? 'users/{id} GET' : 'users/{id}';
  else if (pattern === '/api/v1/apps' || (pattern.startsWith('/api/v1/apps/:id/') && name === 'other')) name = 'apps/*';
  return { name, perMinute: settings.buckets[name] ?? settings.buckets['other'] ?? 1200 };
}

const headers = (draw: Draw): Record<string, string> => ({
  'x-rate-limit-limit': String(draw.limit),
  'x-rate-limit-remaining': String(draw.remaining),
  'x-rate-limit-reset': String(Math.ceil(draw.resetAt / 1000)),
});

/** Takes one request from the org's and the caller's bucket; the tighter one makes the headers. Throws 429 E0000047. */
export function drawRate(limits: RateLimits, settings: RateSettings, request: VendorRequest, inFlight: number): Record<string, string> {
  if (limits.enabled && inFlight > settings.concurrency) throw tooMany(concurrencyHeaders(limits.clock.now()));
  const { name, perMinute } = bucketOf(request, settings);
  const own = limits.take(`okta/${name}/${request.actor ?? 'anonymous'}`, Math.max(1, Math.floor(perMinute * settings.share)), MINUTE);
  if (!own.allowed) throw tooMany(headers(own));
  const all = limits.take(`okta/${name}`, perMinute, MINUTE);
  if (!all.allowed) throw tooMany(headers(all));
  return headers(own.remaining <= all.remaining ? own : all);
}

const concurrencyHeaders = (now: number): Record<string, string> => ({
  'x-rate-limit-limit': '0',
  'x-rate-limit-remaining': '0',
  'x-rate-limit-reset': String(Math.ceil(now / 1000) + 1),
});

/** A 429 made by a fault rule; forms: `reset-past`, `no-reset`, `concurrency`, and the plain one, whose window ends in `delayMs` (scaled). */
export function throttled(limits: RateLimits, rule: FaultRule): VendorReply {
  const now = limits.clock.now();
  const plain = { limit: 600, remaining: 0, allowed: false, resetAt: now + limits.clock.scale(rule.delayMs ?? MINUTE) };
  const form: Record<string, Record<string, string>> = {
    'reset-past': headers({ ...plain, resetAt: now - 120_000 }),
    'no-reset': { 'x-rate-limit-limit': '600', 'x-rate-limit-remaining': '0' },
    concurrency: concurrencyHeaders(now),
  };
  return tooMany(form[rule.form ?? ''] ?? headers(plain)).reply();
}
