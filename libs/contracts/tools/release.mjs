/**
 * Takes the schemas and examples into contracts/released, the snapshot that later changes are compared with. Run it once for each release.
 * Refuses while something is incompatible with the snapshot of the release before.
 */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { incompatibilities } from './compat.mjs';

const contracts = process.argv[2] ?? join(import.meta.dirname, '../../../contracts');
const problems = incompatibilities(contracts);
if (problems.length > 0) {
  process.stderr.write(`Not released:\n  ${problems.join('\n  ')}\n`);
  process.exitCode = 1;
} else {
  for (const folder of ['schemas', 'examples']) cpSync(join(contracts, folder), join(contracts, 'released', folder), { recursive: true });
  process.stdout.write('contracts/released holds the schemas and examples as they are now: commit it.\n');
}
