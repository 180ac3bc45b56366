// Breaks every safeguard once and expects the test that is named for it to fail, and to pass again when the safeguard is back.
// Works on copies of the workspace, as many side by side as there are cores; the working tree is never touched.
// usage: node test/safeguards/break.mjs [part of a name ...]
//
// safeguards.json is a list of:
//   name      what is switched off, in words
//   file      the source that holds it, from the root of the workspace
//   find      text that stands exactly once in that file
//   replace   what to put in its place; the code must still compile
//   spec      the spec that must fail, from the root
//   testName  the test in it (part of its full name)
//   suite     jest project, default "unit"
//   env       further environment of the spec
//   build     packages to compile besides the file's own before the spec runs, for suites that start what was built
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, delimiter, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const MINUTES = 60_000;

/** A copy of the workspace whose packages resolve to the copy; everything else in node_modules is linked. */
const copyWorkspace = () => {
  const copy = mkdtempSync(join(tmpdir(), 'muster-safeguards-'));
  const left = new Set(['.git', 'node_modules', '.nx', 'data']);
  cpSync(root, copy, { recursive: true, filter: (path) => path === root || !left.has(basename(path)) });
  const modules = join(root, 'node_modules');
  mkdirSync(join(copy, 'node_modules', '@muster'), { recursive: true });
  for (const name of readdirSync(modules)) if (name !== '@muster') symlinkSync(join(modules, name), join(copy, 'node_modules', name));
  for (const name of readdirSync(join(modules, '@muster'))) {
    const folder = [join('libs', name), join('services', name), join('deploy', name), join('test', name)].find((path) =>
      isPackage(join(copy, path), name),
    );
    if (folder) symlinkSync(join(copy, folder), join(copy, 'node_modules', '@muster', name));
  }
  return copy;
};

const isPackage = (folder, name) => {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).name === `@muster/${name}`;
  } catch {
    return false;
  }
};

/** Runs a command in the copy. A command that takes too long is stopped and has failed. */
const run = (copy, command, args, env = {}) =>
  new Promise((resolve) => {
    const path = join(root, 'node_modules/.bin') + delimiter + process.env.PATH;
    const options = '--experimental-vm-modules --disable-warning=ExperimentalWarning';
    const child = spawn(command, args, {
      cwd: copy,
      env: { ...process.env, PATH: path, NODE_OPTIONS: options, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 10 * MINUTES,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
    child.on('error', (error) => (output += error.message));
    child.on('close', (status) => resolve({ passed: status === 0, output }));
  });

const escaped = (text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

/** A run in which no test of that name ran proves nothing. */
const runSpec = async (copy, { spec, testName, suite = 'unit', env = {} }) => {
  const args = ['--selectProjects', suite, '--runTestsByPath', spec, '--testNamePattern', escaped(testName), '--verbose'];
  const { passed, output } = await run(copy, 'jest', args, env);
  const ran = /^Tests:.*\b[1-9]\d* (passed|failed)/m.test(output);
  return { passed, ran, output };
};

const packageOf = (file) => file.split('/').slice(0, 2).join('/');

const compile = (copy, { file, build = [] }) => run(copy, 'tsc', ['-b', ...new Set([packageOf(file), ...build])]);

const problemWith = async (copy, safeguard) => {
  const path = join(copy, safeguard.file);
  const original = readFileSync(path, 'utf8');
  const places = original.split(safeguard.find).length - 1;
  if (places !== 1) return `the text to replace stands ${places} times in ${safeguard.file}`;
  try {
    writeFileSync(
      path,
      original.replace(safeguard.find, () => safeguard.replace),
    );
    const compiled = await compile(copy, safeguard);
    if (!compiled.passed) return `broken, it does not compile:\n${compiled.output.slice(0, 2000)}`;
    const broken = await runSpec(copy, { ...safeguard, env: { ...safeguard.env, ...safeguard.brokenEnv } });
    if (!broken.ran) return `no test ran that is named "${safeguard.testName}":\n${broken.output.slice(-2000)}`;
    return broken.passed ? `"${safeguard.testName}" does not notice` : undefined;
  } finally {
    writeFileSync(path, original);
  }
};

const bySpec = (safeguards) => Object.entries(Object.groupBy(safeguards, ({ spec }) => spec));

/** The spec once more, in which every test that is named for a safeguard has to have passed. */
const problemWithAllBack = async (copy, spec, tests) => {
  const [{ suite = 'unit', env = {} }] = tests;
  // Whole as it is meant to run: a safeguard that is noticed in fewer worlds says nothing about how many the spec needs.
  const { MUSTER_WORLDS: _fewer, ...whole } = env;
  // Suites on real parts take long, and run whole elsewhere: here the tests that are named are enough.
  const named = suite === 'unit' ? [] : ['--testNamePattern', tests.map(({ testName }) => escaped(testName)).join('|')];
  const { passed, output } = await run(copy, 'jest', ['--selectProjects', suite, '--runTestsByPath', spec, '--verbose', ...named], whole);
  const missing = tests.filter(({ testName }) => !output.split('\n').some((line) => line.includes('✓') && line.includes(testName)));
  if (!passed) return output.slice(-3000);
  return missing.length > 0 ? `these did not run: ${missing.map(({ testName }) => testName).join('; ')}` : undefined;
};

/** Does the tasks in their order, one after the other in each copy. */
const inCopies = (copies, tasks, perform) => {
  const waiting = [...tasks];
  return Promise.all(
    copies.map(async (copy) => {
      for (let task = waiting.shift(); task; task = waiting.shift()) await perform(copy, task);
    }),
  );
};

const main = async () => {
  const wanted = process.argv.slice(2);
  const all = JSON.parse(readFileSync(new URL('safeguards.json', import.meta.url), 'utf8'));
  const safeguards = all.filter(({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
  const copies = Array.from({ length: Math.min(availableParallelism(), safeguards.length) }, copyWorkspace);
  let failed = 0;
  const report = async (name, problemOf) => {
    const started = Date.now();
    const problem = await problemOf();
    failed += problem ? 1 : 0;
    console.log(
      `${problem ? 'FAILED' : 'ok    '} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)${problem ? `: ${problem}` : ''}`,
    );
  };
  try {
    await inCopies(copies, safeguards, (copy, safeguard) =>
      report(`without ${safeguard.name}, "${safeguard.testName}" fails`, () => problemWith(copy, safeguard)),
    );
    await Promise.all(copies.map((copy) => compileAll(copy, safeguards)));
    await inCopies(copies, bySpec(safeguards), (copy, [spec, tests]) =>
      report(`with everything back, ${spec} passes`, () => problemWithAllBack(copy, spec, tests)),
    );
  } finally {
    for (const copy of copies) rmSync(copy, { recursive: true, force: true });
  }
  const total = safeguards.length;
  console.log(`${total} safeguards of ${relative(root, fileURLToPath(new URL('safeguards.json', import.meta.url)))}, ${failed} problems`);
  process.exitCode = failed > 0 || total === 0 ? 1 : 0;
};

const compileAll = (copy, safeguards) =>
  run(copy, 'tsc', ['-b', ...new Set(safeguards.flatMap(({ file, build = [] }) => [packageOf(file), ...build]))]);

await main();
