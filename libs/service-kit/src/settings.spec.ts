import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { SettingsError } from './environment.ts';
import { readSettings } from './settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'muster-settings-'));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
afterAll(() => rmSync(folder, { recursive: true }));

const good = (): NodeJS.ProcessEnv => ({
  MUSTER_STORE: 'esdb://127.0.0.1:2113?tls=false',
  MUSTER_DATABASE: 'postgres://muster:hunter2@127.0.0.1/muster',
  MUSTER_MASTER_KEY_FILE: join(folder, 'made-on-the-first-start'),
  MUSTER_CONNECTIONS: file('connections.yaml', 'connections: []'),
  MUSTER_INTERNAL_TOKEN_FILE: file('token', `${'t'.repeat(32)}\n`),
});

function problemsOf(changes: NodeJS.ProcessEnv): readonly string[] {
  try {
    readSettings({ ...good(), ...changes });
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
}

describe('the settings of a service', () => {
  it('have defaults for all that is not particular to an installation', () => {
    expect(readSettings(good())).toMatchObject({
      transport: { kind: 'embedded' },
      http: { host: '127.0.0.1', port: 0 },
      internalToken: 't'.repeat(32),
      timeFactor: 1,
      logLevel: 'info',
    });
  });

  it('are refused with every problem at once, each naming its variable and what to set it to', () => {
    expect.assertions(2);
    try {
      readSettings({ MUSTER_TRANSPORT: 'kafka', MUSTER_HTTP_PORT: '80000' });
    } catch (error) {
      const { problems, message } = error as SettingsError;
      const named = ['STORE', 'DATABASE', 'MASTER_KEY_FILE', 'CONNECTIONS', 'INTERNAL_TOKEN_FILE', 'KAFKA', 'HTTP_PORT'];
      expect(problems.map((problem) => /^MUSTER_(\w+) .*set it to \S+/.exec(problem)?.[1] ?? problem).toSorted()).toEqual(named.toSorted());
      expect(named.filter((name) => !message.includes(`MUSTER_${name}`))).toEqual([]);
    }
  });

  it.each([
    ['MUSTER_TRANSPORT', 'carrier pigeon', /embedded, kafka/],
    ['MUSTER_TIME_FACTOR', 'fast', /number from 1 to 1000/],
    ['MUSTER_LOG_LEVEL', 'loud', /trace, debug, info/],
    ['MUSTER_STORE', '127.0.0.1:2113', /esdb:\/\//],
    ['MUSTER_CONNECTIONS', '/nowhere/connections.yaml', /\/nowhere\/connections\.yaml, which cannot be read \(ENOENT\); set it to/],
  ])('are refused for a wrong %s alone', (name, value, remedy) => {
    expect(problemsOf({ [name]: value })).toEqual([expect.stringMatching(remedy)]);
    expect(problemsOf({ [name]: value })[0]).toMatch(new RegExp(`^${name} `));
  });

  it('never repeat the address of a database, which holds a password', () => {
    const problems = problemsOf({ MUSTER_DATABASE: 'mysql://muster:hunter2@127.0.0.1/muster' });
    expect(problems).toEqual([expect.stringMatching(/^MUSTER_DATABASE does not begin with postgres:/)]);
    expect(problems.join()).not.toContain('hunter2');
  });

  it.each(['', 'short'])('take no token that is easily guessed: "%s"', (token) => {
    expect(problemsOf({ MUSTER_INTERNAL_TOKEN_FILE: file('weak', token) })).toEqual([
      expect.stringMatching(/^MUSTER_INTERNAL_TOKEN_FILE .*less than 32 characters; put a random token/),
    ]);
  });
});
