import { codesOfEdges } from './codes-of-edges.ts';
import { entry, type ErrorCodeEntry } from './code-entry.ts';

export type { ErrorCodeEntry, ErrorKind } from './code-entry.ts';

/** The registry of error codes. A code never changes its meaning and is never removed; contracts/errors.md is generated from here. */
export const codes = {
  'auth.token_invalid': entry(
    'The bearer token is not valid',
    'unauthorised',
    401,
    'Send the token of {file} as "Authorization: Bearer ...".',
  ),
  'auth.token_missing': entry(
    'No credential was sent',
    'unauthorised',
    401,
    'Send "Authorization: Bearer ..."; the launcher wrote the token to {file}.',
  ),
  'auth.not_allowed': entry('This credential may not do that', 'unauthorised', 403, 'Use a credential that is made for {purpose}.'),
  'config.invalid': entry('The settings are not valid', 'invalid', 500, 'Correct every setting that is named, then start again.'),
  'connection.permission_missing': entry(
    'The credential lacks a permission',
    'unauthorised',
    502,
    'Grant {permission} to the credential of {connection}; until then nothing is concluded from what it cannot see.',
  ),
  'connection.quarantined': entry(
    'The connection is quarantined after repeated failures',
    'refused',
    503,
    'See `muster status`; mend {connection} and release it from quarantine.',
  ),
  'connection.unauthorised': entry(
    'The target refused the credential',
    'unauthorised',
    502,
    'Renew the credential of {connection} and start again.',
  ),
  'connection.unknown': entry(
    'There is no connection of that name',
    'not_found',
    404,
    'Name one of the connections that `muster status` lists.',
  ),
  'contract.data_invalid': entry(
    'The data does not match its schema',
    'invalid',
    422,
    'Correct every field that is named; the schema is {schema}.',
  ),
  'contract.envelope_invalid': entry(
    'A message has missing or wrong headers',
    'bug',
    422,
    'Whoever produced it must send the CloudEvents headers of the AsyncAPI document.',
  ),
  'contract.type_unknown': entry(
    'There is no event type of that name',
    'bug',
    422,
    'Use a type of the catalogue, or add its schema and generate.',
  ),
  'effect.answer_lost': entry(
    'A call was sent and its answer was lost',
    'unknown',
    502,
    'Nothing to do: the object is looked up before anything is sent again.',
  ),
  'effect.superseded': entry('The wish no longer stood when its turn came', 'conflict', 409, 'Nothing to do: the newer plan replaces it.'),
  'flow.expression_invalid': entry(
    'A mapping expression is not valid',
    'invalid',
    422,
    'Correct {file}:{line}; the message says what was expected.',
  ),
  'flow.invalid': entry('A flow document is not valid', 'invalid', 422, 'Correct {file}:{line}; the message says what was expected.'),
  'hook.sender_unproven': entry(
    'Whoever called did not prove to be the vendor',
    'unauthorised',
    401,
    'Have the vendor send the secret that the connection file names for its hooks.',
  ),
  'http.body_too_large': entry('The request is too large', 'invalid', 413, 'Send at most {limit}.'),
  'http.not_found': entry('There is nothing at this address', 'not_found', 404, 'Check the address and the id.'),
  'http.request_invalid': entry('The request is not valid', 'invalid', 400, 'Correct every field that is named.'),
  'internal.bug': entry(
    'Muster failed in a way that it should not',
    'bug',
    500,
    'Report it with the correlation id {correlationId}; the input is kept in the dead letters.',
  ),
  'limit.approval_needed': entry(
    'This always waits for a person',
    'refused',
    409,
    'Look at the run with `muster runs {run}`, then approve or refuse it by its hash.',
  ),
  'limit.collecting': entry(
    'What people are to lose is being counted',
    'transient',
    409,
    'Nothing to do: it is judged as soon as everybody concerned has been planned. `muster runs {run}` shows how far that is.',
  ),
  'limit.exceeded': entry(
    'More people than the limit lets through at once would be affected',
    'refused',
    409,
    'Look at the run with `muster runs {run}`. Correct the cause, or approve the run, whole or in part, by its hash.',
  ),
  'limit.refused': entry(
    'A person refused this',
    'refused',
    409,
    'Nothing to do if it is not wanted: change what asks for it. Otherwise `muster run --person` asks anew.',
  ),
  'object.unknown': entry(
    'No group or app is known by that name',
    'not_found',
    404,
    'Ask by the exact name, a former name, or the id in its system. A group that has just been made is known after the next read.',
  ),
  'person.ambiguous': entry(
    'Several people match',
    'conflict',
    409,
    'Ask again with one of the identity ids that are listed, or with the employee number.',
  ),
  'person.unknown': entry(
    'Nobody is known by that name',
    'not_found',
    404,
    'Ask by identity id, employee number, login, work email, exact display name or account id. A person who has just been pushed is known after a moment.',
  ),
  'record.invalid': entry(
    'A record of the HR system states no worker',
    'refused',
    422,
    'Correct {field} of {record} in the HR system, or the field map of {connection}; the next read takes it then.',
  ),
  'record.manager_unknown': entry(
    'The manager is not known yet',
    'conflict',
    409,
    'Nothing to do if the manager is still to arrive; else correct manager.value in the HR system.',
  ),
  'record.too_many_operations': entry(
    'A bulk request holds too many operations',
    'invalid',
    413,
    'Send at most {limit} operations in one request.',
  ),
  'run.closed': entry(
    'Nothing of this run waits any more',
    'conflict',
    409,
    'Nothing to do. `muster run --person` asks anew for chosen people.',
  ),
  'run.hash_differs': entry(
    'The hash is not that of the run',
    'conflict',
    409,
    'Look at the run again with `muster runs {run}` and answer with the hash that stands there.',
  ),
  'run.not_sealed': entry(
    'The run is still being collected',
    'conflict',
    409,
    'Wait until it is sealed: `muster runs {run}` shows its hash then.',
  ),
  'run.part_empty': entry(
    'Nothing of the run fits this part',
    'invalid',
    422,
    'Name connections, actions and people that `muster runs {run}` lists.',
  ),
  'service.unavailable': entry('A service does not answer', 'transient', 503, 'See `muster status`; start {service} again.'),
  'store.revision_conflict': entry('Somebody else wrote to the stream first', 'conflict', 409, 'Read again, decide again, append again.'),
  'store.timeout': entry(
    'The event store did not answer in time',
    'transient',
    503,
    'Nothing to do: it is tried again. If it lasts, look at the store.',
  ),
  'store.unavailable': entry(
    'The event store cannot be reached',
    'transient',
    503,
    'Nothing to do: it is tried again. If it lasts, look at the store.',
  ),
  'database.unavailable': entry(
    'The database cannot be reached',
    'transient',
    503,
    'Nothing to do: it is tried again. If it lasts, look at PostgreSQL.',
  ),
  'keyring.master_key_invalid': entry(
    'The master key cannot open the key ring',
    'unauthorised',
    500,
    'Put back the master key file that the key ring was made with: {file}.',
  ),
  'broker.unavailable': entry(
    'Kafka cannot be reached',
    'transient',
    503,
    'Nothing to do: it is tried again. If it lasts, look at the brokers.',
  ),
  'target.conflict': entry(
    'The target already holds an object with this key',
    'refused',
    409,
    'See the case that was opened; link the account if it is this person, else free the value.',
  ),
  'target.not_found': entry(
    'The target does not know the object',
    'refused',
    404,
    'Nothing to do if it was deleted there: the next read records it.',
  ),
  'target.not_writable': entry(
    'The target does not let this attribute be written',
    'refused',
    422,
    'Change {field} where {connection} masters it, or take it out of the flow.',
  ),
  'target.permission_missing': entry(
    'The target refused the call for lack of permission',
    'unauthorised',
    403,
    'Grant {permission} to the credential of {connection}.',
  ),
  'target.throttled': entry(
    'The target asks to slow down',
    'throttled',
    429,
    'Nothing to do: calls go on when the target said. If it lasts, lower the budget of {connection}.',
  ),
  'target.unavailable': entry(
    'The target does not answer',
    'transient',
    503,
    'Nothing to do: it is tried again. If it lasts, look at {connection}.',
  ),
  'target.value_refused': entry(
    'The target refused a value',
    'refused',
    422,
    'Correct {field} in its source or in the mapping; the target said why.',
  ),
  ...codesOfEdges,
} as const satisfies Record<string, ErrorCodeEntry>;

export type ErrorCode = keyof typeof codes;

/** The remedy of a code with its places filled; a place without a value keeps its name in words. */
export const remedyOf = (code: ErrorCode, values: Readonly<Record<string, string | number>> = {}): string =>
  codes[code].remedy.replaceAll(/\{(\w+)\}/g, (_, name: string) => (Object.hasOwn(values, name) ? String(values[name]) : `the ${name}`));

/** An answer of RFC 9457, media type `application/problem+json`. */
export interface ProblemDetails {
  type: string;
  title: string;
  status: number;
  code: ErrorCode;
  remedy: string;
  detail?: string;
  instance?: string;
  problems?: { record?: string; field?: string; message: string }[];
}

/** Makes the answer for a code. `detail`, `problems` and `values` must hold no secret and no personal data. */
export const problemDetails = (
  code: ErrorCode,
  occurrence: Pick<ProblemDetails, 'detail' | 'instance' | 'problems'> & { values?: Readonly<Record<string, string | number>> } = {},
): ProblemDetails => {
  const { values, ...rest } = occurrence;
  return {
    type: `urn:muster:error:${code}`,
    title: codes[code].title,
    status: codes[code].status,
    code,
    remedy: remedyOf(code, values),
    ...rest,
  };
};
