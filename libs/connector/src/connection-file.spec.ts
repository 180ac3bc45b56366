import { describe, expect, it } from '@jest/globals';
import { parseConnectionFile } from './connection-file.ts';
import { ConnectionFileInvalid } from './config-problems.ts';

const sources = {
  file: 'connections.yaml',
  env: { GRAPH_SECRET: 's3cret-graph', EMPTY: '' },
  readFile: (path: string): string => {
    if (path !== '/run/secrets/okta.pem') throw new Error(`no such file ${path}`);
    return '-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\n';
  },
};

const good = `
connections:
  - name: okta-main
    kind: okta
    url: https://example.okta.com/
    credential: { clientId: 0oa1, privateKey: file:/run/secrets/okta.pem }
    budget: { users: 300/min, apps: 10/10s, share: 0.25 }
  - name: entra-main
    kind: entra
    tenant: 11111111-2222-3333-4444-555555555555
    credential: { clientId: app-1, clientSecret: env:GRAPH_SECRET }
    state: live
    settle: 4 min
    intervals: { incremental: 1min }
    attributes: [displayName]
  - name: hr
    kind: hr
    authoritative: true
`;

const problemsOf = (text: string): ConnectionFileInvalid['problems'] => {
  try {
    parseConnectionFile(text, sources);
  } catch (error) {
    if (error instanceof ConnectionFileInvalid) return error.problems;
    throw error;
  }
  throw new Error('expected problems');
};

describe('a connection file', () => {
  it('leaves out what has a start value: state observe, documented limits, settle time and intervals of the kind', () => {
    const [okta, entra, hr] = parseConnectionFile(good, sources).connections;
    expect(okta).toMatchObject({
      state: 'observe',
      authoritative: false,
      settleMs: 30_000,
      incrementalMs: 10_000,
      matchKey: 'employeeNumber',
    });
    expect(okta?.budget.buckets['userWrite']).toEqual({ limit: 600, perMs: 60_000 });
    expect(entra).toMatchObject({ url: 'https://graph.microsoft.com', loginUrl: 'https://login.microsoftonline.com', timeoutMs: 30_000 });
    expect(hr).toMatchObject({ kind: 'hr', authoritative: true, state: 'observe' });
  });

  it('limits how many people may lose something at once, and has every disable wait for a person, unless it says otherwise', () => {
    const day = 86_400_000;
    const taking = { people: 20, share: 0.05, perMs: day };
    const hold = { people: 0, share: 0, perMs: day };
    const [okta] = parseConnectionFile(good, sources).connections;
    expect(okta?.limits).toEqual({ revoke: taking, leaver: taking, disable: hold, revokeSessions: hold });
    const said = good.replace(
      '    state: live\n',
      '    state: live\n    limits: { revoke: { count: 5, per: 12h }, grant: { share: 0.5 }, leaver: hold }\n',
    );
    expect(parseConnectionFile(said, { ...sources, timeFactor: 2 }).connections[1]?.limits).toMatchObject({
      revoke: { people: 5, share: 0, perMs: day / 4 },
      grant: { people: 0, share: 0.5 },
      leaver: { people: 0, share: 0 },
    });
    const wrong = good.replace(
      '    state: live\n',
      '    state: live\n    limits: { rename: hold, revoke: { count: -1, share: 2, often: 1h }, set: some }\n',
    );
    expect(
      problemsOf(wrong)
        .map(({ path }) => path.replace(/^.*limits\./, ''))
        .toSorted(),
    ).toEqual(['rename', 'revoke.count', 'revoke.often', 'revoke.share', 'set']);
  });

  it('changes what it says', () => {
    const [okta, entra] = parseConnectionFile(good, sources).connections;
    expect(okta).toMatchObject({ url: 'https://example.okta.com' });
    expect(okta?.budget).toMatchObject({
      share: 0.25,
      buckets: { users: { limit: 300, perMs: 60_000 }, apps: { limit: 10, perMs: 10_000 } },
    });
    expect(entra).toMatchObject({ state: 'live', settleMs: 240_000, incrementalMs: 60_000, fullMs: 86_400_000 });
    expect(entra?.attributes).toEqual(['userPrincipalName', 'employeeId', 'displayName']);
  });

  it('is run faster by a time factor: settle time and intervals shrink, call time-outs do not', () => {
    const [okta] = parseConnectionFile(good, { ...sources, timeFactor: 60 }).connections;
    expect(okta).toMatchObject({ settleMs: 500, timeoutMs: 30_000 });
    expect(okta?.incrementalMs).toBeCloseTo(166.7, 0);
    expect(okta?.budget.timeFactor).toBe(60);
  });

  it('gives its secrets only as wrapped values', () => {
    const { connections } = parseConnectionFile(good, sources);
    expect(JSON.stringify(connections)).not.toMatch(/s3cret-graph|BEGIN RSA/);
    const [okta] = connections;
    expect(okta?.kind === 'okta' && 'privateKey' in okta.credential && okta.credential.privateKey.reveal()).toContain('BEGIN RSA');
  });

  it('names every problem at once, with path, line and remedy', () => {
    const problems = problemsOf(`connections:
  - name: Okta Main
    kind: okta
    url: http://example.okta.com
    credential: { clientId: 0oa1, privateKey: file:/run/secrets/missing.pem }
    state: shadow
    budget: { user: 600/min, apps: many, share: 2 }
    colour: red
  - name: e
    kind: entra
    credential: { clientId: app-1, clientSecret: env:NOT_SET }
  - name: e
    kind: ldap
`);
    expect(problems.map((problem) => problem.path)).toEqual([
      'connections[0].name',
      'connections[0].colour',
      'connections[0].state',
      'connections[0].budget.user',
      'connections[0].budget.apps',
      'connections[0].budget.share',
      'connections[0].url',
      'connections[0].credential.privateKey',
      'connections[1].tenant',
      'connections[1].credential.clientSecret',
      'connections[2].kind',
    ]);
    expect(problems.find((problem) => problem.path === 'connections[0].colour')?.line).toBe(8);
    for (const problem of problems) expect(problem.remedy).not.toBe('');
  });

  it('refuses a secret that stands in it and does not repeat it', () => {
    const text = good.replace('env:GRAPH_SECRET', 'Zx9~plain-secret');
    expect(problemsOf(text)).toEqual([expect.objectContaining({ path: 'connections[1].credential.clientSecret' })]);
    expect(() => parseConnectionFile(text, sources)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('plain-secret') }),
    );
  });

  it('refuses a secret whose source is there but empty', () => {
    expect(problemsOf(good.replace('env:GRAPH_SECRET', 'env:EMPTY'))).toHaveLength(1);
  });

  it('refuses a credential in an address, two connections of one name, and a key that stands twice', () => {
    expect(problemsOf(good.replace('https://example', 'https://me:pw@example'))).toHaveLength(1);
    expect(problemsOf(good.replace('name: hr', 'name: okta-main'))).toEqual([expect.objectContaining({ path: 'connections[2].name' })]);
    expect(problemsOf(good.replace('authoritative: true', 'kind: hr'))).toEqual([
      expect.objectContaining({ message: 'a key stands here twice' }),
    ]);
  });

  it('refuses what is not a connection file at all', () => {
    for (const text of ['', '[]', 'connections: 3', 'a: b', '{']) expect(problemsOf(text).length).toBeGreaterThan(0);
  });
});

