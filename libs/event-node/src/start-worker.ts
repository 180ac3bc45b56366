import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { CannotOpen } from './database.ts';
import { endProcess, fileOf, type EventNode, type EventNodeOptions } from './start.ts';
import type { FromWorker } from './worker.ts';

// Beside this file as it runs: compiled, or as source where Node strips the types.
const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);

const firstWord = async (worker: Worker): Promise<FromWorker> => {
  const [message] = (await once(worker, 'message')) as [FromWorker];
  return message;
};

/** The same as `startEventNode` in a thread of its own: writes and reads of the store do not hold up this one. */
export const startEventNodeWorker = async (options: EventNodeOptions): Promise<EventNode> => {
  const { onFatal = endProcess, ...data } = options;
  fileOf(options);
  const worker = new Worker(ENTRY, { workerData: data });
  const started = await firstWord(worker);
  if (started.kind !== 'ready') {
    await worker.terminate();
    const { message } = started.kind === 'failed' ? started.error : new Error('the thread ended');
    throw new CannotOpen(message, { cause: started });
  }
  worker.on('message', (message: FromWorker) => {
    if (message.kind === 'fatal') onFatal(message.error);
  });
  worker.on('error', (error: unknown) => onFatal(error instanceof Error ? error : new Error(String(error))));
  const close = async (): Promise<void> => {
    const gone = once(worker, 'exit');
    worker.postMessage('close');
    await gone;
  };
  let closing: Promise<void> | undefined;
  const { host = '127.0.0.1' } = options;
  return { connectionString: `esdb://${host}:${started.port}?tls=false`, port: started.port, close: () => (closing ??= close()) };
};
