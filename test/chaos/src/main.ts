import { DataFolder, Parts } from '@muster/local';
import { type Options, readOptions, USAGE } from './options.ts';
import { runChaos } from './run-chaos.ts';

let options: Options;
try {
  options = readOptions(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n${USAGE}`);
  process.exit(2);
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const parts = new Parts(say);
const data = DataFolder.temporary();
const abort = new AbortController();
let stopping: Promise<void> | undefined;

/** Stops every process that was started, once, whatever happened. */
function stop(code: number): Promise<void> {
  abort.abort(new Error('stopped by a signal'));
  stopping ??= parts.stop().then(() => {
    if (options.keep || code === 1) say(`data and logs are kept in ${data.path}`);
    else data.close();
    process.exit(code);
  });
  return stopping;
}
process.on('SIGINT', () => void stop(130));
process.on('SIGTERM', () => void stop(143));

try {
  const right = await runChaos({ parts, data, options, say, signal: abort.signal });
  await stop(right ? 0 : 1);
} catch (error) {
  process.stderr.write(`${(error as Error).stack ?? String(error)}\n`);
  await stop(1);
}
