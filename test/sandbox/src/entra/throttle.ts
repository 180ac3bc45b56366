import type { RateLimits } from '../kit/limits.ts';
import type { Call } from './call.ts';
import { GraphFault } from './errors.ts';
import type { Operation } from './operations.ts';
import type { Tenant } from './tenant.ts';

/** The limits of throttling-limits, identity and access; all per app and tenant. The kit scales their windows. */
export interface Limits {
  /** Resource units per ten seconds; undefined: by the size of the tenant. */
  units?: number;
  /** Writes per 150 seconds. */
  writes: number;
  /** Audit requests per ten seconds. */
  reports: number;
}

export const DOCUMENTED_LIMITS: Limits = { writes: 3_000, reports: 5 };

const TEN_SECONDS = 10_000;
const WRITE_WINDOW = 150_000;

/** What a request costs: the operation's units, less one for $select, plus one for $expand, less one for a small page; at least one. */
export function unitsOf(operation: Operation, query: URLSearchParams): number {
  let units = operation.units;
  if (query.has('$select')) units--;
  if (query.has('$expand')) units++;
  const top = query.get('$top');
  if (top !== null && Number(top) < 20) units--;
  return Math.max(1, units);
}

/** Counts resource units, writes and report requests of each app in the kit's windows, and throttles as Graph does. */
export class Throttle {
  readonly #tenant: Tenant;
  readonly #windows: RateLimits;
  #counted = { at: -Infinity, units: 0 };
  limits: Limits;
  /** How many requests were throttled. */
  throttled = 0;
  /** What each app spent in all. */
  readonly total = new Map<string, { units: number; writes: number; requests: number }>();

  constructor(tenant: Tenant, windows: RateLimits, limits: Limits = DOCUMENTED_LIMITS) {
    this.#tenant = tenant;
    this.#windows = windows;
    this.limits = limits;
  }

  /** Pays for a request; the headers that tell of it. Throws Graph's 429 when a limit is reached. */
  pay(call: Call, operation: Operation): Record<string, string> {
    const app = call.caller.clientId;
    const units = unitsOf(operation, call.query);
    const write = isWrite(operation);
    this.#note(app, units, write);
    if (operation.reporting) {
      this.#take(call, { window: 'reports', most: this.limits.reports, length: TEN_SECONDS, cost: 1 });
      return {};
    }
    const most = this.limits.units ?? this.#unitsBySize();
    const left = this.#take(call, { window: 'units', most, length: TEN_SECONDS, cost: units });
    if (write) this.#take(call, { window: 'writes', most: this.limits.writes, length: WRITE_WINDOW, cost: 1 });
    const share = 1 - left / most;
    const headers: Record<string, string> = { 'x-ms-resource-unit': `${units}` };
    if (share > 0.8) headers['x-ms-throttle-limit-percentage'] = share.toFixed(2);
    return headers;
  }

  #take(
    call: Call,
    { window, most, length, cost }: { window: keyof typeof INFORMATION; most: number; length: number; cost: number },
  ): number {
    const draw = this.#windows.take(`graph/${window}/${call.caller.clientId}`, most, length, cost);
    if (draw.allowed) return draw.remaining;
    this.throttled++;
    throw tooManyRequests(this.#tenant, call, { information: INFORMATION[window], waitMs: draw.resetAt - this.#tenant.now() });
  }

  /** 3,500 below 50 users, 5,000 up to 500, 8,000 above; counted anew every ten seconds. */
  #unitsBySize(): number {
    const now = this.#tenant.now();
    if (now - this.#counted.at >= TEN_SECONDS) {
      const users = this.#tenant.directory.count('user');
      this.#counted = { at: now, units: users < 50 ? 3_500 : users <= 500 ? 5_000 : 8_000 };
    }
    return this.#counted.units;
  }

  #note(app: string, units: number, write: boolean): void {
    const total = this.total.get(app) ?? { units: 0, writes: 0, requests: 0 };
    total.units += units;
    total.requests++;
    if (write) total.writes++;
    this.total.set(app, total);
  }
}

const INFORMATION = { units: 'ResourceUnitLimitExceeded', writes: 'WriteLimitExceeded', reports: 'RequestLimitExceeded' };
const READING_POSTS = new Set(['/directoryObjects/getByIds', '/users/:id/getMemberGroups']);
const isWrite = (operation: Operation) => operation.method !== 'GET' && !READING_POSTS.has(operation.path);

/** Graph's 429 for identity; `waitMs`: until the window ends. The fault `no-retry-after` leaves the header out. */
export function tooManyRequests(
  tenant: Tenant,
  call: Pick<Call, 'plays'> & { caller?: Call['caller'] },
  { information, waitMs }: { information: string; waitMs: number },
): GraphFault {
  const headers: Record<string, string> = {
    'x-ms-throttle-scope': `Tenant_Application/ReadWrite/${call.caller?.clientId ?? ''}/${tenant.settings.tenantId}`,
    'x-ms-throttle-information': information,
  };
  if (!call.plays('no-retry-after')) headers['Retry-After'] = `${Math.max(1, Math.ceil(waitMs / 1_000))}`;
  return new GraphFault(429, 'TooManyRequests', 'Too many requests.', { headers });
}
