/**
 * How a failed call at an edge is to be treated:
 * `transient` try again later; `throttled` wait as told; `refused` never again with the same input; `unauthorised` nothing works until a person
 * acts; `unknown` the effect may or may not have happened: look before anything is sent again.
 */
export type FaultKind = 'transient' | 'throttled' | 'refused' | 'unauthorised' | 'unknown';

export interface FaultDetails {
  /** A code of the registry in contracts: `area.snake_case`. */
  code: string;
  kind: FaultKind;
  /** For people: cause, record, field. No secret and no personal data: name fields and ids, never values. */
  message: string;
  /** What a person can do about it. */
  remedy: string;
  /** Milliseconds that the other side asked us to wait, from the moment of its answer. */
  retryAfter?: number;
  /** The vendor's own code and request id, for a support case. */
  vendorCode?: string;
  requestId?: string;
  cause?: unknown;
}

/** What is kept of a fault in events and rows. */
export interface FaultRecord {
  code: string;
  kind: FaultKind;
  message: string;
  remedy: string;
}

/** A failed call at an edge. Built only in adapters; everybody else looks at `kind`, `code` and `retryAfter`. */
export class Fault extends Error {
  readonly code: string;
  readonly kind: FaultKind;
  readonly remedy: string;
  readonly retryAfter: number | undefined;
  readonly vendorCode: string | undefined;
  readonly requestId: string | undefined;

  constructor(details: FaultDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'Fault';
    this.code = details.code;
    this.kind = details.kind;
    this.remedy = details.remedy;
    this.retryAfter = details.retryAfter;
    this.vendorCode = details.vendorCode;
    this.requestId = details.requestId;
  }

  /** The part that may be stored and shown; the cause is left behind, as foreign errors may quote what was sent. */
  record(): FaultRecord {
    return { code: this.code, kind: this.kind, message: this.message.slice(0, 2000), remedy: this.remedy.slice(0, 2000) };
  }

  toJSON(): FaultRecord {
    return this.record();
  }
}

/** The fault behind an error, looking through `cause` up to ten levels deep; undefined for bugs. */
export const faultOf = (error: unknown): Fault | undefined => {
  let current = error;
  for (let depth = 0; depth < 10; depth += 1) {
    if (current instanceof Fault) return current;
    if (!(current instanceof Error)) return undefined;
    current = current.cause;
  }
  return undefined;
};
