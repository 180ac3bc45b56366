import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { codes } from './index.ts';

const ROOT = join(import.meta.dirname, '../../..');
const NOT_RAISED = /\.(spec|e2e)\.ts$|[/\\](testing|conformance|simulation|generated)[/\\]|[/\\]testing\.ts$/;

const sources = (): string[] =>
  ['libs', 'services', 'deploy'].flatMap((layer) =>
    readdirSync(join(ROOT, layer)).flatMap((name) => {
      const folder = join(ROOT, layer, name, 'src');
      return filesOf(folder).filter((file) => file.endsWith('.ts') && !NOT_RAISED.test(file));
    }),
  );

const filesOf = (folder: string): string[] => {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file));
  } catch {
    return [];
  }
};

const CODE = String.raw`[a-z]+\.[a-z]+(?:_[a-z]+)*`;
/** `code: 'a.b'`, `code = 'a.b'`, `code: string = 'a.b'`. */
const GIVEN = new RegExp(String.raw`\bcode(?:: string)?\s*[:=]\s*'(${CODE})'`, 'g');
const ANY = new RegExp(`'(${CODE})'`, 'g');

/** Areas whose words stand for nothing but codes. */
const AREAS = new Set(Object.keys(codes).map((code) => code.split('.')[0]));
/** The same form, and no code: names of things that are kept elsewhere. */
const OTHER_WORDS = new Set(['service.name', 'flow.version', 'broker.pid', 'broker.json']);

const raised = (file: string): string[] => {
  const text = readFileSync(file, 'utf8');
  const given = [...text.matchAll(GIVEN)].map(([, code = '']) => code);
  const ofAreas = [...text.matchAll(ANY)].map(([, code = '']) => code).filter((code) => AREAS.has(code.split('.')[0] ?? ''));
  return [...new Set([...given, ...ofAreas])].filter((code) => !OTHER_WORDS.has(code));
};

describe('every code that is raised anywhere', () => {
  const files = sources();

  it('is looked for in the whole product', () => {
    const layers = new Set(files.map((file) => relative(ROOT, file).split(sep).slice(0, 2).join('/')));
    for (const expected of ['libs/event-store', 'libs/connector-okta', 'services/provisioning', 'deploy/local'])
      expect(layers).toContain(expected);
    expect(new Set(files.flatMap(raised)).size).toBeGreaterThan(30);
  });

  it('stands in the registry', () => {
    const unknown = files.flatMap((file) =>
      raised(file)
        .filter((code) => !Object.hasOwn(codes, code))
        .map((code) => `${code} (${relative(ROOT, file)})`),
    );
    expect(unknown).toEqual([]);
  });
});
