import { describe, expect, it } from '@jest/globals';
import { codes, problemDetails, remedyOf, validateData } from './index.ts';

describe('the registry of error codes', () => {
  it.each(Object.entries(codes))(
    '%s has a name of its own form, a title, a remedy in whole sentences and a status',
    (code, { title, remedy, status }) => {
      expect(code).toMatch(/^[a-z]+\.[a-z]+(_[a-z]+)*$/);
      expect(title).toMatch(/^[A-Z].*[^.]$/);
      expect(remedy).toMatch(/\.$/);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(600);
    },
  );
});

describe('a remedy', () => {
  it('names what it is about', () => {
    expect(remedyOf('connection.permission_missing', { permission: 'okta.groups.read', connection: 'okta-main' })).toContain(
      'Grant okta.groups.read to the credential of okta-main;',
    );
  });

  it('stays readable when a value is not known', () => {
    expect(remedyOf('connection.unauthorised')).toBe('Renew the credential of the connection and start again.');
  });

  it('takes no value from what every object inherits', () => {
    expect(remedyOf('connection.unauthorised', Object.create({ connection: 'inherited' }) as Record<string, string>)).not.toContain(
      'inherited',
    );
  });
});

it('problem details are what their schema promises', () => {
  const answer = problemDetails('http.request_invalid', {
    detail: '1 field.',
    instance: '/scim/v2/Bulk',
    problems: [{ record: '1', field: '/name', message: 'Add the field.' }],
  });
  expect(validateData('Problem', answer)).toEqual([]);
  expect(answer).toMatchObject({ type: 'urn:muster:error:http.request_invalid', status: 400, code: 'http.request_invalid' });
});
