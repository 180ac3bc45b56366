import type { FaultRule } from './faults.ts';

export interface VendorRequest {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  /** The route's pattern, such as `/api/v1/users/:id`. */
  readonly pattern: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Parsed JSON, or a record of a form; undefined if there is none or it cannot be parsed (`malformed`). */
  readonly body: unknown;
  readonly malformed: boolean;
  readonly rawBody: string;
  /** https://host:port */
  readonly origin: string;
  /** Virtual milliseconds. */
  readonly receivedAt: number;
  /** What the handler did, for the journal: "created 00u1", "added 00u1 to 00g1". */
  readonly effects: string[];
  /** Who calls: token id or client id; set by the vendor's `before`. */
  actor?: string;
  /** Counts a create under a correlation key in the journal's lasting counters. */
  created(keyName: string, key: unknown): void;
  /** Asks for a fault of a kind that only this handler can play; the rule is counted as fired. */
  fault(kind: string): FaultRule | undefined;
}

export interface VendorReply {
  status: number;
  headers?: Record<string, string | string[]>;
  /** An object goes out as JSON, a text as it is, nothing as an empty answer without content type. */
  body?: unknown;
}

export type Handler = (request: VendorRequest) => VendorReply | Promise<VendorReply>;

/** How a vendor answers beside its routes. */
export interface Manners {
  /** Cheap, before anything else: the caller's token or client id, so that faults can pick one caller. */
  identify?: (headers: VendorRequest['headers']) => string | undefined;
  /** Authentication and limits; a reply ends the request. */
  before?: (request: VendorRequest) => VendorReply | undefined | Promise<VendorReply | undefined>;
  /** Last touch on every answer: common headers. */
  decorate?: (request: VendorRequest, reply: VendorReply) => VendorReply;
  notFound: (request: VendorRequest) => VendorReply;
  methodNotAllowed?: (request: VendorRequest) => VendorReply;
  /** Turns what a handler threw into an answer; undefined: a bug, answered 500 and printed. */
  onError?: (error: unknown, request: VendorRequest) => VendorReply | undefined;
  /** The vendor's 429 for a `throttle` fault. */
  throttled?: (request: VendorRequest, rule: FaultRule) => VendorReply;
}
