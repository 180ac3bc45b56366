/**
 * Compares the schemas and examples with the snapshot of the last release, contracts/released. Inside a version only optional fields may be
 * added and words may change. `node libs/contracts/tools/compat.mjs [contracts folder]`: 0 compatible, 1 not, with a list that says what to do.
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';

const WORDS = new Set(['description', '$comment', 'examples']);

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
const canonical = (value) => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, child]) => `${JSON.stringify(key)}:${canonical(child)}`).join(',')}}`;
};
const same = (a, b) => canonical(a) === canonical(b);
const setOf = (value) => (value === undefined ? [] : [value].flat().map((one) => JSON.stringify(one)));
const without = (a, b) => a.filter((one) => !b.includes(one));

/** Compares two sets of allowed things and words the difference. */
const compareAllowed = (noun) => (at, before, after) => {
  const [old, now] = [setOf(before), setOf(after)];
  if (before === undefined) return [`${at}: ${noun} is now limited to ${now.join(', ')}`];
  if (after === undefined) return [`${at}: ${noun} is no longer limited to ${old.join(', ')}`];
  const [lost, gained] = [without(old, now), without(now, old)];
  return [
    ...(lost.length > 0 ? [`${at}: ${noun} no longer allows ${lost.join(', ')}`] : []),
    ...(gained.length > 0 ? [`${at}: ${noun} newly allows ${gained.join(', ')}, which old readers do not know`] : []),
  ];
};

const compareRequired = (at, before, after) => {
  const [old, now] = [before ?? [], after ?? []];
  return [
    ...without(now, old).map((name) => `${at}/${name}: is newly required, recorded data may lack it`),
    ...without(old, now).map((name) => `${at}/${name}: is no longer required, old readers count on it`),
  ];
};

const compareProperties = (at, before, after) =>
  Object.entries(before ?? {}).flatMap(([name, schema]) => {
    const now = after?.[name];
    return now === undefined ? [`${at}/${name}: was removed`] : compareNode(`${at}/${name}`, schema, now);
  });

const compareMarks = (at, before, after) => (before === after ? [] : [`${at}: x-personal changed, recorded data is stored the other way`]);

const words = (value) => JSON.stringify(value) ?? 'nothing';
const arePaired = (before, after) => Array.isArray(before) && Array.isArray(after) && before.length === after.length;

const comparePlain = (keyword) => (at, before, after) => {
  if (same(before ?? null, after ?? null)) return [];
  if (isObject(before) && isObject(after)) return compareNode(`${at} (${keyword})`, before, after);
  if (arePaired(before, after)) {
    return before.flatMap((child, index) => comparePlain(`${keyword} ${index + 1}`)(at, child, after[index]));
  }
  return [`${at}: ${keyword} changed from ${words(before)} to ${words(after)}`];
};

const comparers = {
  type: compareAllowed('type'),
  enum: compareAllowed('the list of values'),
  required: compareRequired,
  properties: compareProperties,
  $defs: compareProperties,
  'x-personal': compareMarks,
};

function compareNode(at, before, after) {
  if (!isObject(before) || !isObject(after)) return comparePlain('schema')(at, before, after);
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((keyword) => !WORDS.has(keyword))
    .flatMap((keyword) =>
      same(before[keyword] ?? null, after[keyword] ?? null)
        ? []
        : (comparers[keyword] ?? comparePlain(keyword))(at, before[keyword], after[keyword]),
    );
}

/** What makes `after` incompatible with `before`, both schemas of one version; empty if it may be released. */
export const compareSchemas = (before, after) => compareNode('', before, after);

const filesIn = (folder) =>
  existsSync(folder)
    ? globSync('**/*.json', { cwd: folder })
        .map((file) => file.split(sep).join('/'))
        .toSorted()
    : [];
const json = (...path) => JSON.parse(readFileSync(join(...path), 'utf8'));

const compareSchemaFile = (contracts) => (file) => {
  if (!existsSync(join(contracts, 'schemas', file))) return [`schemas/${file}: was removed; put it back, recorded events need it for ever`];
  return compareSchemas(json(contracts, 'released/schemas', file), json(contracts, 'schemas', file)).map(
    (problem) => `schemas/${file} ${problem}`,
  );
};

const compareExample = (contracts) => (file) => {
  if (!existsSync(join(contracts, 'examples', file)))
    return [`examples/${file}: was removed; put it back, it stands for data that is recorded`];
  return same(json(contracts, 'released/examples', file), json(contracts, 'examples', file))
    ? []
    : [`examples/${file}: was changed; put it back and add another`];
};

/**
 * Everything in a contracts folder that breaks what its `released` folder promised.
 * @param {string} contracts
 * @returns {string[]}
 */
export const incompatibilities = (contracts) => [
  ...filesIn(join(contracts, 'released/schemas')).flatMap(compareSchemaFile(contracts)),
  ...filesIn(join(contracts, 'released/examples')).flatMap(compareExample(contracts)),
];

const main = (contracts) => {
  const problems = incompatibilities(contracts);
  if (problems.length === 0) return 0;
  process.stderr.write(`${problems.join('\n')}\n\n`);
  process.stderr.write(
    'Released versions never change: inside a version only optional fields may be added. Put the schema back, add <name>.v<N+1>.schema.json with its examples, and an upcaster in libs/contracts/src/upcasters.ts.\n',
  );
  return 1;
};

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = main(process.argv[2] ?? join(import.meta.dirname, '../../../contracts'));
}
