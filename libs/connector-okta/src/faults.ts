import { Fault, bareCause, scrub } from '@muster/connector';
import type { FaultKind } from '@muster/connector';

/** What was tried, for the words of a fault. No personal data: ids of objects, names of fields. */
export interface Attempt {
  connection: string;
  /** `read account 00u1`, `set department of account 00u1` */
  what: string;
  write: boolean;
  /** Whether the request left. */
  sent: boolean;
  /** Values that were sent, to be kept out of messages. */
  values?: readonly unknown[];
  retryAfter?: number | undefined;
}

interface OktaError {
  status: number;
  errorCode?: string;
  errorId?: string;
  errorCauses?: { errorSummary?: string }[];
  headers?: { get(name: string): string | null };
}

/** Whether Okta (or something in front of it) answered with an error status. */
export const isOktaError = (error: unknown): error is OktaError =>
  typeof error === 'object' && error !== null && 'status' in error && typeof error.status === 'number';

const NEVER_CONNECTED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT_CONNECT']);

const codeOf = (error: unknown): string => (typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '');

const isCertificate = (code: string): boolean => code.includes('CERT') || code.includes('UNABLE_TO_VERIFY');

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

const fieldsIn = (error: OktaError): string[] =>
  (error.errorCauses ?? []).flatMap(({ errorSummary }) => /^([\w.]{1,64}):/.exec(errorSummary ?? '')?.[1] ?? []).slice(0, 20);

const wordsOf = (error: OktaError, values: readonly unknown[]): string =>
  scrub((error.errorCauses ?? []).map(({ errorSummary }) => errorSummary ?? '').join('; '), values);

const isTaken = (error: OktaError): boolean =>
  (error.errorCauses ?? []).some(({ errorSummary }) => /^login: .*already exists/.test(errorSummary ?? ''));

const refusal = (error: OktaError, attempt: Attempt): Verdict => {
  if (isTaken(error)) {
    return {
      code: 'target.conflict',
      kind: 'refused',
      says: 'already holds an account with this login',
      remedy: 'See the case that was opened; link the account if it is this person, else free the login.',
    };
  }
  const fields = fieldsIn(error);
  const words = wordsOf(error, attempt.values ?? []);
  const field = fields.length > 0 ? fields.join(', ') : 'the value';
  return {
    code: 'target.value_refused',
    kind: 'refused',
    says: `refused it (${error.errorCode ?? error.status}${words === '' ? '' : `: ${words}`})`,
    remedy: `Correct ${field} in its source or in the mapping.`,
  };
};

const forbidden = (error: OktaError, attempt: Attempt): Verdict => {
  const scope = error.headers?.get('www-authenticate')?.includes('insufficient_scope') ?? false;
  if (scope || !attempt.write) {
    return {
      code: 'target.permission_missing',
      kind: 'unauthorised',
      says: 'refused it for lack of permission',
      remedy: `Grant the missing scope or admin role to the credential of ${attempt.connection}.`,
    };
  }
  return {
    code: 'target.object_protected',
    kind: 'refused',
    says: 'does not let this credential do that to this object',
    remedy: 'A person with more rights has to do it: open a ticket, or grant an admin role that covers the object.',
  };
};

/** The lifecycle of an account takes its time, and refuses writes meanwhile. */
const busy = (attempt: Attempt): Verdict => ({
  code: 'target.unavailable',
  kind: 'transient',
  says: 'is still busy with the lifecycle of this account',
  remedy: `Nothing to do: it is tried again. If it lasts, look at the account in ${attempt.connection}.`,
});

const verdictOf = (error: OktaError, attempt: Attempt): Verdict => {
  switch (error.status) {
    case 401:
      return {
        code: 'connection.unauthorised',
        kind: 'unauthorised',
        says: 'refused the credential',
        remedy: `Renew the credential of ${attempt.connection} and start again.`,
      };
    case 403:
      return forbidden(error, attempt);
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
    default:
      if (error.errorCode === 'E0000112') return busy(attempt);
      return error.status >= 500 || error.status < 400 || error.status === 408 ? lost(attempt) : refusal(error, attempt);
  }
};

/**
 * Turns whatever a call threw into a Fault. A write whose request left and whose answer is missing, cut or a 5xx is `unknown`: Okta may
 * have done it. What the error quotes stays behind.
 */
export const toFault = (error: unknown, attempt: Attempt): Fault => {
  if (error instanceof Fault) return error;
  return isOktaError(error) ? answered(error, attempt) : unanswered(error, attempt);
};

const answered = (error: OktaError, attempt: Attempt): Fault => {
  const verdict = verdictOf(error, attempt);
  return new Fault({
    code: verdict.code,
    kind: verdict.kind,
    message: `${attempt.connection} ${verdict.says}: ${attempt.what}`,
    remedy: verdict.remedy,
    ...(verdict.kind === 'throttled' && attempt.retryAfter !== undefined ? { retryAfter: attempt.retryAfter } : {}),
    vendorCode: error.errorCode ?? `HTTP ${error.status}`,
    ...(error.errorId === undefined ? {} : { requestId: error.errorId }),
  });
};

const unanswered = (error: unknown, attempt: Attempt): Fault => {
  const code = codeOf(error);
  const untrusted = isCertificate(code);
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
