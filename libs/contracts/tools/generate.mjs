/**
 * Generates everything that follows from contracts/schemas and from the registries in src: types, catalogue, validators, AsyncAPI, error page.
 * `--check` writes nothing and fails if a committed file differs.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { emitAsyncApi } from './emit-asyncapi.mjs';
import { emitCatalogue, emitTypes, emitValidators } from './emit-code.mjs';
import { emitErrors } from './emit-errors.mjs';
import { loadSchemas } from './schemas.mjs';
import { categories } from '../src/streams.ts';

const library = join(import.meta.dirname, '..');
const root = join(library, '../..');
const contracts = join(root, 'contracts');

const generateAll = async () => {
  const schemas = loadSchemas(join(contracts, 'schemas'), categories);
  return new Map([
    [join(library, 'src/generated/types.ts'), await emitTypes(schemas)],
    [join(library, 'src/generated/catalogue.ts'), emitCatalogue(schemas)],
    [join(library, 'src/generated/validators.ts'), emitValidators(schemas)],
    [join(contracts, 'asyncapi/muster.asyncapi.yaml'), emitAsyncApi(schemas)],
    [join(contracts, 'errors.md'), emitErrors()],
  ]);
};

const current = (file) => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
};

const firstDifference = (is, wanted) => {
  if (is === undefined) return 'is missing';
  const lines = is.split('\n');
  const line = wanted.split('\n').findIndex((text, index) => text !== lines[index]);
  return `differs from line ${(line < 0 ? lines.length : line) + 1} on`;
};

const main = async () => {
  const files = await generateAll();
  const stale = [...files].filter(([file, text]) => current(file) !== text);
  if (process.argv.includes('--check')) {
    for (const [file, text] of stale) process.stderr.write(`${relative(root, file)} ${firstDifference(current(file), text)}\n`);
    if (stale.length > 0) {
      process.stderr.write('Generated files do not match the schemas: run `npm run generate` and commit the result.\n');
      process.exitCode = 1;
    }
    return;
  }
  for (const [file, text] of stale) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    process.stdout.write(`${relative(root, file)} written\n`);
  }
  if (stale.length === 0) process.stdout.write('Everything is up to date.\n');
};

try {
  await main();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
