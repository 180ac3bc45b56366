import { startEventNodeWorker } from '@muster/event-node';
import { startKafka } from '@muster/kafka-local';
import { startEmbeddedPostgres } from '@muster/read-store/embedded';
import { writeConnections } from './connections-file.ts';
import type { DataFolder } from './data-folder.ts';
import { flowsFolder } from './flow-files.ts';
import type { Options } from './options.ts';
import type { Parts } from './parts.ts';
import { type Sandboxes, startSandboxes } from './sandboxes.ts';
import { type CompanySize, fillSandboxes } from './seed.ts';
import { type ServiceEnvironment, startInProcess, startProcesses } from './services.ts';

/** The whole product, running on this machine. */
export interface Product {
  readonly consoleUrl: string;
  readonly environment: ServiceEnvironment;
  /** Absent when a person brought their own connections. */
  readonly sandboxes?: Sandboxes;
}

/** Starts everything in order. What was started is in `parts`, also when this fails half-way. */
export async function startProduct(parts: Parts, data: DataFolder, options: Options, size?: CompanySize): Promise<Product> {
  const { timeFactor, transport } = options;
  const database = await parts.start(
    'PostgreSQL',
    () => startEmbeddedPostgres({ dataDir: data.folder('postgres') }),
    (server) => server.stop(),
    ({ url }) => url.replace(/:[^:@/]+@/, ':***@'),
  );
  const store = await parts.start(
    'event store',
    () => startEventNodeWorker({ dataDir: data.folder('events') }),
    (node) => node.close(),
    ({ connectionString }) => connectionString,
  );
  const kafka =
    transport === 'kafka'
      ? await parts.start(
          'Kafka',
          () => startKafka({ dataDir: data.folder('kafka') }),
          (broker) => broker.stop(),
          ({ brokers }) => brokers,
        )
      : undefined;
  const sandboxes = options.config
    ? undefined
    : await parts.start(
        'sandboxes',
        () => startSandboxes(data, timeFactor),
        ({ child }) => child.stop(),
        ({ addresses }) => `${addresses.okta.url} (Okta), ${addresses.entra.graphUrl} (Graph), ${addresses.adminUrl} (HR, admin)`,
      );
  if (sandboxes && data.isNew) await fillSandboxes(sandboxes, size);
  const environment = environmentOf({
    data,
    options,
    database: database.url,
    store: store.connectionString,
    kafka: kafka?.brokers,
    sandboxes,
  });
  const start = transport === 'kafka' ? startProcesses : startInProcess;
  const consoleUrl = await start(parts, data, environment);
  data.write('console.json', JSON.stringify({ url: consoleUrl }));
  return { consoleUrl, environment, ...(sandboxes ? { sandboxes } : {}) };
}

/** What the services have to be told. */
export interface Started {
  readonly data: DataFolder;
  readonly options: Pick<Options, 'transport' | 'config' | 'timeFactor'>;
  readonly database: string;
  readonly store: string;
  readonly kafka: string | undefined;
  readonly sandboxes: Sandboxes | undefined;
}

/** The environment of every service; makes the tokens and files that it names. */
export function environmentOf({ data, options, database, store, kafka, sandboxes }: Started): ServiceEnvironment {
  data.token('token');
  data.token('internal-token');
  return {
    MUSTER_STORE: store,
    MUSTER_DATABASE: database,
    MUSTER_MASTER_KEY_FILE: data.file('master-key'),
    MUSTER_TRANSPORT: options.transport,
    ...(kafka === undefined ? {} : { MUSTER_KAFKA: kafka }),
    MUSTER_CONNECTIONS: options.config ?? (sandboxes ? writeConnections(data, sandboxes.addresses) : ''),
    MUSTER_FLOWS: flowsFolder(data, options.config === undefined),
    MUSTER_TIME_FACTOR: String(options.timeFactor),
    MUSTER_INTERNAL_TOKEN_FILE: data.file('internal-token'),
    MUSTER_OPERATOR_TOKEN_FILE: data.file('token'),
    MUSTER_SERVICES: `file:${data.file('services.json')}`,
    MUSTER_LOG_LEVEL: process.env['MUSTER_LOG_LEVEL'] ?? 'warn',
    ...(sandboxes ? { NODE_EXTRA_CA_CERTS: sandboxes.addresses.caFile } : {}),
  };
}
