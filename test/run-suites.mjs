// Runs the Jest suites by kind and says loudly what could not run here and why.
// usage: node test/run-suites.mjs [kind ...]      kinds: unit int kafka docker e2e; without any, all of them
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const env = {
  ...process.env,
  PATH: join(root, 'node_modules/.bin') + delimiter + process.env.PATH,
  NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning',
};

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

/** Runs one kind and answers { passed, failed, skipped, reason? }. */
export function runKind({ kind, args, missing, optional }) {
  const reason = missing?.();
  if (reason) return { kind, passed: 0, failed: process.env.CI && !optional ? 1 : 0, skipped: 0, reason };
  const folder = mkdtempSync(join(tmpdir(), 'muster-jest-'));
  const report = join(folder, 'report.json');
  const jest = join(root, 'node_modules/jest/bin/jest.js');
  const run = spawnSync(
    join(root, 'node_modules/.bin/node'),
    [jest, '--selectProjects', kind, '--passWithNoTests', '--json', `--outputFile=${report}`, ...args],
    {
      cwd: root,
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
      timeout: 30 * 60_000,
    },
  );
  const result = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined;
  rmSync(folder, { recursive: true, force: true });
  if (!result) return { kind, passed: 0, failed: 1, skipped: 0, reason: `Jest gave no report (exit ${run.status ?? run.signal})` };
  const brokenSuites = result.testResults.filter(
    (suite) => suite.status === 'failed' && suite.assertionResults.every((test) => test.status !== 'failed'),
  ).length;
  const failed = result.numFailedTests + brokenSuites;
  return {
    kind,
    passed: result.numPassedTests,
    failed: failed || (run.status ? 1 : 0),
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
  const results = kinds.filter(({ kind }) => wanted.length === 0 || wanted.includes(kind)).map(runKind);
  const sum = (field) => results.reduce((total, result) => total + result[field], 0);
  process.stdout.write(`${summarise(results)}\n${sum('passed')} passed, ${sum('failed')} failed\n`);
  process.exit(sum('failed') ? 1 : 0);
}
