import { randomUUID } from 'node:crypto';

import type { FaultRule } from '../kit/faults.ts';
import type { VendorRequest } from '../kit/vendor-request.ts';
import type { AccessTokens } from './access-tokens.ts';
import { runBatch } from './batch.ts';
import { holdsAny, type Answer, type AnswerFault, type Call, type InnerRequest, type JsonObject } from './call.ts';
import { badQuery, denied, GraphFault, notFound, type Json } from './errors.ts';
import { findOperation, type Match } from './find-operation.ts';
import type { Tenant } from './tenant.ts';
import { tooManyRequests, type Throttle } from './throttle.ts';

/** A fault that a batch's inner request meets; the kit draws and counts it. */
export type InnerFault = (method: string, path: string, actor: string) => FaultRule | undefined;

const VERSION = '/v1.0';
const WITH_BODY = new Set(['POST', 'PUT', 'PATCH']);

interface GraphParts {
  tenant: Tenant;
  tokens: AccessTokens;
  throttle: Throttle;
  innerFault?: InnerFault;
}

/** Graph v1.0 in front of a tenant: authentication, limits, routing, batches, errors in the vendor's shape. */
export class Graph {
  readonly #parts: GraphParts;

  constructor(parts: GraphParts) {
    this.#parts = parts;
  }

  /** Answers every request; what is not a fault of Graph's own (a bug) becomes a 500. */
  handle(request: VendorRequest): Answer {
    const requestId = randomUUID();
    const clientRequestId = request.headers['client-request-id'] ?? requestId;
    return this.#guarded(requestId, clientRequestId, () => this.#route(request, requestId, clientRequestId));
  }

  /** The answer of a throttled request, whoever asked. */
  throttled(request: VendorRequest, form: string | undefined): Answer {
    const requestId = randomUUID();
    const plays = (fault: AnswerFault) => fault === 'no-retry-after' && form === 'no-retry-after';
    return this.#guarded(requestId, request.headers['client-request-id'] ?? requestId, () => {
      throw tooManyRequests(
        this.#parts.tenant,
        { plays },
        { information: 'ResourceUnitLimitExceeded', waitMs: this.#parts.tenant.scale(10_000) },
      );
    });
  }

  #route(request: VendorRequest, requestId: string, clientRequestId: string): Answer {
    const caller = this.#parts.tokens.callerOf(request.headers['authorization']);
    if (!request.path.startsWith(`${VERSION}/`)) throw badQuery(`Invalid version: ${request.path.split('/')[1] ?? ''}`);
    const call: Call = {
      method: request.method,
      path: request.path.slice(VERSION.length),
      params: {},
      query: request.query,
      headers: request.headers,
      body: bodyOf(request),
      caller,
      root: request.origin + VERSION,
      requestId,
      plays: (fault) => request.fault(fault) !== undefined,
      effects: request.effects,
      created: (keyName, key) => request.created(keyName, key),
    };
    if (call.path.toLowerCase() !== '/$batch') return this.#perform(call);
    if (call.method !== 'POST') throw badQuery('The batch endpoint takes POST only.');
    return runBatch(call, (item) => this.#inner(item, call, clientRequestId));
  }

  /** One request of a batch: judged, paid and answered by itself. */
  #inner(item: InnerRequest, outer: Call, clientRequestId: string): Answer {
    const requestId = randomUUID();
    const [path = '', search = ''] = item.url.split('?');
    const rule = this.#parts.innerFault?.(item.method, VERSION + path, outer.caller.clientId);
    const played = rule && this.#played(rule, outer);
    if (played && !rule.afterEffect) return played;
    const answer = this.#guarded(requestId, clientRequestId, () => {
      if (WITH_BODY.has(item.method) && item.body !== undefined) requireJson(item.headers);
      const { headers, body, method } = item;
      return this.#perform({ ...outer, method, path, params: {}, query: new URLSearchParams(search), headers, body, requestId });
    });
    return played ?? answer;
  }

  #played(rule: FaultRule, outer: Call): Answer {
    if (rule.kind === 'status') return { status: rule.status ?? 500, headers: rule.headers ?? {}, body: rule.body as JsonObject };
    const plays = (fault: AnswerFault) => fault === rule.form;
    return this.#guarded(outer.requestId, outer.requestId, () => {
      throw tooManyRequests(
        this.#parts.tenant,
        { plays },
        { information: 'ResourceUnitLimitExceeded', waitMs: this.#parts.tenant.scale(10_000) },
      );
    });
  }

  #perform(call: Call): Answer {
    const { operation, params } = matched(call, findOperation(call.method, call.path));
    call.params = params['appId'] === undefined ? params : { ...params, id: this.#idOfApp(params['appId']) };
    const headers = this.#parts.throttle.pay(call, operation);
    if (!holdsAny(call.caller, operation.needs)) throw denied();
    if (WITH_BODY.has(call.method) && call.body === undefined && !bodyless(operation.path))
      throw badQuery('Empty Payload. JSON content expected.');
    const answer = operation.handler(this.#parts.tenant, call);
    return { ...answer, headers: { ...headers, ...answer.headers } };
  }

  #idOfApp(appId: string): string {
    const object = this.#parts.tenant.directory.holder('servicePrincipal', 'appId', appId);
    if (!object) throw notFound(appId);
    return object.id;
  }

  #guarded(requestId: string, clientRequestId: string, work: () => Answer): Answer {
    const ids = { 'request-id': requestId, 'client-request-id': clientRequestId };
    try {
      const answer = work();
      return { ...answer, headers: { ...ids, ...answer.headers } };
    } catch (error) {
      const fault = error instanceof GraphFault ? error : asInternal(error);
      return { status: fault.status, headers: { ...ids, ...fault.headers }, body: this.#describe(fault, requestId, clientRequestId) };
    }
  }

  #describe(fault: GraphFault, requestId: string, clientRequestId: string): JsonObject {
    const date = new Date(this.#parts.tenant.now()).toISOString().slice(0, 19);
    const error: JsonObject = { code: fault.code, message: fault.message };
    if (fault.details) error['details'] = fault.details as unknown as Json;
    error['innerError'] = { date, 'request-id': requestId, 'client-request-id': clientRequestId };
    return { error };
  }
}

/** Actions that take no body. */
const bodyless = (path: string) => ['/revokeSignInSessions', '/restore', '/reauthorize'].some((end) => path.endsWith(end));

function asInternal(error: unknown): GraphFault {
  if (error instanceof URIError) return badQuery('Bad Request - Invalid URL.');
  console.error('the Entra sandbox has a bug:', error);
  return new GraphFault(500, 'InternalServerError', 'Internal Server Error');
}

function matched(call: Call, match: Match) {
  if (match === 'no such path') {
    const segment = call.path.split('/').at(-1) ?? '';
    throw badQuery(`Resource not found for the segment '${call.path.startsWith(VERSION) ? 'v1.0' : segment}'.`);
  }
  if (match === 'no such method')
    throw new GraphFault(405, 'Request_BadRequest', 'Specified HTTP method is not allowed for the request target.');
  return match;
}

function requireJson(headers: Readonly<Record<string, string | undefined>>): void {
  if (headers['content-type']?.toLowerCase().includes('application/json')) return;
  throw badQuery('Write requests (excluding DELETE) must contain the Content-Type header declaration.');
}

function bodyOf({ method, headers, rawBody, malformed, body }: VendorRequest): Json | undefined {
  if (!WITH_BODY.has(method) || rawBody === '') return undefined;
  requireJson(headers);
  if (malformed) {
    throw badQuery('Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.');
  }
  return body as Json;
}
