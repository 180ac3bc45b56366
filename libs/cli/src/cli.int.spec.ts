import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { EXIT } from './exit-codes.ts';
import { answers } from './testing/console-answers.ts';

const BIN = fileURLToPath(new URL('../bin/muster.mjs', import.meta.url));
const TOKEN = 'an operator token of more than thirty-two characters';
const folder = mkdtempSync(join(tmpdir(), 'muster-cli-'));

let server: Server;
let url: string;
const asked: { request: string; authorization: string | undefined; body: string }[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    void text(request).then((body) => {
      const key = `${request.method} ${request.url}`;
      asked.push({ request: key, authorization: request.headers.authorization, body });
      const { status = 200, body: answer } = answers[key] ?? { status: 404, body: { title: `nothing answers ${key}` } };
      response.writeHead(status).end(typeof answer === 'string' ? answer : JSON.stringify(answer));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  writeFileSync(join(folder, 'console.json'), JSON.stringify({ url }));
  writeFileSync(join(folder, 'token'), `${TOKEN}\n`);
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});
beforeEach(() => void (asked.length = 0));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(args: readonly string[], variables: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const env = { PATH: process.env['PATH'], ...variables };
  return new Promise((resolve) => {
    execFile(process.execPath, [BIN, ...args], { env, cwd: folder, timeout: 20_000 }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? 99) : 0, stdout, stderr }),
    );
  });
}
const muster = (...args: string[]): Promise<Ended> => run(['--data', folder, ...args]);

const commands: [args: string[], request: string, words: RegExp][] = [
  [
    ['timeline', 'E1'],
    'GET /api/timeline/E1',
    /Ada Byron.*\n.*WorkerRecorded[^]*AccountLinked.*because of WorkerRecorded worker-hr-main\.x@0\n[^]*position 42/,
  ],
  [
    ['as-of', 'E1', '2026-03-02', '--known', '2026-03-03'],
    'GET /api/as-of/E1?date=2026-03-02&known=2026-03-03',
    /as known at 2026-03-03[^]*title +"Admiral"[^]*okta-main: not read yet/,
  ],
  [
    ['explain', 'E1', 'group:All staff', '--connection', 'okta-main'],
    'GET /api/explain/E1/group%3AAll%20staff?connection=okta-main',
    /nothing is recorded about group:All staff/,
  ],
  [['plan', 'E1'], 'GET /api/plan/E1', /nothing to change/],
  [['run', '--person', 'E1'], 'POST /api/runs', /^run r-1 opened\n$/],
  [
    ['accounts', '--situation', 'orphan', '--connection', 'okta-main'],
    'GET /api/accounts?situation=orphan&connection=okta-main',
    /okta-main +unmatched +7\n +okta-main +00u9 +svc +unmatched +it carries no match key\n.*--after okta-main\/00u9\n.*position 42/,
  ],
  [
    ['scope', 'E1'],
    'GET /api/scope/E1',
    /joiner version 3: in scope\n +holds +identity\.lifecycle == 'active' +identity\.lifecycle is "active"\n +step engineers .*: does not apply\n +does not hold +identity\.costCenter == '7' +missing\n.*position 42/,
  ],
  [['cases'], 'GET /api/cases', /no open cases/],
  [['cases', 'resolve', 'c-1', 'link', '--account', '00u1'], 'POST /api/cases/c-1/resolve', /resolved c-1/],
  [['dead-letters'], 'GET /api/dead-letters', /no dead letters/],
  [['dead-letters', 'show', 'provisioning.work.1'], 'GET /api/dead-letters/provisioning.work.1', /target\.value_refused/],
  [['dead-letters', 'retry', 'provisioning.work.1'], 'POST /api/dead-letters/provisioning.work.1/retry', /provisioning\.work\.1/],
  [['dead-letters', '--by-cause'], 'GET /api/dead-letters/causes', /x\.y +provisioning +3 /],
  [['dead-letters', 'retry', '--cause', 'target.value_refused'], 'POST /api/dead-letters/retry', /sent again: 1200 of provisioning/],
  [
    ['status'],
    'GET /api/status',
    /reconciliation +NOT READY +database: down[^]*okta-main +hears by polling .*2 missed.*users failed \(no way\)[^]*1 leaver, 0 live, 40 batch.* 60 s\n[^]*entra-main  provisioning  waiting.*20 failures\n.*away\n.*Look at the tenant[^]*workers +3/,
  ],
];

describe('a command', () => {
  it.each(commands)('%j asks with the operator token, and prints words', async (args, request, words) => {
    const { code, stdout, stderr } = await muster(...args);
    expect({ code, stderr }).toEqual({ code: EXIT.ok, stderr: '' });
    expect(stdout).toMatch(words);
    expect(asked).toMatchObject([{ request, authorization: `Bearer ${TOKEN}` }]);
  });

  it.each(commands)('%j prints the answer as one JSON document with --json, before or after its name', async (args, request) => {
    for (const given of [
      ['--json', ...args],
      [...args, '--json'],
    ]) {
      const { code, stdout } = await muster(...given);
      expect(code).toBe(EXIT.ok);
      expect(JSON.parse(stdout)).toEqual(answers[request]?.body);
    }
  });

  it('that answers a case says what and about which account', async () => {
    await muster('cases', 'resolve', 'c-1', 'link', '--account', '00u1', '--comment', 'seen the badge');
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual({ answer: 'link', accountId: '00u1', comment: 'seen the badge' });
  });
});