describe('hooks of a connection', () => {
  const secrets = { ...sources, env: { ...sources.env, HOOK: 'h'.repeat(24), SHORT: 'h'.repeat(23) } };
  const read = (hooks: string, state = 'observe') =>
    parseConnectionFile(good.replace('    budget: { users', `    state: ${state}\n    hooks: ${hooks}\n    budget: { users`), secrets)
      .connections[0];

  it('are made by us where we write, and by a person where we only observe, unless the file says otherwise', () => {
    const plain = '{ url: https://muster.example.com/, secret: env:HOOK }';
    expect(read(plain)).toMatchObject({ hooks: { url: 'https://muster.example.com', register: false } });
    expect(read(plain, 'live')).toMatchObject({ hooks: { register: true } });
    expect(read('{ url: https://muster.example.com, secret: env:HOOK, register: true }')).toMatchObject({ hooks: { register: true } });
  });

  it.each([
    ['a secret that can be guessed', '{ url: https://muster.example.com, secret: env:SHORT }'],
    ['a secret in the file', '{ url: https://muster.example.com, secret: sesame }'],
    ['no secret', '{ url: https://muster.example.com }'],
    ['an address without encryption', '{ url: http://muster.example.com, secret: env:HOOK }'],
    ['a key that nobody knows', '{ url: https://muster.example.com, secret: env:HOOK, secrets: env:HOOK }'],
  ])('are refused with %s', (_what, hooks) => {
    expect(() => read(hooks)).toThrow(ConnectionFileInvalid);
  });
});

describe('subscribers of a connection file', () => {
  const read = (subscribers: string) => parseConnectionFile(`${good}subscribers:\n${subscribers}`, sources).subscribers;

  it('are systems with a name and what they may see of people; a file need name none', () => {
    expect(parseConnectionFile(good, sources).subscribers).toEqual([]);
    expect(
      read('  - { name: badges, sees: [login, attributes.displayName, attributes.custom.badge, login] }\n  - { name: seats, sees: [] }\n'),
    ).toEqual([
      { name: 'badges', sees: ['attributes.custom.badge', 'attributes.displayName', 'login'] },
      { name: 'seats', sees: [] },
    ]);
  });

  it('are refused with what nobody can be granted, each problem with its line and a remedy', () => {
    const problems = problemsOf(`connections: []
subscribers:
  - name: Badges
    sees: [login]
  - name: seats
    sees: [department, attributes., login.first, 3]
    hides: [login]
  - name: seats
  - seats
`);
    expect(problems.map(({ path, line }) => [path, line])).toEqual([
      ['subscribers[0].name', 3],
      ['subscribers[1].hides', 7],
      ['subscribers[1].sees[0]', 6],
      ['subscribers[1].sees[1]', 6],
      ['subscribers[1].sees[2]', 6],
      ['subscribers[1].sees[3]', 6],
      ['subscribers[2].sees', 8],
      ['subscribers[2].name', 8],
      ['subscribers[3]', 9],
    ]);
    for (const { remedy } of problems) expect(remedy).not.toBe('');
    expect(problemsOf('connections: []\nsubscribers: all\n')).toHaveLength(1);
  });
});
