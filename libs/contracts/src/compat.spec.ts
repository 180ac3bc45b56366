import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const tools = join(import.meta.dirname, '../tools');
const contracts = join(import.meta.dirname, '../../../contracts');
const FILE = 'schemas/source/thing-seen.v1.schema.json';
const EXAMPLE = 'examples/source/thing-seen.v1/valid/minimal.json';

interface Node {
  [keyword: string]: unknown;
  properties: Record<string, Node & { enum?: string[] }>;
  required: string[];
}

const schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'muster:source/thing-seen.v1',
  title: 'ThingSeen',
  description: 'A thing was seen.',
  'x-stream': 'account',
  type: 'object',
  properties: {
    name: { type: 'string', 'x-personal': true },
    size: { type: ['integer', 'null'], minimum: 0 },
    colour: { type: 'string', enum: ['red', 'green'] },
    parts: { type: 'array', items: { type: 'object', properties: { id: { type: 'string' }, tag: { type: 'string' } }, required: ['id'] } },
    choice: { anyOf: [{ type: 'string' }, { $ref: 'muster:common/value.v1' }] },
  },
  required: ['name', 'colour'],
  additionalProperties: false,
} as unknown as Node;

let folder: string;
const put = (file: string, content: unknown) => {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), JSON.stringify(content));
};
const run = (tool: string, where = folder) =>
  spawnSync(process.execPath, [join(tools, tool), where], { encoding: 'utf8', timeout: 20_000 });
const changed = (change: (schema: Node) => void) => {
  const copy = structuredClone(schema);
  change(copy);
  put(FILE, copy);
  return run('compat.mjs');
};
const items = (copy: Node) => copy.properties['parts']?.['items'] as Node;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'contracts-'));
  put(FILE, schema);
  put(EXAMPLE, { name: 'a', colour: 'red' });
  expect(run('release.mjs').status).toBe(0);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('inside a released version', () => {
  it.each<[string, (copy: Node) => void]>([
    ['an optional field', (copy) => (copy.properties['note'] = { type: 'string' } as unknown as Node)],
    ['an optional field further down', (copy) => (items(copy).properties['note'] = { type: 'string' } as unknown as Node)],
    ['better words', (copy) => (copy['description'] = 'A thing was seen by a read.')],
    ['another order', (copy) => (copy.required = copy.required.toReversed())],
  ])('%s is accepted', (_, change) => {
    const { status, stderr } = changed(change);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it.each<[string, (copy: Node) => void, string]>([
    ['removing a field', (copy) => delete copy.properties['size'], '/size: was removed'],
    ['removing a field further down', (copy) => delete items(copy).properties['tag'], '/parts (items)/tag: was removed'],
    ['requiring a field', (copy) => copy.required.push('size'), '/size: is newly required'],
    [
      'adding a required field',
      (copy) => {
        copy.properties['note'] = {} as Node;
        copy.required.push('note');
      },
      '/note: is newly required',
    ],
    ['requiring a field further down', (copy) => items(copy).required.push('tag'), '/parts (items)/tag: is newly required'],
    ['letting a field be absent', (copy) => (copy.required = ['name']), '/colour: is no longer required'],
    ['narrowing a type', (copy) => (copy.properties['size']!['type'] = 'integer'), '/size: type no longer allows "null"'],
    ['changing a type', (copy) => (copy.properties['colour']!['type'] = 'number'), '/colour: type no longer allows "string"'],
    [
      'narrowing an enumeration',
      (copy) => (copy.properties['colour']!.enum = ['red']),
      '/colour: the list of values no longer allows "green"',
    ],
    ['widening an enumeration', (copy) => copy.properties['colour']!.enum!.push('blue'), '/colour: the list of values newly allows "blue"'],
    ['a new enumeration', (copy) => (copy.properties['name']!.enum = ['a']), '/name: the list of values is now limited to "a"'],
    ['a new bound', (copy) => (copy.properties['name']!['maxLength'] = 10), '/name: maxLength changed from nothing to 10'],
    ['a tighter bound', (copy) => (copy.properties['size']!['minimum'] = 1), '/size: minimum changed from 0 to 1'],
    [
      'another reference',
      (copy) => ((copy.properties['choice']!['anyOf'] as Node[])[1]!['$ref'] = 'muster:common/profile.v1'),
      '/choice (anyOf 2): $ref changed',
    ],
    ['another alternative', (copy) => (copy.properties['choice']!['anyOf'] as unknown[]).push({ type: 'null' }), '/choice: anyOf changed'],
    ['no longer encrypting a field', (copy) => delete copy.properties['name']!['x-personal'], '/name: x-personal changed'],
    ['another stream', (copy) => (copy['x-stream'] = 'group'), 'x-stream changed'],
    ['another event type', (copy) => (copy['title'] = 'ThingNoticed'), 'title changed'],
  ])('%s is refused', (_, change, message) => {
    const { status, stderr } = changed(change);
    expect(status).toBe(1);
    expect(stderr).toContain(message);
    expect(stderr).toContain('v<N+1>');
    expect(stderr).toContain('upcaster');
  });

  it('removing the schema is refused', () => {
    rmSync(join(folder, FILE));
    const { status, stderr } = run('compat.mjs');
    expect(status).toBe(1);
    expect(stderr).toContain(`${FILE}: was removed`);
  });

  it('removing an example is refused', () => {
    rmSync(join(folder, EXAMPLE));
    const { status, stderr } = run('compat.mjs');
    expect(status).toBe(1);
    expect(stderr).toContain(`${EXAMPLE}: was removed`);
  });

  it('changing an example is refused', () => {
    put(EXAMPLE, { name: 'b', colour: 'red' });
    const { status, stderr } = run('compat.mjs');
    expect(status).toBe(1);
    expect(stderr).toContain(`${EXAMPLE}: was changed`);
  });

  it('a release over an incompatible change is refused and leaves the snapshot as it was', () => {
    const released = join(folder, 'released', FILE);
    const before = readFileSync(released, 'utf8');
    changed((copy) => delete copy.properties['size']);
    expect(run('release.mjs').status).toBe(1);
    expect(readFileSync(released, 'utf8')).toBe(before);
  });
});

describe('the contracts of this repository', () => {
  it('keep what was released', () => {
    const { status, stderr } = run('compat.mjs', contracts);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('refuse the removal of any schema once they are released', () => {
    for (const part of ['schemas', 'examples']) cpSync(join(contracts, part), join(folder, part), { recursive: true });
    expect(run('release.mjs').status).toBe(0);
    rmSync(join(folder, 'schemas/common/command.v1.schema.json'));
    expect(run('compat.mjs').stderr).toContain('schemas/common/command.v1.schema.json: was removed');
  });
});
