import { randomUUID } from 'node:crypto';

import type { Kit } from '../kit/kit.ts';
import type { VendorServer } from '../kit/server.ts';
import type { StateFile } from '../kit/state.ts';
import type { VendorReply, VendorRequest } from '../kit/vendor-request.ts';
import type { AccessTokens } from './access-tokens.ts';
import type { Answer } from './call.ts';
import { Graph } from './graph.ts';
import { checkReceivers } from './subscription-operations.ts';
import type { Tenant } from './tenant.ts';
import type { Throttle } from './throttle.ts';

const JSON_TYPE = 'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8';
/** Kinds of fault that an inner request of a batch can meet; sockets are the outer request's. */
const INNER_KINDS = new Set(['status', 'throttle']);

interface GraphServerParts {
  tenant: Tenant;
  tokens: AccessTokens;
  throttle: Throttle;
  state: StateFile;
}

/** The HTTPS server of graph.microsoft.com. Routing is Graph's own (`find-operation.ts`), so that batches take the same way. */
export function graphServer(kit: Kit, { tenant, tokens, throttle, state }: GraphServerParts): VendorServer {
  const graph = new Graph({
    tenant,
    tokens,
    throttle,
    innerFault: (method, path, actor) =>
      kit.faults.empty ? undefined : kit.faults.fire({ server: 'graph', method, path, actor }, (kind) => INNER_KINDS.has(kind)),
  });
  const handle = (request: VendorRequest) => asReply(graph.handle(request));
  const server = kit.server('graph', state, {
    identify: (headers) => tokens.clientOf(headers['authorization']),
    notFound: handle,
    throttled: (request, rule) => asReply(graph.throttled(request, rule.form)),
    decorate: withCommonHeaders,
  });
  // The one answer that waits for somebody else: receivers are asked first.
  return server.route('POST', '/v1.0/subscriptions', async (request) => {
    if (tenant.subscriptions) await checkReceivers(tenant.subscriptions, request);
    return handle(request);
  });
}

function asReply({ status, headers, body }: Answer): VendorReply {
  const reply: VendorReply = { status };
  if (headers) reply.headers = headers;
  if (body !== undefined) reply.body = body;
  return reply;
}

function withCommonHeaders(request: VendorRequest, reply: VendorReply): VendorReply {
  const id = randomUUID();
  const headers: VendorReply['headers'] = {
    'request-id': id,
    'client-request-id': request.headers['client-request-id'] ?? id,
    'strict-transport-security': 'max-age=31536000',
    'x-ms-ags-diagnostic': '{"ServerInfo":{"DataCenter":"Sandbox","Slice":"E","Ring":"5","ScaleUnit":"000","RoleInstance":"SANDBOX"}}',
    ...(typeof reply.body === 'object' && reply.body !== null ? { 'content-type': JSON_TYPE } : {}),
    ...reply.headers,
  };
  return { ...reply, headers };
}
