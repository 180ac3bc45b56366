import { record, Refused } from './admin.ts';
import type { DeliveryFaults } from './deliveries.ts';
import type { FaultRule } from './faults.ts';
import type { Kit } from './kit.ts';
import type { LagRule } from './lag.ts';

/** The admin routes that belong to no vendor. */
export function addKitRoutes(kit: Kit): void {
  const { admin } = kit;
  admin.route('GET', '/journal', ({ query }) => {
    const entries = kit.journal.since(
      Number(query.get('since') ?? 0),
      Number(query.get('limit') ?? 10_000),
      query.get('server') ?? undefined,
    );
    return { last: kit.journal.last, entries };
  });
  admin.route('GET', '/counters', ({ query }) => kit.journal.counters(query.get('prefix') ?? ''));
  admin.route('GET', '/faults', () => kit.faults.report());
  admin.route('POST', '/faults', ({ body }) => {
    const rules = Array.isArray(body) ? (body as unknown[]) : [body];
    return { ids: rules.map((rule) => kit.faults.add(record(rule) as unknown as FaultRule)) };
  });
  admin.route('DELETE', '/faults', () => kit.faults.clear());
  admin.route('DELETE', '/faults/:id', ({ params }) => {
    if (!kit.faults.remove(params['id'] ?? '')) throw new Refused(404, 'no such fault');
  });
  admin.route('GET', '/deliveries', ({ query }) => kit.deliveries.report(query.get('server') ?? ''));
  admin.route('POST', '/deliveries', ({ body }) => {
    const { server, ...faults } = record(body);
    if (server !== 'okta' && server !== 'graph') throw new Refused(400, 'server must be okta or graph');
    kit.deliveries.set(server, faults as DeliveryFaults);
    return faults;
  });
  admin.route('DELETE', '/deliveries', () => kit.deliveries.clear());
  admin.route('GET', '/lag', () => ({ rules: kit.lag.rules(), stale: kit.lag.stale }));
  admin.route('POST', '/lag', ({ body }) => {
    for (const rule of Array.isArray(body) ? (body as LagRule[]) : [record(body) as unknown as LagRule]) kit.lag.set(rule);
    return { rules: kit.lag.rules() };
  });
  admin.route('DELETE', '/lag', () => kit.lag.off());
  admin.route('GET', '/limits', () => ({ enabled: kit.limits.enabled, used: kit.limits.used() }));
  admin.route('POST', '/limits', ({ body }) => {
    kit.limits.enabled = record(body)['enabled'] !== false;
    return { enabled: kit.limits.enabled };
  });
  admin.route('GET', '/clock', () => ({ now: kit.clock.iso(), factor: kit.clock.factor }));
  admin.route('POST', '/clock', ({ body }) => {
    const { advanceMs, factor } = record(body);
    if (typeof factor === 'number' && factor > 0) kit.clock.factor = factor;
    if (typeof advanceMs === 'number') kit.clock.advance(advanceMs);
    return { now: kit.clock.iso(), factor: kit.clock.factor };
  });
  admin.route('GET', '/state', ({ query }) => {
    const server = query.get('server') ?? '';
    const reader = kit.stateReaders.get(server);
    if (!reader) throw new Refused(404, `no such server: ${server}; there are ${[...kit.stateReaders.keys()].join(', ')}`);
    return reader(query);
  });
}
