import type { VendorReply } from '../kit/server.ts';
import { done, ok, param, type AddRoute, type Call } from './call.ts';
import { invalid, isRecord, need, objectBody, OktaError } from './errors.ts';
import { isEligible, type HookRecord } from './event-hooks.ts';

const MOST_ACTIVE = 25;
const MOST_TYPES = 300;
const LOCAL = new Set(['localhost', '127.0.0.1']);

/** /api/v1/eventHooks */
export function addEventHookRoutes(add: AddRoute): void {
  add('GET', '/api/v1/eventHooks', ({ org, request }) => ok([...org.hooks.table.values()].map((hook) => hookJson(request.origin, hook))));
  add('POST', '/api/v1/eventHooks', (call) => {
    const { org, request, deed } = call;
    if ([...org.hooks.table.values()].filter(({ status }) => status === 'ACTIVE').length >= MOST_ACTIVE)
      throw new OktaError(400, 'E0000001', 'Api validation failed: eventHook', {
        causes: ['The maximum number of active event hooks is reached.'],
      });
    const now = org.now();
    const hook: HookRecord = {
      ...fields(objectBody(request.body)),
      id: org.newId('who'),
      status: 'ACTIVE',
      verificationStatus: 'UNVERIFIED',
      created: now,
      createdBy: deed.caller.actor.id,
      lastUpdated: now,
    };
    return keep(call, hook, 'created');
  });
  add('GET', '/api/v1/eventHooks/:id', (call) => ok(hookJson(call.request.origin, find(call))));
  add('PUT', '/api/v1/eventHooks/:id', (call) => {
    const before = find(call);
    const after = { ...before, ...fields(objectBody(call.request.body)), lastUpdated: call.org.now() };
    return keep(call, after.uri === before.uri ? after : { ...after, verificationStatus: 'UNVERIFIED' }, 'updated');
  });
  add('DELETE', '/api/v1/eventHooks/:id', (call) => {
    const { id } = find(call);
    call.org.hooks.table.delete(id);
    call.request.effects.push(`deleted ${id}`);
    return done();
  });
  add('POST', '/api/v1/eventHooks/:id/lifecycle/activate', (call) => change(call, { status: 'ACTIVE' }));
  add('POST', '/api/v1/eventHooks/:id/lifecycle/deactivate', (call) => change(call, { status: 'INACTIVE' }));
  add('POST', '/api/v1/eventHooks/:id/lifecycle/verify', async (call) => {
    const problem = await call.org.hooks.verify(find(call));
    if (problem !== undefined) throw invalid('verification', `The external service could not be verified: ${problem}`);
    return change(call, { verificationStatus: 'VERIFIED' });
  });
}

const find = ({ org, request }: Call): HookRecord => need(org.hooks.table.get(param(request, 'id')), param(request, 'id'), 'EventHook');

const change = (call: Call, what: Partial<Pick<HookRecord, 'status' | 'verificationStatus'>>): VendorReply =>
  keep(call, { ...find(call), ...what, lastUpdated: call.org.now() }, 'updated');

function keep({ org, request }: Call, hook: HookRecord, word: string): VendorReply {
  org.hooks.table.put(hook.id, hook);
  request.effects.push(`${word} ${hook.id}`);
  return ok(hookJson(request.origin, hook));
}

type Fields = Pick<HookRecord, 'name' | 'description' | 'events' | 'uri' | 'headers' | 'auth'>;

function fields(body: Record<string, unknown>): Fields {
  const { name, description, events, channel } = body;
  if (typeof name !== 'string' || name === '') throw invalid('name', 'name: The field cannot be left blank');
  const { uri, headers, auth } = channelOf(channel);
  return {
    name,
    description: typeof description === 'string' ? description : null,
    events: typesOf(events),
    uri,
    headers,
    ...(auth ? { auth } : {}),
  };
}

function typesOf(events: unknown): string[] {
  const items: unknown = isRecord(events) ? events['items'] : undefined;
  if (!Array.isArray(items) || items.length === 0) throw invalid('events', 'events: The field cannot be left blank');
  if (items.length > MOST_TYPES) throw invalid('events', `events: at most ${MOST_TYPES} event types`);
  const wrong = items.filter((item) => typeof item !== 'string' || !isEligible(item));
  if (wrong.length > 0) throw invalid('events', `events.items: not eligible for event hooks: ${wrong.join(', ')}`);
  return items as string[];
}

function channelOf(channel: unknown): Pick<HookRecord, 'uri' | 'headers' | 'auth'> {
  if (!isRecord(channel) || channel['type'] !== 'HTTP') throw invalid('channel', 'channel.type: must be HTTP');
  const { uri, authScheme, headers } = isRecord(channel['config']) ? channel['config'] : {};
  if (typeof uri !== 'string' || !isAllowed(uri)) throw invalid('channel', 'channel.config.uri: must be an HTTPS address');
  const auth = authOf(authScheme);
  const given: unknown[] = Array.isArray(headers) ? headers : [];
  return {
    uri,
    headers: given.filter(isRecord).map(({ key, value }) => ({ key: String(key), value: String(value) })),
    ...(auth ? { auth } : {}),
  };
}

const authOf = (scheme: unknown): HookRecord['auth'] =>
  isRecord(scheme) && typeof scheme['key'] === 'string' && typeof scheme['value'] === 'string'
    ? { key: scheme['key'], value: scheme['value'] }
    : undefined;

/** Okta wants HTTPS; plain HTTP is taken on this machine, where the receiver has no certificate of its own. */
function isAllowed(uri: string): boolean {
  if (!URL.canParse(uri)) return false;
  const { protocol, hostname } = new URL(uri);
  return protocol === 'https:' || (protocol === 'http:' && LOCAL.has(hostname));
}

function hookJson(origin: string, hook: HookRecord): object {
  const { id, name, description, status, verificationStatus, created, createdBy, lastUpdated, events, uri, headers, auth } = hook;
  const self = `${origin}/api/v1/eventHooks/${id}`;
  return {
    id,
    name,
    description,
    status,
    verificationStatus,
    created,
    createdBy,
    lastUpdated,
    events: { type: 'EVENT_TYPE', items: events, filter: null },
    channel: {
      type: 'HTTP',
      version: '1.0.0',
      config: { uri, headers, method: 'POST', ...(auth ? { authScheme: { type: 'HEADER', key: auth.key } } : {}) },
    },
    _links: { self: { href: self }, verify: { href: `${self}/lifecycle/verify`, hints: { allow: ['POST'] } } },
  };
}
