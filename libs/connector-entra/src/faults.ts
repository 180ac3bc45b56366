import { Fault, bareCause, scrub } from '@muster/connector';
import type { FaultKind } from '@muster/connector';
import { isWire } from './properties.ts';

/** What was tried, for the words of a fault: ids of objects and names of fields, never values. */
export interface Attempt {
  connection: string;
  what: string;
  write: boolean;
  /** Whether the request left. */
  sent: boolean;
  /** A permission that this needs is known to be missing. */
  permissionMissing?: boolean;
  values?: readonly unknown[];
  retryAfter?: number | undefined;
}

/** An error as Graph tells it, alone or inside a batch. */
export interface GraphAnswer {
  status: number;
  code: string;
  message: string;
  requestId?: string | undefined;
  /** Properties named in `details`. */
  targets: string[];
  detailCodes: string[];
}

/** Reads the `error` object of an answer; whatever is not one gives empty words. */
export const graphAnswer = (status: number, error: unknown): GraphAnswer => {
  const wire = isWire(error) ? error : {};
  const details = (Array.isArray(wire['details']) ? wire['details'] : []).filter(isWire);
  const inner = isWire(wire['innerError']) ? wire['innerError'] : {};
  return {
    status,
    code: typeof wire['code'] === 'string' ? wire['code'] : '',
    message: typeof wire['message'] === 'string' ? wire['message'] : '',
    requestId: typeof inner['request-id'] === 'string' ? inner['request-id'] : undefined,
    targets: details.flatMap(({ target }) => (typeof target === 'string' ? [target] : [])),
    detailCodes: details.flatMap(({ code }) => (typeof code === 'string' ? [code] : [])),
  };
};

interface Verdict {
  code: string;
  kind: FaultKind;
  says: string;
  remedy: string;
}

const lost = (attempt: Attempt): Verdict =>
  attempt.write && attempt.sent
    ? {
        code: 'effect.answer_lost',
        kind: 'unknown',
        says: 'gave no usable answer, so nobody knows whether it was done',
        remedy: 'Nothing to do: the object is looked up before anything is sent again.',
      }
    : {
        code: 'target.unavailable',
        kind: 'transient',
        says: 'did not answer',
        remedy: `Nothing to do: it is tried again. If it lasts, look at ${attempt.connection}.`,
      };

const forbidden = (attempt: Attempt): Verdict =>
  attempt.write && !attempt.permissionMissing
    ? {
        code: 'target.object_protected',
        kind: 'refused',
        says: 'does not let this credential do that to this object',
        remedy: 'The object may hold a privileged role: a person with more rights has to do it, so open a ticket.',
      }
    : {
        code: 'target.permission_missing',
        kind: 'unauthorised',
        says: 'refused it for lack of permission',
        remedy: `Grant the missing application permission to the client of ${attempt.connection}, with admin consent.`,
      };

/** How Graph words that something else owns what was to be written, and where to write it instead. */
const MASTERED: readonly [RegExp, string][] = [
  [/on-premises mastered|Directory Sync/i, 'in the on-premises directory that masters this object'],
  [/dynamic/i, 'in the rule that makes the members of this group'],
  [/mail-enabled|distribution list|Exchange/i, 'in Exchange, which masters this object'],
];

const refusal = (answer: GraphAnswer, attempt: Attempt): Verdict => {
  if (answer.detailCodes.includes('ObjectConflict')) {
    return {
      code: 'target.conflict',
      kind: 'refused',
      says: `already holds an object with the same ${answer.targets.join(', ') || 'key'}`,
      remedy: 'See the case that was opened; link the account if it is this person, else free the value.',
    };
  }
  const words = scrub(answer.message, attempt.values ?? []);
  const says = `refused it (${answer.code || answer.status}${words === '' ? '' : `: ${words}`})`;
  const master = MASTERED.find(([pattern]) => pattern.test(answer.message))?.[1];
  if (master !== undefined) return { code: 'target.not_writable', kind: 'refused', says, remedy: `Change it ${master}.` };
  const field = answer.targets.length > 0 ? answer.targets.slice(0, 20).join(', ') : 'the value';
  return { code: 'target.value_refused', kind: 'refused', says, remedy: `Correct ${field} in its source or in the mapping.` };
};

const verdictOf = (answer: GraphAnswer, attempt: Attempt): Verdict => {
  switch (answer.status) {
    case 401:
      return {
        code: 'connection.unauthorised',
        kind: 'unauthorised',
        says: 'refused the token',
        remedy: `Check the client of ${attempt.connection} and start again.`,
      };
    case 403:
      return forbidden(attempt);
    case 404:
      return {
        code: 'target.not_found',
        kind: 'refused',
        says: 'does not know the object',
        remedy: 'Nothing to do if it was deleted there: the next read records it.',
      };
    case 429:
      return {
        code: 'target.throttled',
        kind: 'throttled',
        says: 'asks to slow down',
        remedy: `Nothing to do: calls go on when it said. If it lasts, lower the budget of ${attempt.connection}.`,
      };
    case 424:
      return {
        code: 'target.unavailable',
        kind: 'transient',
        says: 'left it out, as something before it failed',
        remedy: 'Nothing to do: it is tried again.',
      };
    default:
      return answer.status >= 500 || answer.status < 400 || answer.status === 408 ? lost(attempt) : refusal(answer, attempt);
  }
};

/** The fault behind an answer with an error status, of a request or of one inside a batch. */
export const answered = (answer: GraphAnswer, attempt: Attempt): Fault => {
  const verdict = verdictOf(answer, attempt);
  return new Fault({
    code: verdict.code,
    kind: verdict.kind,
    message: `${attempt.connection} ${verdict.says}: ${attempt.what}`,
    remedy: verdict.remedy,
    ...(verdict.kind === 'throttled' && attempt.retryAfter !== undefined ? { retryAfter: attempt.retryAfter } : {}),
    vendorCode: answer.detailCodes[0] ?? (answer.code === '' ? `HTTP ${answer.status}` : answer.code),
    ...(answer.requestId === undefined ? {} : { requestId: answer.requestId }),
  });
};

const NEVER_CONNECTED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT']);

const codeOf = (error: unknown): string => (typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '');

/** The fault behind a request that got no answer. */
export const unanswered = (error: unknown, attempt: Attempt): Fault => {
  const code = codeOf(error);
  const untrusted = code.includes('CERT') || code.includes('UNABLE_TO_VERIFY');
  const verdict = lost({ ...attempt, sent: attempt.sent && !untrusted && !NEVER_CONNECTED.has(code) });
  return new Fault({
    code: verdict.code,
    kind: verdict.kind,
    message: `${attempt.connection} ${verdict.says}: ${attempt.what}`,
    remedy: untrusted ? `The certificate of ${attempt.connection} is not trusted here: set NODE_EXTRA_CA_CERTS.` : verdict.remedy,
    vendorCode: code,
    cause: bareCause(error),
  });
};
