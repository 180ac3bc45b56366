import { describe, expect, it } from '@jest/globals';
import { createLogger } from './logger.ts';

const SECRET = 'correct horse battery staple';

function logged(...what: Parameters<ReturnType<typeof createLogger>['info']>): string {
  const lines: string[] = [];
  createLogger('reconciliation', 'trace', { write: (line: string) => void lines.push(line) }).info(...what);
  return lines.join('');
}

const names = ['authorization', 'password', 'token', 'secret', 'clientSecret', 'privateKey', 'credential'];
const personal = ['record', 'profile', 'attributes', 'value', 'login'];

describe('a log line', () => {
  it('is one JSON object with the service, the level and what was said', () => {
    expect(JSON.parse(logged({ connection: 'okta-main', attempts: 3 }, 'tried again'))).toMatchObject({
      name: 'reconciliation',
      connection: 'okta-main',
      attempts: 3,
      msg: 'tried again',
    });
  });

  it.each([...names, ...personal])('never shows %s, however deep it lies', (name) => {
    for (const depth of [0, 1, 2, 3]) {
      let what: object = { [name]: SECRET, kept: 'yes' };
      for (let level = 0; level < depth; level += 1) what = { inside: what };
      const line = logged(what, 'a call failed');
      expect(line).toContain('"kept":"yes"');
      expect(line).not.toContain(SECRET);
      expect(line).toContain('[redacted]');
    }
  });

  it('shows an error with its cause, but not the request that it carries', () => {
    const error = Object.assign(new Error('the target said no'), { request: { headers: { authorization: `Bearer ${SECRET}` } } });
    const line = logged({ err: error }, 'a call failed');
    expect(line).toContain('the target said no');
    expect(line).not.toContain(SECRET);
  });
});
