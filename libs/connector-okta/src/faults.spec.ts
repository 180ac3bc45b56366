import { describe, expect, it } from '@jest/globals';
import { toFault } from './faults.ts';
import type { Attempt } from './faults.ts';

const read: Attempt = { connection: 'okta-main', what: 'read account 00u1', write: false, sent: true };
const write: Attempt = { connection: 'okta-main', what: 'set department of account 00u1', write: true, sent: true };
const noHeaders: { get(name: string): string | null } = { get: () => null };
const answer = (status: number, errorCode: string, causes: string[] = [], headers = noHeaders) => ({
  status,
  errorCode,
  errorId: 'oae1',
  errorCauses: causes.map((errorSummary) => ({ errorSummary })),
  headers,
});
const network = (code: string) => Object.assign(new Error('request to https://org/api failed'), { code });

describe('a failed call', () => {
  it.each([
    ['a wrong credential needs a person', answer(401, 'E0000011'), read, 'unauthorised', 'connection.unauthorised'],
    ['a read that is forbidden needs a person', answer(403, 'E0000006'), read, 'unauthorised', 'target.permission_missing'],
    ['a write that is forbidden concerns that object only', answer(403, 'E0000006'), write, 'refused', 'target.object_protected'],
    ['an object that is not there is refused', answer(404, 'E0000007'), write, 'refused', 'target.not_found'],
    ['too many calls are throttled', answer(429, 'E0000047'), write, 'throttled', 'target.throttled'],
    [
      'a value that Okta does not take is refused',
      answer(400, 'E0000001', ['department: too long']),
      write,
      'refused',
      'target.value_refused',
    ],
    ['an account that is not fully provisioned yet is tried again', answer(400, 'E0000112'), write, 'transient', 'target.unavailable'],
    ['a read without an answer is tried again', answer(503, ''), read, 'transient', 'target.unavailable'],
    ['a write that ended with 500 may have been done', answer(500, 'E0000009'), write, 'unknown', 'effect.answer_lost'],
    ['a write that ended with 504 may have been done', answer(504, ''), write, 'unknown', 'effect.answer_lost'],
    ['a write whose connection broke may have been done', network('ECONNRESET'), write, 'unknown', 'effect.answer_lost'],
    [
      'a write whose answer could not be read may have been done',
      new SyntaxError('Unexpected end of JSON input'),
      write,
      'unknown',
      'effect.answer_lost',
    ],
    ['a write that never reached Okta was not done', network('ECONNREFUSED'), write, 'transient', 'target.unavailable'],
    ['a write that never left was not done', network('ECONNRESET'), { ...write, sent: false }, 'transient', 'target.unavailable'],
    [
      'a certificate that is not trusted stops before the write',
      network('SELF_SIGNED_CERT_IN_CHAIN'),
      write,
      'transient',
      'target.unavailable',
    ],
  ] as const)('%s', (_, error, attempt, kind, code) => {
    expect(toFault(error, attempt)).toMatchObject({ kind, code });
  });

  it('for want of a scope needs a person, though it was a write', () => {
    const scope = { get: () => 'Bearer error="insufficient_scope", scope="okta.users.manage"' };
    expect(toFault(answer(403, 'E0000006', [], scope), write)).toMatchObject({ kind: 'unauthorised' });
  });

  it('names the field and what was tried, and no value that was sent', () => {
    const fault = toFault(answer(400, 'E0000001', ["login: 'ann@example.com' is taken", 'department: Sales North is unknown']), {
      ...write,
      values: ['Sales North', 'ann@example.com'],
    });
    expect(fault.message).toContain('set department of account 00u1');
    expect(fault.remedy).toContain('login, department');
    expect(`${fault.message} ${fault.remedy}`).not.toMatch(/Sales North|ann@example.com/);
  });

  it('keeps the wait that Okta asked for, and its own request id', () => {
    expect(toFault(answer(429, 'E0000047'), { ...write, retryAfter: 4000 })).toMatchObject({
      retryAfter: 4000,
      requestId: 'oae1',
      vendorCode: 'E0000047',
    });
  });
});
