import { describe, expect, it } from '@jest/globals';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { upcast, validateEvent, validateSchema } from './index.ts';
import { catalogue } from './catalogue.ts';

const contracts = join(import.meta.dirname, '../../../contracts');
const json = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));
const folder = (schema: string): string => join(contracts, 'examples', schema.slice('muster:'.length));
const examples = (schema: string, kind: 'valid' | 'invalid'): string[] =>
  globSync('*.json', { cwd: join(folder(schema), kind) }).toSorted((a, b) => (a < b ? -1 : 1));

const schemas = globSync('*/*.schema.json', { cwd: join(contracts, 'schemas') })
  .map((file) => (json(join(contracts, 'schemas', file)) as { $id: string }).$id)
  .toSorted((a, b) => (a < b ? -1 : 1));

it('finds the schemas', () => {
  expect(schemas.length).toBeGreaterThan(40);
});

it('has no examples of a schema that does not exist', () => {
  const described = globSync('*/*.v*', { cwd: join(contracts, 'examples') }).map((path) => `muster:${path.replaceAll('\\', '/')}`);
  expect(described.filter((id) => !schemas.includes(id))).toEqual([]);
});

describe.each(schemas)('%s', (schema) => {
  it('has at least two valid and two invalid examples', () => {
    expect({ valid: examples(schema, 'valid').length >= 2, invalid: examples(schema, 'invalid').length >= 2 }).toEqual({
      valid: true,
      invalid: true,
    });
  });

  it.each(examples(schema, 'valid'))('accepts %s', (file) => {
    expect(validateSchema(schema, json(join(folder(schema), 'valid', file)))).toEqual([]);
  });

  it.each(examples(schema, 'invalid'))('refuses %s for the reason that it names', (file) => {
    const { expect: reasons, data } = json(join(folder(schema), 'invalid', file)) as { expect: string | string[]; data: unknown };
    expect(validateSchema(schema, data).map(({ pointer, keyword }) => `${pointer} ${keyword}`)).toEqual([reasons].flat());
  });
});

it('lifts every valid example of an event to data that the newest version accepts', () => {
  let lifted = 0;
  for (const { type, schema } of catalogue.values()) {
    const name = schema.slice(0, schema.lastIndexOf('.v'));
    for (const version of globSync(`${basename(name)}.v*`, { cwd: join(folder(name), '..') })) {
      const recorded = `${name.slice(0, name.lastIndexOf('/'))}/${version}`;
      for (const file of examples(recorded, 'valid')) {
        const data = json(join(folder(recorded), 'valid', file)) as object;
        expect({ file, problems: validateEvent(type, upcast(type, Number(version.slice(version.lastIndexOf('.v') + 2)), data)) }).toEqual({
          file,
          problems: [],
        });
        lifted++;
      }
    }
  }
  expect(lifted).toBeGreaterThanOrEqual(2 * catalogue.size);
});
