import { describe, expect, it } from '@jest/globals';
import { answered, graphAnswer, unanswered } from './faults.ts';
import type { Attempt } from './faults.ts';
import { tokenFault } from './tokens.ts';

const read: Attempt = { connection: 'entra-main', what: 'read account 1', write: false, sent: true };
const write: Attempt = { connection: 'entra-main', what: 'set city of account 1', write: true, sent: true };
const error = (code: string, message = '', more: object = {}) => ({ code, message, ...more });
const network = (code: string) => Object.assign(new Error('failed'), { code });

describe('an answer of Graph', () => {
  it.each([
    ['401 refuses the token', 401, error('InvalidAuthenticationToken'), read, 'unauthorised', 'connection.unauthorised'],
    ['403 on a read is a missing permission', 403, error('Authorization_RequestDenied'), read, 'unauthorised', 'target.permission_missing'],
    ['403 on a write is about the object', 403, error('Authorization_RequestDenied'), write, 'refused', 'target.object_protected'],
    ['404 does not know the object', 404, error('Request_ResourceNotFound'), write, 'refused', 'target.not_found'],
    [
      '400 refuses the value',
      400,
      error('Request_BadRequest', "Invalid value specified for property 'usageLocation'"),
      write,
      'refused',
      'target.value_refused',
    ],
    ['424 in a batch was not tried', 424, error('FailedDependency'), write, 'transient', 'target.unavailable'],
    ['504 on a write may have been done', 504, undefined, write, 'unknown', 'effect.answer_lost'],
    ['502 on a read is tried again', 502, '<html>', read, 'transient', 'target.unavailable'],
    ['200 that cannot be read on a write may have been done', 200, undefined, write, 'unknown', 'effect.answer_lost'],
  ] as const)('%s', (_, status, body, attempt, kind, code) => {
    expect(answered(graphAnswer(status, body), attempt)).toMatchObject({ kind, code });
  });

  it('403 on a write for which a permission is known to be missing needs a person', () => {
    expect(answered(graphAnswer(403, error('Authorization_RequestDenied')), { ...write, permissionMissing: true })).toMatchObject({
      kind: 'unauthorised',
    });
  });

  it('about an object that an on-premises directory masters says where to change it', () => {
    const fault = answered(
      graphAnswer(
        400,
        error('Request_BadRequest', 'Unable to update the specified properties for on-premises mastered Directory Sync objects'),
      ),
      write,
    );
    expect(fault).toMatchObject({ code: 'target.not_writable', kind: 'refused' });
    expect(fault.remedy).toContain('on-premises');
  });

  it('names the property and keeps values out of its words', () => {
    const body = error('Request_BadRequest', "Value 'Gdynia' of ann@example.com is wrong", {
      details: [{ code: 'InvalidValue', target: 'city' }],
    });
    const fault = answered(graphAnswer(400, body), { ...write, values: ['Gdynia'] });
    expect(fault.remedy).toContain('city');
    expect(fault.message).not.toMatch(/Gdynia|ann@example/);
  });
});

describe('a request without an answer', () => {
  it.each([
    ['that left and was a write may have been done', network('ECONNRESET'), write, 'unknown'],
    ['that timed out and was a write may have been done', new DOMException('The operation was aborted', 'TimeoutError'), write, 'unknown'],
    ['that never connected was not done', network('ECONNREFUSED'), write, 'transient'],
    ['that never left was not done', network('ECONNRESET'), { ...write, sent: false }, 'transient'],
    ['that was a read is tried again', network('ECONNRESET'), read, 'transient'],
  ])('%s', (_, thrown, attempt, kind) => {
    expect(unanswered(thrown, attempt)).toMatchObject({ kind });
  });
});

describe('a token request', () => {
  it('that names an AADSTS code needs a person; without one, or for an outage, it is tried again', () => {
    expect(tokenFault(new Error('invalid_client: AADSTS7000215: Invalid client secret'), 'e')).toMatchObject({
      kind: 'unauthorised',
      vendorCode: 'AADSTS7000215',
    });
    expect(tokenFault(new Error('AADSTS90033: A transient error'), 'e')).toMatchObject({ kind: 'transient' });
    expect(tokenFault(network('ECONNREFUSED'), 'e')).toMatchObject({ kind: 'transient' });
    expect(tokenFault(Object.assign(new Error('too many'), { statusCode: 429 }), 'e')).toMatchObject({ kind: 'throttled' });
  });
});
