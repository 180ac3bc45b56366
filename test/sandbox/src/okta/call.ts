import type { VendorReply, VendorRequest } from '../kit/server.ts';
import type { Org } from './org.ts';
import { SYSTEM, type Caller } from './records.ts';
import type { Deed } from './system-log.ts';

/** What a route handler works with. */
export interface Call {
  org: Org;
  request: VendorRequest;
  deed: Deed;
}

export type CallHandler = (call: Call) => VendorReply | Promise<VendorReply>;

/** Adds a route whose handler knows who calls. */
export type AddRoute = (method: string, pattern: string, handler: CallHandler) => void;

export function deedOf(request: VendorRequest, caller: Caller | undefined): Deed {
  const userAgent = request.headers['user-agent'];
  return { caller: caller ?? SYSTEM, requestId: request.id, ...(userAgent === undefined ? {} : { userAgent }) };
}

export const ok = (body: unknown, headers: Record<string, string> = {}): VendorReply => ({ status: 200, headers, body });
export const done = (): VendorReply => ({ status: 204 });
/** What Okta sends where there is nothing to say but the type is JSON: an empty object. */
export const emptyObject = (): VendorReply => ({ status: 200, body: {} });
export const param = (request: VendorRequest, name: string): string => request.params[name] ?? '';
