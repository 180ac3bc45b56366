/** A JSON value as it travels. */
export type Json = string | number | boolean | null | Json[] | { [name: string]: Json | undefined };

/** A value as text: itself where it is one. */
export const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));

/** One entry of `error.details` of a Graph error. */
export interface FaultDetail {
  code: string;
  target: string;
  message: string;
}

interface FaultOptions {
  details?: FaultDetail[];
  headers?: Record<string, string>;
}

/** An answer of Graph that is not a success; status, code and message are those of the vendor. */
export class GraphFault extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: FaultDetail[] | undefined;
  readonly headers: Record<string, string>;

  constructor(status: number, code: string, message: string, options: FaultOptions = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = options.details;
    this.headers = options.headers ?? {};
  }
}

export const badRequest = (message: string) => new GraphFault(400, 'Request_BadRequest', message);

/** The error of the OData layer in front of the directory, which has a code of its own. */
export const badQuery = (message: string) => new GraphFault(400, 'BadRequest', message);

export const unsupportedQuery = (message: string) => new GraphFault(400, 'Request_UnsupportedQuery', message);

export const notFound = (what: string) =>
  new GraphFault(
    404,
    'Request_ResourceNotFound',
    `Resource '${what}' does not exist or one of its queried reference-property objects are not present.`,
  );

export const denied = (message = 'Insufficient privileges to complete the operation.') =>
  new GraphFault(403, 'Authorization_RequestDenied', message);

export const invalidProperty = (name: string) => badRequest(`Invalid property '${name}'.`);

export const invalidValue = (name: string, resource: string) =>
  new GraphFault(400, 'Request_BadRequest', `Invalid value specified for property '${name}' of resource '${resource}'.`, {
    details: [
      {
        code: 'InvalidValue',
        target: name,
        message: `Invalid value specified for property '${name}' of resource '${resource}'.`,
      },
    ],
  });

export const valueRequired = (name: string, resource: string) =>
  badRequest(`A value is required for property '${name}' of resource '${resource}'.`);

export const readOnly = (name: string) => badRequest(`Property '${name}' is read-only and cannot be set.`);

export const conflict = (name: string) => {
  const message = `Another object with the same value for property ${name} already exists.`;
  return new GraphFault(400, 'Request_BadRequest', message, {
    details: [{ code: 'ObjectConflict', target: name, message }],
  });
};

/** The refusal of whatever an on-premises directory masters. */
export const onPremisesMastered = () =>
  badRequest(
    'Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.',
  );

export const alreadyReferenced = (property: string) =>
  badRequest(`One or more added object references already exist for the following modified properties: '${property}'.`);

export const unauthenticated = (message: string) =>
  new GraphFault(401, 'InvalidAuthenticationToken', message, {
    headers: {
      'WWW-Authenticate': `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000"`,
    },
  });