describe('a dry run', () => {
  it.each([
    ['E1', EXIT.ok],
    ['changed', EXIT.differences],
    ['held', EXIT.held],
  ])('of %s ends with %d, in words and as JSON', async (who, code) => {
    expect((await muster('plan', who)).code).toBe(code);
    const json = await muster('--json', 'plan', who);
    expect(json.code).toBe(code);
    expect(JSON.parse(json.stdout)).toEqual(answers[`GET /api/plan/${who}`]?.body);
  });
});

describe('a dry run of chosen people', () => {
  it.each([
    [['E1'], EXIT.ok],
    [['E1', 'changed'], EXIT.differences],
    [['changed', 'held', 'E1'], EXIT.held],
  ])('of %j ends with %d, shows the plan of each in the order named, and asks for nothing to be done', async (people, code) => {
    const words = await muster('run', '--dry', '--person', ...people);
    expect(words.code).toBe(code);
    expect(words.stdout.match(/^ +(send|held) |^nothing to change$/gm)).toHaveLength(people.length + (people.includes('held') ? 1 : 0));
    const json = await muster('--json', 'run', '--dry', '--person', ...people);
    expect(json.code).toBe(code);
    expect(JSON.parse(json.stdout)).toEqual({ plans: people.map((who) => answers[`GET /api/plan/${who}`]?.body) });
    expect(new Set(asked.map(({ request }) => request))).toEqual(new Set(people.map((who) => `GET /api/plan/${who}`)));
  });

  it('somebody unknown among them: the cause, and no plan of the others', async () => {
    expect(await muster('run', '--dry', '--person', 'E1', 'nobody')).toMatchObject({
      code: EXIT.invalid,
      stdout: '',
      stderr: expect.stringMatching(/Nobody is known by that name: nobody/),
    });
  });
});

describe('what cannot be answered', () => {
  it.each([
    ['nobody of that name', ['timeline', 'nobody'], EXIT.invalid, /Nobody is known by that name: nobody\n +remedy: Ask by employee number/],
    ['a field that is not valid', ['timeline', 'invalid'], EXIT.invalid, /- E1: date: is no date\n +remedy: Correct it/],
    ['a command that is not there', ['muster'], EXIT.invalid, /unknown command/],
    ['an argument that is missing', ['as-of', 'E1'], EXIT.invalid, /missing required argument 'date'/],
    ['a service that is down', ['timeline', 'broken'], EXIT.error, /A service does not answer\n +remedy: See `muster status`/],
    ['something that is not the product', ['timeline', 'proxy'], EXIT.error, /Bad Gateway/],
  ])('%s: nothing on standard output, the cause on standard error', async (_what, args, code, words) => {
    for (const json of [[], ['--json']]) {
      const ended = await muster(...json, ...args);
      expect(ended).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(words) });
    }
  });

  it('a product that does not run: the cause, the folder and the remedy', async () => {
    expect(await run(['--data', join(folder, 'nowhere'), 'status'])).toMatchObject({
      code: EXIT.error,
      stderr: expect.stringMatching(
        /no running product found in .*nowhere .*start one with "npm start", or name another folder with --data/,
      ),
    });
  });

  it('a product that has stopped: the address and the remedy', async () => {
    const gone = join(folder, 'gone');
    mkdirSync(gone);
    writeFileSync(join(gone, 'console.json'), '{"url":"http://127.0.0.1:1"}');
    writeFileSync(join(gone, 'token'), TOKEN);
    expect(await run(['--data', gone, 'status'])).toMatchObject({
      code: EXIT.error,
      stderr: expect.stringMatching(/does not answer at http:\/\/127\.0\.0\.1:1: .*ECONNREFUSED.*npm start/),
    });
  });

  it('a token file that is not readable: the file, and how to become able to', async () => {
    const locked = join(folder, 'locked');
    mkdirSync(locked);
    writeFileSync(join(locked, 'console.json'), JSON.stringify({ url }));
    // A folder can be read as a file by nobody, root included.
    mkdirSync(join(locked, 'token'));
    const refused = await run(['--data', locked, 'status']);
    expect(refused).toMatchObject({
      code: EXIT.error,
      stderr: expect.stringMatching(/locked\/token cannot be read \(EISDIR\).*as the user who started it/),
    });
    expect(asked).toEqual([]);
  });

  it('a product by --url without a token: the variable to set; with it, it is asked', async () => {
    const refused = await run(['--url', url, 'status']);
    expect(refused).toMatchObject({
      code: EXIT.invalid,
      stderr: expect.stringMatching(/MUSTER_TOKEN is not set; set it to an operator token/),
    });
    expect(await run(['--url', url, 'status'], { MUSTER_TOKEN: 'other' })).toMatchObject({ code: EXIT.ok });
    expect(asked).toMatchObject([{ authorization: 'Bearer other' }]);
  });

  it('an address that is none: what to give instead', async () => {
    expect(await run(['--url', 'example', 'status'], { MUSTER_TOKEN: 'other' })).toMatchObject({
      code: EXIT.invalid,
      stderr: expect.stringMatching(/"example" is no address; give one as http:\/\/host:port/),
    });
  });
});

describe('help', () => {
  it('is no error when asked for, and names every command', async () => {
    const { code, stdout, stderr } = await run(['--help']);
    expect({ code, stderr }).toEqual({ code: EXIT.ok, stderr: '' });
    for (const [[name = '']] of commands) expect(stdout).toContain(name);
  });
});
