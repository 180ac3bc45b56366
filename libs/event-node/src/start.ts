import { join } from 'node:path';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { OpenCall } from './call.ts';
import { EventLog } from './event-log.ts';
import { GroupCommit } from './group-commit.ts';
import { addServices } from './service.ts';
import { stopping } from './statuses.ts';

export interface EventNodeOptions {
  /** The file of events; made if there is none. Either this or `dataDir`. */
  file?: string;
  /** The folder that holds `events.sqlite`. */
  dataDir?: string;
  /** 0: any free port. */
  port?: number;
  host?: string;
  /** The data of one append at most. Default 1 MiB, as EventStoreDB has it. */
  maxAppendBytes?: number;
  /** A commit has failed and the node has stopped serving. Default: says so on standard error and ends the process with code 70. */
  onFatal?: (error: Error) => void;
}

export interface EventNode {
  /** For the official client: `esdb://127.0.0.1:<port>?tls=false`. */
  connectionString: string;
  port: number;
  /** Commits what has arrived, ends open calls with CANCELLED, closes the file. */
  close(): Promise<void>;
}

const MEBIBYTE = 1024 * 1024;
const MAX_EVENT_BYTES = 16 * MEBIBYTE;
const EX_SOFTWARE = 70;

export const endProcess = (error: Error): void => {
  process.stderr.write(
    `event-node: a write to disk failed and it is not known what the disk holds: ${error.message}. Check the disk, then start again.\n`,
  );
  process.exit(EX_SOFTWARE);
};

/** Where the events are: throws TypeError if the options do not say. */
export const fileOf = ({ file, dataDir }: Pick<EventNodeOptions, 'file' | 'dataDir'>): string => {
  if (file) return file;
  if (dataDir) return join(dataDir, 'events.sqlite');
  throw new TypeError('startEventNode needs `file` or `dataDir`');
};

const listen = (server: Server, address: string): Promise<number> =>
  new Promise((resolve, reject) =>
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => (error ? reject(error) : resolve(port))),
  );

const GRACE_MS = 500;

const shutDown = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    const force = setTimeout(() => server.forceShutdown(), GRACE_MS);
    server.tryShutdown(() => {
      clearTimeout(force);
      resolve();
    });
  });

/**
 * Starts the event store in this thread: writes block it for the length of an fsync. Resolves when clients can connect. Throws CannotOpen if another process
 * holds the file, and the error of the socket if the port is taken.
 */
export const startEventNode = async (options: EventNodeOptions): Promise<EventNode> => {
  const { host = '127.0.0.1', port = 0, maxAppendBytes = MEBIBYTE, onFatal = endProcess } = options;
  const log = new EventLog(fileOf(options), maxAppendBytes);
  const calls = new Set<OpenCall>();
  const server = new Server({
    'grpc.max_concurrent_streams': 100,
    'grpc.max_receive_message_length': MAX_EVENT_BYTES + MEBIBYTE,
    'grpc.max_send_message_length': -1,
    // A client that vanished without a word is noticed, and its calls end.
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
  });
  const fatal = (error: Error): void => {
    server.forceShutdown();
    onFatal(error);
  };
  const commits = new GroupCommit(log, { committed: () => calls.forEach((call) => call.notify()), fatal });
  let bound = port;
  addServices(server, {
    log,
    commits,
    calls,
    limits: { maxAppendBytes, maxEventBytes: MAX_EVENT_BYTES },
    address: () => ({ host, port: bound }),
  });
  try {
    bound = await listen(server, `${host}:${port}`);
  } catch (error) {
    log.close();
    throw error;
  }
  const close = async (): Promise<void> => {
    commits.flush();
    for (const call of calls) call.fail(stopping());
    await shutDown(server);
    commits.end();
    log.close();
  };
  let closing: Promise<void> | undefined;
  return { connectionString: `esdb://${host}:${bound}?tls=false`, port: bound, close: () => (closing ??= close()) };
};
