import type { ConnectionFile } from '@muster/connector';
import { DataFolder } from './data-folder.ts';
import { type Hired, hireAndWatch, type Step } from './hire.ts';
import { type Options, parseOptions, USAGE, UsageError } from './options.ts';
import { checkConnectionFile, ConfigUnusable, hintAboutFlows, hintAboutSubscribers } from './own-systems.ts';
import { Parts } from './parts.ts';
import { type Product, startProduct } from './product.ts';
import { askAdmin } from './sandboxes.ts';
import { seedCompany } from './seed.ts';

let options: Options;
let own: ConnectionFile | undefined;
try {
  options = parseOptions(process.argv.slice(2));
  if (options.config !== undefined) own = checkConnectionFile(options.config, options.timeFactor);
} catch (error) {
  if (!(error instanceof UsageError || error instanceof ConfigUnusable)) throw error;
  process.stderr.write(`${error.message}\n${error instanceof UsageError ? USAGE : ''}`);
  process.exit(2);
}

const say = (line: string): void => void (options.json ? process.stderr : process.stdout).write(`${line}\n`);
const parts = new Parts(say);
const data = options.data === undefined ? DataFolder.temporary() : DataFolder.open(options.data);
let stopping: Promise<void> | undefined;

/** Ends everything once; a second signal does not wait for it. */
function stop(code: number): Promise<void> {
  if (stopping) process.exit(code);
  if (code === 0 && options.command === 'start') say('\nstopping');
  stopping = parts.stop().then(() => {
    data.close();
    process.exit(code);
  });
  return stopping;
}
process.on('SIGINT', () => void stop(0));
process.on('SIGTERM', () => void stop(0));

const showStep = ({ step, afterMs, detail }: Step): void =>
  say(`  ${`${(afterMs / 1000).toFixed(1)} s`.padStart(8)}  ${step.padEnd(22)} ${detail}`);

async function hire(product: Product): Promise<Hired | undefined> {
  const { sandboxes, consoleUrl } = product;
  if (!sandboxes) return undefined;
  const console = { url: consoleUrl, token: data.token('token') };
  if (data.isNew) {
    say('\nseeding a company: 200 workers, 30 groups, 8 apps');
    await seedCompany({ sandboxes, console, hrToken: data.token('hr-token'), say });
    data.seeded();
  } else await askAdmin(sandboxes, '/hr/subscription', { target: `${consoleUrl}/scim/v2/hr-main/Bulk`, token: data.token('hr-token') });
  say('\na hire, step by step');
  return hireAndWatch({ sandboxes, console, onStep: showStep });
}

try {
  say(`Muster starts in ${data.path}`);
  const product = await startProduct(parts, data, options);
  const hired = await hire(product);
  if (options.command === 'demo') {
    if (options.json) process.stdout.write(`${JSON.stringify({ transport: options.transport, ...hired })}\n`);
    else say("\nevery step was seen in the vendors' own APIs and in the timeline");
    await stop(0);
  }
  const hints = own ? [hintAboutFlows(data), hintAboutSubscribers(own, options.transport)] : [];
  for (const hint of hints) if (hint !== undefined) say(`\n${hint}`);
  say(`\nconsole   ${product.consoleUrl}   token in ${data.file('token')}`);
  say(`try       npx muster --data ${data.path} ${hired ? `timeline ${hired.employeeNumber}` : 'status'}`);
  say('Ctrl-C stops everything');
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  await stop(1);
}
