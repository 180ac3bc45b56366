import { benchEventNode } from './bench-event-node.ts';
import { benchHire } from './bench-hire.ts';
import { benchImport } from './bench-import.ts';

const benchmarks: Readonly<Record<string, (say: (line: string) => void, args: readonly string[]) => Promise<void>>> = {
  'event-node': benchEventNode,
  hire: benchHire,
  import: benchImport,
};

const [name = '', ...args] = process.argv.slice(2);
const run = benchmarks[name];
if (!run) {
  process.stderr.write(`usage: npm run bench -- NAME      one of: ${Object.keys(benchmarks).join(', ')}\n`);
  process.exit(2);
}
await run((line) => void process.stdout.write(`${line}\n`), args);
process.exit(0);
