import { parentPort, workerData } from 'node:worker_threads';
import { startEventNode, type EventNode, type EventNodeOptions } from './start.ts';

/** What the thread says: `failed` once instead of `ready`; `fatal` at any time after. */
export type FromWorker =
  | { kind: 'ready'; port: number }
  | { kind: 'failed'; error: Error }
  | { kind: 'fatal'; error: Error }
  | { kind: 'closed' };

const say = (message: FromWorker): void => parentPort?.postMessage(message);

const run = async (options: EventNodeOptions): Promise<void> => {
  let node: EventNode;
  try {
    node = await startEventNode({ ...options, onFatal: (error) => say({ kind: 'fatal', error }) });
  } catch (error) {
    return say({ kind: 'failed', error: error as Error });
  }
  parentPort?.once('message', () => {
    void node.close().then(() => {
      say({ kind: 'closed' });
      parentPort?.close();
    });
  });
  say({ kind: 'ready', port: node.port });
};

await run(workerData as EventNodeOptions);
