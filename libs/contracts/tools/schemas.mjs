import { globSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { keySubject } from '../src/streams.ts';

const FILE = /^([a-z]+)\/([a-z0-9-]+)\.v([1-9][0-9]*)\.schema\.json$/;

/**
 * @typedef {object} Schema
 * @property {string} id `muster:<area>/<name>.v<N>`
 * @property {string} area
 * @property {string} name
 * @property {number} version
 * @property {string} title
 * @property {string} typeName the title, followed by V<N> if a newer version exists
 * @property {boolean} newest
 * @property {'event' | 'message' | 'shape'} kind
 * @property {string[]} streams
 * @property {string[]} personal
 * @property {any} schema
 * @property {string} file relative to contracts/schemas
 */

const listOf = (value) => (value === undefined ? [] : [value].flat());

const personalOf = (schema) =>
  Object.entries(schema.properties ?? {})
    .filter(([, property]) => property['x-personal'] === true)
    .map(([name]) => name);

const kindOf = (area, streams) => {
  if (area === 'common') return 'shape';
  return streams.length > 0 ? 'event' : 'message';
};

const countMarks = (node) =>
  node === null || typeof node !== 'object'
    ? 0
    : Object.entries(node).reduce((sum, [key, child]) => sum + (key === 'x-personal' ? 1 : countMarks(child)), 0);

const namingProblems = ({ id, schema }) => [
  schema.$id === id ? undefined : `$id must be ${id}`,
  schema.$schema === 'https://json-schema.org/draft/2020-12/schema' ? undefined : '$schema must be draft 2020-12',
  /^[A-Z][A-Za-z0-9]+$/.test(schema.title ?? '') ? undefined : 'title must be a type name such as WorkerRecorded',
  schema.description ? undefined : 'description is missing',
];

const hasKeys = (streams) => streams.length > 0 && streams.every((stream) => keySubject(`${stream}-x`) !== undefined);

const markingProblems = ({ schema, streams, personal }, categories) => [
  ...streams.filter((stream) => !categories.includes(stream)).map((stream) => `x-stream "${stream}" is no stream category`),
  countMarks(schema) === personal.length ? undefined : 'x-personal may stand on top-level properties only, as true',
  personal.length === 0 || hasKeys(streams)
    ? undefined
    : `${personal.join(', ')} cannot be encrypted: streams of ${streams.join(', ') || 'no category'} have no key`,
];

const problemsOf = (entry, categories) =>
  [...namingProblems(entry), ...markingProblems(entry, categories)].filter(Boolean).map((problem) => `${entry.file}: ${problem}`);

const read = (folder, file) => {
  const [, area, name, version] = FILE.exec(file) ?? [];
  if (!area) throw new Error(`${file}: a schema file is named <area>/<name>.v<N>.schema.json`);
  const schema = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  const streams = listOf(schema['x-stream']);
  return {
    id: `muster:${area}/${name}.v${version}`,
    area,
    name,
    version: Number(version),
    title: schema.title,
    kind: kindOf(area, streams),
    streams,
    personal: personalOf(schema),
    schema,
    file,
  };
};

const titleClashes = (schemas) => {
  const owners = new Map();
  const problems = [];
  for (const { title, area, name, file } of schemas) {
    const owner = owners.get(title) ?? `${area}/${name}`;
    if (owner !== `${area}/${name}`) problems.push(`${file}: title ${title} is taken by ${owner}`);
    owners.set(title, owner);
  }
  return problems;
};

const unresolved = (schemas) => {
  const ids = new Set(schemas.map(({ id }) => id));
  const problems = [];
  const visit = (file, node) => {
    if (node === null || typeof node !== 'object') return;
    if (typeof node.$ref === 'string' && !node.$ref.startsWith('#') && !ids.has(node.$ref))
      problems.push(`${file}: $ref ${node.$ref} leads nowhere`);
    for (const child of Object.values(node)) visit(file, child);
  };
  for (const { file, schema } of schemas) visit(file, schema);
  return problems;
};

/**
 * Reads every schema, ordered by id. Throws one error that lists everything that breaks the conventions.
 * @param {string} folder contracts/schemas
 * @param {readonly string[]} categories the stream categories that exist
 * @returns {Schema[]}
 */
export const loadSchemas = (folder, categories) => {
  const files = globSync('**/*.json', { cwd: folder })
    .map((file) => file.split(sep).join('/'))
    .toSorted();
  const schemas = files.map((file) => read(folder, file));
  const problems = [...schemas.flatMap((schema) => problemsOf(schema, categories)), ...titleClashes(schemas), ...unresolved(schemas)];
  if (problems.length > 0) throw new Error(`The schemas break the conventions:\n  ${problems.join('\n  ')}`);
  const newest = new Map();
  for (const { title, version } of schemas) newest.set(title, Math.max(version, newest.get(title) ?? 0));
  return schemas.map((schema) => {
    const isNewest = newest.get(schema.title) === schema.version;
    return { ...schema, newest: isNewest, typeName: isNewest ? schema.title : `${schema.title}V${schema.version}` };
  });
};

/** Copies a schema with every `$ref` to a schema's id replaced by what `to` makes of it. */
export const mapRefs = (node, to) => {
  if (Array.isArray(node)) return node.map((child) => mapRefs(child, to));
  if (node === null || typeof node !== 'object') return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => [
      key,
      key === '$ref' && typeof value === 'string' && value.startsWith('muster:') ? to(value) : mapRefs(value, to),
    ]),
  );
};
