import { parseArgs } from 'node:util';
import { startEventNode } from './start.ts';

const USAGE = 'usage: event-node --data DIR [--port N] [--host ADDRESS] [--max-append BYTES]\n';

const readArguments = () => {
  const { values } = parseArgs({
    options: {
      data: { type: 'string' },
      port: { type: 'string', default: '2113' },
      host: { type: 'string' },
      'max-append': { type: 'string' },
    },
  });
  if (!values.data) throw new Error('--data DIR is missing');
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`--port ${values.port} is not a port`);
  const maxAppendBytes = values['max-append'] === undefined ? undefined : Number(values['max-append']);
  return { dataDir: values.data, port, ...(values.host ? { host: values.host } : {}), ...(maxAppendBytes ? { maxAppendBytes } : {}) };
};

const run = async (): Promise<void> => {
  const node = await startEventNode(readArguments());
  process.stdout.write(`${node.connectionString}\n`);
  const stop = (): void => void node.close().then(() => process.exit(0));
  process.once('SIGTERM', stop).once('SIGINT', stop);
};

run().catch((error: Error) => {
  process.stderr.write(`event-node: ${error.message}\n${error.name === 'CannotOpen' ? '' : USAGE}`);
  process.exit(2);
});
