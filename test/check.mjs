// Everything that must hold, in one command. `npm run check` runs the quick part; CI adds the demos, the kill tests and the safeguards.
// usage: node test/check.mjs [--ci]
import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { kinds, runKind, summarise } from './run-suites.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const env = { ...process.env, PATH: join(root, 'node_modules/.bin') + delimiter + process.env.PATH, NX_DAEMON: 'false' };
const ci = process.argv.includes('--ci');

const node = (...args) => ['node', ...args];
const quick = [
  ['types', ['tsc', '-b']],
  ['format', ['oxfmt', '--check', '.']],
  ['lint', ['oxlint', '--config', '.oxlintrc.json', '--type-aware', 'libs', 'services', 'deploy', 'test']],
  ['boundaries', ['depcruise', 'libs', 'services', 'deploy', 'test']],
  ['contracts drift', node('libs/contracts/tools/generate.mjs', '--check')],
  ['contracts compatibility', node('libs/contracts/tools/compat.mjs')],
];
const thorough = [
  ['demo', node('deploy/local/dist/main.js', 'demo')],
  ['demo on Kafka', node('deploy/local/dist/main.js', 'demo', '--kafka')],
  ['kill tests', node('test/chaos/dist/main.js', '--ci')],
  ['safeguards broken one by one', node('test/safeguards/break.mjs')],
];

function step([name, [command, ...args]]) {
  const started = Date.now();
  process.stdout.write(`\n== ${name}\n`);
  const { status, signal, error } = spawnSync(command, args, {
    cwd: root,
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: 20 * 60_000,
  });
  const passed = status === 0;
  const why = passed ? '' : ` (${error?.message ?? signal ?? `exit ${status}`})`;
  process.stdout.write(`== ${name}: ${passed ? 'passed' : 'FAILED'}${why} in ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
  return { name, passed };
}

const steps = quick.map(step);
const suites = kinds.map((kind) => {
  process.stdout.write(`\n== suites: ${kind.kind}\n`);
  return runKind(kind);
});
if (ci) steps.push(...thorough.map(step));

process.stdout.write(summarise(suites));
process.stdout.write(['Checks', ...steps.map(({ name, passed }) => `  ${passed ? 'passed' : 'FAILED'}  ${name}`), '', ''].join('\n'));
const passed = suites.reduce((n, s) => n + s.passed, 0) + steps.filter((s) => s.passed).length;
const failed = suites.reduce((n, s) => n + s.failed, 0) + steps.filter((s) => !s.passed).length;
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exit(failed ? 1 : 0);
