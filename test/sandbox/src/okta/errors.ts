import { base62 } from '../kit/random.ts';
import type { VendorReply } from '../kit/server.ts';

/** An error in Okta's form. The summaries are those of Okta's public error catalogue. */
export class OktaError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly summary: string,
    readonly options: { causes?: readonly string[]; headers?: Record<string, string> } = {},
  ) {
    super(`${code} ${summary}`);
  }

  reply(): VendorReply {
    return {
      status: this.status,
      headers: this.options.headers ?? {},
      body: {
        errorCode: this.code,
        errorSummary: this.summary,
        errorLink: this.code,
        errorId: `oae${base62(Date.now() % 62 ** 5, 8)}${base62(Math.floor(Math.random() * 62 ** 8), 9)}`,
        errorCauses: (this.options.causes ?? []).map((errorSummary) => ({ errorSummary })),
      },
    };
  }
}

export const invalid = (what: string, ...causes: string[]): OktaError =>
  new OktaError(400, 'E0000001', `Api validation failed: ${what}`, { causes });
export const malformed = (): OktaError => new OktaError(400, 'E0000003', 'The request body was not well-formed.');
export const forbidden = (headers: Record<string, string> = {}): OktaError =>
  new OktaError(403, 'E0000006', 'You do not have permission to perform the requested action', { headers });
export const notFound = (id: string, kind: string): OktaError =>
  new OktaError(404, 'E0000007', `Not found: Resource not found: ${id} (${kind})`);
export const wrongStatus = (): OktaError => new OktaError(403, 'E0000038', "This operation is not allowed in the user's current status.");
export const badFilter = (text: string): OktaError => new OktaError(400, 'E0000031', `Invalid search criteria.`, { causes: [text] });
export const unauthorised = (headers: Record<string, string> = {}): OktaError =>
  new OktaError(401, 'E0000011', 'Invalid token provided', { headers });
export const tooMany = (headers: Record<string, string>): OktaError =>
  new OktaError(429, 'E0000047', 'API call exceeded rate limit due to too many requests.', { headers });
export const preconditionFailed = (): OktaError => new OktaError(412, 'E0000142', 'The resource was changed since it was read.');

/** The value or a 404 of that kind. */
export function need<T>(value: T | undefined, id: string, kind: string): T {
  if (value === undefined) throw notFound(id, kind);
  return value;
}

/** The request body as an object; anything else is not well-formed. */
export function objectBody(body: unknown): Record<string, unknown> {
  if (!isRecord(body)) throw malformed();
  return body;
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
