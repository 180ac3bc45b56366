import { describe, expect, it } from '@jest/globals';
import { catalogue, isData, isEventType, personalFields, redacted, schemaOf, validateData, validateEvent } from './index.ts';

const read = { readId: 'r', kind: 'fetch', startedAt: '2026-03-02T08:15:04Z' };
const account = {
  connection: 'okta-main',
  accountId: '00u1',
  profile: { login: 'zoe.zak' },
  status: 'ACTIVE',
  enabled: true,
  aspects: ['profile'],
  read,
};
const worker = {
  schemas: [],
  externalId: '1',
  name: { givenName: 'Zoë', familyName: 'Żak' },
  'urn:muster:scim:schemas:extension:worker:1.0:User': { hireDate: '2026-03-02', status: 'active' },
};

describe('a problem', () => {
  it('says where, what was expected, what was found and what to do', () => {
    expect(validateEvent('AccountObserved', { ...account, enabled: 'yes' })).toEqual([
      { pointer: '/enabled', keyword: 'type', expected: 'a boolean', found: 'a string', remedy: 'Give a boolean.' },
    ]);
  });

  it('points to the field that is missing or should not be there', () => {
    const { accountId: _, ...rest } = account;
    expect(validateEvent('AccountObserved', { ...rest, 'a/b~c': 1 })).toEqual([
      { pointer: '/accountId', keyword: 'required', expected: 'a value', found: 'nothing', remedy: 'Add the field.' },
      {
        pointer: '/a~1b~0c',
        keyword: 'additionalProperties',
        expected: 'no such field',
        found: 'a number',
        remedy: 'Leave the field out, or correct its name.',
      },
    ]);
  });

  it('names all alternatives once where none fits', () => {
    expect(validateData('WorkerRecord', { ...worker, title: 5 })).toEqual([
      { pointer: '/title', keyword: 'anyOf', expected: 'a string or null', found: 'a number', remedy: 'Give a string or null.' },
    ]);
  });

  it('follows the alternative that was meant', () => {
    const problems = validateData('WorkerRecord', {
      ...worker,
      'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User': { manager: { value: 17 } },
    });
    expect(problems.map(({ pointer, expected }) => [pointer, expected])).toEqual([
      ['/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User/manager/value', 'a string'],
    ]);
  });

  it('never repeats a value of the data', () => {
    const secret = 'canary-4711';
    const problems = validateEvent('AccountObserved', {
      ...account,
      connection: `${secret}!`,
      status: { secret },
      aspects: [secret],
      read: { ...read, startedAt: secret, kind: secret },
    });
    expect(problems.length).toBeGreaterThanOrEqual(5);
    expect(JSON.stringify(problems)).not.toContain(secret);
  });

  it('is one of at most fifty, however wrong the input', () => {
    const profile = Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`field${index}`, { deep: index }]));
    const before = performance.now();
    expect(validateEvent('AccountObserved', { ...account, profile })).toHaveLength(50);
    expect(performance.now() - before).toBeLessThan(5000);
  });

  it.each([null, undefined, 'text', 7, []])('is found when the data is %p', (data) => {
    expect(validateEvent('AccountObserved', data).map(({ pointer, expected }) => [pointer, expected])).toEqual([['', 'an object']]);
  });
});

describe('the data of an erased subject', () => {
  const { profile: _, ...erased } = account;
  it('may lack its personal fields', () => {
    expect(validateEvent('AccountObserved', erased, { erased: true })).toEqual([]);
    expect(validateEvent('AccountObserved', erased)).toHaveLength(1);
  });

  it('may lack nothing else', () => {
    const { status: __, ...rest } = erased;
    expect(validateEvent('AccountObserved', rest, { erased: true }).map(({ pointer }) => pointer)).toEqual(['/status']);
  });
});

describe('the catalogue', () => {
  it('knows the personal fields, the schema and the streams of a type', () => {
    expect(personalFields('WorkerRecorded')).toEqual(['workerKey', 'record']);
    expect(schemaOf('WorkerRecorded')).toBe('muster:source/worker-recorded.v1');
    expect(catalogue.get('EntitlementObserved')?.streams).toEqual(['account', 'group']);
  });

  it('knows nothing of other types', () => {
    expect(personalFields('toString')).toEqual([]);
    expect([isEventType('toString'), isEventType('WorkerRecord'), isEventType('WorkerRecorded')]).toEqual([false, false, true]);
    expect(validateEvent('Nonsense', {})).toMatchObject([{ keyword: 'type name', found: '"Nonsense"' }]);
  });
});

it('isData tells valid data and types it', () => {
  const data: unknown = account;
  expect(isData('AccountObserved', data) && data.accountId).toBe('00u1');
  expect(isData('AccountObserved', { ...account, enabled: 1 })).toBe(false);
});

describe('redacted data', () => {
  it('holds no personal field in clear and changes nothing else', () => {
    expect(redacted('AccountObserved', account)).toEqual({ ...account, profile: '[personal]' });
    expect(account.profile).toEqual({ login: 'zoe.zak' });
  });

  it('gains no field that was absent', () => {
    expect(redacted('CommandEnded', { result: 'done' })).toEqual({ result: 'done' });
  });
});
