// Everything that must hold, in one command. `npm run check` runs the quick part; CI adds the demos, the kill tests and the safeguards.
// usage: node test/check.mjs [--ci]
import { kinds, run, runKind, summarise } from './run-suites.mjs';

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
/** What stands in one line runs side by side: it mostly waits. The rest takes all cores for itself. */
const suitesInTurn = [['unit'], ['int'], ['kafka', 'e2e'], ['docker']];
const thorough = [
  [
    ['demo', node('deploy/local/dist/main.js', 'demo')],
    ['demo on Kafka', node('deploy/local/dist/main.js', 'demo', '--kafka')],
  ],
  [['kill tests', node('test/chaos/dist/main.js', '--ci')]],
  [['safeguards broken one by one', node('test/safeguards/break.mjs')]],
];

const say = (text) => process.stdout.write(text);

async function step([name, [command, ...args]], show = true) {
  const started = Date.now();
  if (show) say(`\n== ${name}\n`);
  const { passed, why, output } = await run(command, args, { show });
  if (!show) say(`\n== ${name}\n${output}`);
  say(`== ${name}: ${passed ? 'passed' : `FAILED (${why})`} in ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
  return { name, passed };
}

async function suite(kind, show) {
  if (show) say(`\n== suites: ${kind.kind}\n`);
  const result = await runKind(kind, show);
  if (!show) say(`\n== suites: ${kind.kind}\n${result.output}`);
  return result;
}

/** Group after group; of a group all at once, each shown whole when it has ended. */
async function inTurn(groups, work) {
  const results = [];
  for (const group of groups) results.push(...(await Promise.all(group.map((one) => work(one, group.length === 1)))));
  return results;
}

const steps = await inTurn(
  quick.map((one) => [one]),
  step,
);
const suites = await inTurn(
  suitesInTurn.map((group) => kinds.filter(({ kind }) => group.includes(kind))),
  suite,
);
if (ci) steps.push(...(await inTurn(thorough, step)));

say(summarise(suites));
say(['Checks', ...steps.map(({ name, passed }) => `  ${passed ? 'passed' : 'FAILED'}  ${name}`), '', ''].join('\n'));
const passed = suites.reduce((n, s) => n + s.passed, 0) + steps.filter((s) => s.passed).length;
const failed = suites.reduce((n, s) => n + s.failed, 0) + steps.filter((s) => !s.passed).length;
say(`${passed} passed, ${failed} failed\n`);
process.exit(failed ? 1 : 0);
