import { ok, type AddRoute, type Call } from './call.ts';
import { invalid } from './errors.ts';
import { parseFilter, valueAt } from './filter.ts';
import { links, pageRequest, sealCursor } from './paging.ts';
import type { LogEvent } from './system-log.ts';

const SCAN = 2000;
const WEEK = 7 * 24 * 3600 * 1000;

/** GET /api/v1/logs: polling without `until` in ascending order, bounded otherwise. */
export function addLogRoutes(add: AddRoute): void {
  add('GET', '/api/v1/logs', (call) => {
    const { query } = call.request;
    const descending = query.get('sortOrder') === 'DESCENDING';
    return query.has('until') || descending ? bounded(call, descending) : poll(call);
  });
}

function wish({ request }: Call): (event: LogEvent) => boolean {
  const filter = request.query.get('filter');
  const q = request.query.get('q')?.toLowerCase().split(/\s+/).filter(Boolean) ?? [];
  const test = filter === null ? undefined : parseFilter(filter);
  return (event) => {
    if (test && !test((path) => valueAt(event, path))) return false;
    if (q.length === 0) return true;
    const text = JSON.stringify(event).toLowerCase();
    return q.every((word) => text.includes(word));
  };
}

function instant({ org, request }: Call, name: 'since' | 'until', otherwise: number): number {
  const text = request.query.get(name);
  if (text === null) return otherwise;
  const at = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at))
    throw invalid(name, `${name}: The date format in your query is not recognized. Please use the ISO 8601 date format`);
  if (name === 'since' && at < org.log.horizon) throw invalid(name, 'since: The since parameter is over 180 days prior to the current day');
  return at;
}

/** Ordered by persistence; the next link is always there and never skips what is persisted late. */
function poll(call: Call): ReturnType<typeof ok> {
  const { org, request } = call;
  const since = instant(call, 'since', org.kit.clock.now() - WEEK);
  const { limit, after } = pageRequest(request, 100, 1000);
  let place = after === '' ? org.log.placeBefore(since) : Number(after.replace(/^p/, ''));
  if (!Number.isInteger(place)) throw invalid('after', 'after: Invalid cursor');
  if (request.fault('empty-page')) return reply(call, [], `p${place}`);
  const wanted = wish(call);
  const found: LogEvent[] = [];
  const end = org.log.last;
  while (found.length < limit && place < end) {
    const batch = org.log.poll(place, since, Math.min(SCAN, end - place));
    const scannedTo = Math.min(place + SCAN, end);
    for (const { place: at, event } of batch) {
      if (!wanted(event)) continue;
      found.push(event);
      if (found.length < limit) continue;
      place = at;
      break;
    }
    if (found.length < limit) place = scannedTo;
  }
  return reply(call, found, `p${place}`);
}

/** Ordered by `published`, finite. */
function bounded(call: Call, descending: boolean): ReturnType<typeof ok> {
  const { org, request } = call;
  const now = org.kit.clock.now();
  const to = instant(call, 'until', now);
  const from = instant(call, 'since', Math.min(to, now) - WEEK);
  const { limit, after } = pageRequest(request, 100, 1000);
  let skip = after === '' ? 0 : Number(after.replace(/^b/, ''));
  if (!Number.isInteger(skip)) throw invalid('after', 'after: Invalid cursor');
  const wanted = wish(call);
  const found: LogEvent[] = [];
  for (let more = true; more && found.length < limit;) {
    const batch = org.log.between({ from, to, skip, limit: SCAN, descending });
    more = batch.length === SCAN;
    for (const event of batch) {
      skip++;
      if (wanted(event)) found.push(event);
      if (found.length === limit) break;
    }
  }
  return reply(call, found, found.length === limit ? `b${skip}` : undefined);
}

const reply = ({ request }: Call, events: LogEvent[], next: string | undefined): ReturnType<typeof ok> => ({
  status: 200,
  headers: { link: links(request, next === undefined ? undefined : sealCursor(next)) },
  body: events,
});
