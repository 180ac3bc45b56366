// Runs the Jest suites by kind and says loudly what could not run here and why.
// usage: node test/run-suites.mjs [kind ...]      kinds: unit int kafka docker e2e; without any, all of them
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const env = {
  ...process.env,
  PATH: join(root, 'node_modules/.bin') + delimiter + process.env.PATH,
  NX_DAEMON: 'false',
};
const FOR_JEST = { NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning' };

const LONGEST_MS = 15 * 60_000;

const answers = (command, args) => spawnSync(command, args, { stdio: 'ignore', timeout: 20_000 }).status === 0;
const noKafka = () => {
  const missing = [answers('java', ['-version']) ? '' : 'Java 17 or newer', answers('mvn', ['-v']) ? '' : 'Maven 3.8 or newer'].filter(
    Boolean,
  );
  return missing.length ? `needs ${missing.join(' and ')} to start a real Kafka` : undefined;
};
const noDocker = () => (answers('docker', ['info']) ? undefined : 'needs a Docker engine for testcontainers');

/** Kinds in the order they run. Only `docker` may be missing in CI. */
export const kinds = [
  { kind: 'unit', args: ['--maxWorkers=2'] },
  { kind: 'int', args: ['--maxWorkers=2'] },
  { kind: 'kafka', args: ['--runInBand'], missing: noKafka },
  { kind: 'e2e', args: ['--runInBand'] },
  { kind: 'docker', args: ['--runInBand'], missing: noDocker, optional: true },
];

/**
 * Runs a program; resolves with how it ended and what it wrote. `show` writes that out as it comes; `stdout: 'ignore'` leaves that half away. What is still running after its
 * time is killed; whoever inherited its output and lives on is not waited for.
 */
export function run(command, args, { show, stdout = 'pipe', more = {} }) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, env: { ...env, ...more }, stdio: ['ignore', stdout, 'pipe'] });
    const pieces = [];
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (piece) => (show ? process.stdout.write(piece) : pieces.push(piece)));
    const longest = setTimeout(() => child.kill('SIGKILL'), LONGEST_MS);
    const end = (status, why) => {
      clearTimeout(longest);
      resolve({ passed: status === 0, why, output: Buffer.concat(pieces) });
    };
    child.on('error', (error) => end(undefined, error.message));
    child.on('close', (status, signal) => end(status, signal ?? `exit ${status}`));
    child.on('exit', (status, signal) => setTimeout(() => end(status, signal ?? `exit ${status}`), 2_000).unref());
  });
}

/** Runs one kind and answers { passed, failed, skipped, reason?, output }; `show` writes its output out as it comes. */
export async function runKind({ kind, args, missing, optional }, show = true) {
  const reason = missing?.();
  if (reason) return { kind, passed: 0, failed: process.env.CI && !optional ? 1 : 0, skipped: 0, reason, output: Buffer.alloc(0) };
  const folder = mkdtempSync(join(tmpdir(), 'muster-jest-'));
  const report = join(folder, 'report.json');
  const jest = join(root, 'node_modules/jest/bin/jest.js');
  const tests = [jest, '--selectProjects', kind, '--passWithNoTests', '--json', `--outputFile=${report}`, ...args];
  const ended = await run(join(root, 'node_modules/.bin/node'), tests, { show, stdout: 'ignore', more: FOR_JEST });
  const { output } = ended;
  const result = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined;
  rmSync(folder, { recursive: true, force: true });
  if (!result) return { kind, passed: 0, failed: 1, skipped: 0, output, reason: `Jest gave no report (${ended.why})` };
  const brokenSuites = result.testResults.filter(
    (suite) => suite.status === 'failed' && suite.assertionResults.every((test) => test.status !== 'failed'),
  ).length;
  const failed = result.numFailedTests + brokenSuites;
  return {
    kind,
    passed: result.numPassedTests,
    failed: failed || (ended.passed ? 0 : 1),
    output,
    skipped: result.numPendingTests + result.numTodoTests,
  };
}

/** Prints the table that ends a run; a kind that did not run stands in capitals. */
export function summarise(results) {
  const lines = results.map((r) =>
    r.reason && !r.passed
      ? `  ${r.kind.padEnd(7)} ${r.failed ? 'FAILED' : 'SKIPPED'}: ${r.reason}`
      : `  ${r.kind.padEnd(7)} ${r.passed} passed, ${r.failed} failed${r.skipped ? `, ${r.skipped} SKIPPED` : ''}`,
  );
  return ['', 'Suites', ...lines, ''].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wanted = process.argv.slice(2);
  const unknown = wanted.filter((name) => !kinds.some(({ kind }) => kind === name));
  if (unknown.length) {
    process.stderr.write(`unknown kind of suite: ${unknown.join(', ')}. Known: ${kinds.map(({ kind }) => kind).join(', ')}\n`);
    process.exit(2);
  }
  const results = [];
  for (const kind of kinds.filter(({ kind }) => wanted.length === 0 || wanted.includes(kind))) results.push(await runKind(kind));
  const sum = (field) => results.reduce((total, result) => total + result[field], 0);
  process.stdout.write(`${summarise(results)}\n${sum('passed')} passed, ${sum('failed')} failed\n`);
  process.exit(sum('failed') ? 1 : 0);
}
