import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../..');
const generate = (where: string, ...flags: string[]) =>
  spawnSync(process.execPath, [join(where, 'libs/contracts/tools/generate.mjs'), ...flags], { encoding: 'utf8', timeout: 30_000 });

it('the generated files are those of the schemas', () => {
  const { status, stderr } = generate(root, '--check');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
}, 30_000);

describe('generation, in a copy', () => {
  const copy = mkdtempSync(join(tmpdir(), 'generate-'));
  const schemaFile = join(copy, 'contracts/schemas/identity/case-resolved.v1.schema.json');
  const original = readFileSync(join(root, 'contracts/schemas/identity/case-resolved.v1.schema.json'), 'utf8');

  beforeAll(() => {
    mkdirSync(join(copy, 'libs'), { recursive: true });
    cpSync(join(root, 'contracts'), join(copy, 'contracts'), { recursive: true });
    for (const part of ['src', 'tools', 'package.json'])
      cpSync(join(root, 'libs/contracts', part), join(copy, 'libs/contracts', part), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  });
  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  const withSchema = (change: (schema: Record<string, unknown> & { properties: Record<string, unknown> }) => void, ...flags: string[]) => {
    const schema = JSON.parse(original);
    change(schema);
    writeFileSync(schemaFile, JSON.stringify(schema));
    return generate(copy, ...flags);
  };

  it('names each file that a changed schema has left behind, and the way out', () => {
    const { status, stderr } = withSchema((schema) => (schema.properties['note'] = { type: 'string' }), '--check');
    expect(status).toBe(1);
    expect(stderr).toMatch(/libs\/contracts\/src\/generated\/types\.ts differs from line \d+ on/);
    expect(stderr).toContain('libs/contracts/src/generated/validators.ts differs');
    expect(stderr).toContain('npm run generate');
  }, 30_000);

  it.each<[string, (schema: Record<string, unknown> & { properties: Record<string, unknown> }) => void, string]>([
    [
      'a personal field in a stream without a key',
      (schema) => (schema.properties['note'] = { type: 'string', 'x-personal': true }),
      'note cannot be encrypted',
    ],
    [
      'a mark below the top level',
      (schema) => (schema.properties['note'] = { type: 'object', properties: { a: { 'x-personal': true } } }),
      'x-personal may stand on top-level properties only',
    ],
    ['a stream category that does not exist', (schema) => (schema['x-stream'] = 'cases'), 'x-stream "cases" is no stream category'],
    [
      'an id that is not the file name',
      (schema) => (schema['$id'] = 'muster:identity/other.v1'),
      '$id must be muster:identity/case-resolved.v1',
    ],
    ['a title that is taken', (schema) => (schema['title'] = 'CaseOpened'), 'title CaseOpened is taken'],
    [
      'a reference that leads nowhere',
      (schema) => (schema.properties['note'] = { $ref: 'muster:common/nothing.v1' }),
      '$ref muster:common/nothing.v1 leads nowhere',
    ],
    ['no description', (schema) => delete schema['description'], 'description is missing'],
  ])(
    'refuses %s',
    (_, change, message) => {
      const { status, stderr } = withSchema(change);
      expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining(message) });
    },
    30_000,
  );
});
