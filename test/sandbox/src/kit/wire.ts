import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { VendorReply } from './vendor-request.ts';

/** Sends a reply; without one the socket is destroyed. An empty answer has no content type: an SDK that sees one parses nothing and fails. */
export function send(reply: VendorReply | undefined, outgoing: ServerResponse): void {
  if (!reply) {
    outgoing.socket?.destroy();
    return;
  }
  const { status, headers = {}, body } = reply;
  outgoing.statusCode = status;
  for (const [name, value] of Object.entries(headers)) outgoing.setHeader(name, value);
  if (isEmpty(status, body)) {
    outgoing.end();
    return;
  }
  if (typeof body === 'string') {
    outgoing.end(body);
    return;
  }
  if (!outgoing.hasHeader('content-type')) outgoing.setHeader('content-type', 'application/json');
  outgoing.end(JSON.stringify(body));
}

const isEmpty = (status: number, body: unknown): boolean => body === undefined || body === null || status === 204;

/** One text a header. */
export function flat(headers: IncomingHttpHeaders): Record<string, string | undefined> {
  const result: Record<string, string | undefined> = {};
  for (const name in headers) {
    const value = headers[name];
    result[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return result;
}

export const lowerCased = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
