import { EnvironmentReader } from './environment.ts';

/** What every service needs to know. Secrets are held as file contents and are never logged. */
export interface Settings {
  readonly store: string;
  readonly database: string;
  readonly masterKeyFile: string;
  readonly transport: { readonly kind: 'embedded' } | { readonly kind: 'kafka'; readonly brokers: readonly string[] };
  readonly connectionsFile: string;
  readonly http: { readonly host: string; readonly port: number };
  readonly internalToken: string;
  /** Scales due times, settle times and budgets together; 1 in production. */
  readonly timeFactor: number;
  readonly logLevel: string;
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/**
 * Settings from the environment.
 *
 * @throws SettingsError naming every variable that is missing or wrong.
 */
export function readSettings(variables: NodeJS.ProcessEnv): Settings {
  const read = new EnvironmentReader(variables);
  const kind = read.oneOf('MUSTER_TRANSPORT', ['embedded', 'kafka'], 'embedded');
  const brokers = kind === 'kafka' ? read.text('MUSTER_KAFKA', 'the brokers, as host:port,host:port').split(',').filter(Boolean) : [];
  const settings: Settings = {
    store: read.address('MUSTER_STORE', ['esdb', 'esdb+discover'], 'the connection string of EventStoreDB, as esdb://host:2113'),
    database: read.address(
      'MUSTER_DATABASE',
      ['postgres', 'postgresql'],
      'the address of PostgreSQL, as postgres://user:password@host/database',
    ),
    masterKeyFile: read.text('MUSTER_MASTER_KEY_FILE', 'the path of the master key; the first start makes the file'),
    transport: kind === 'kafka' ? { kind, brokers } : { kind },
    connectionsFile: read.path('MUSTER_CONNECTIONS', 'the path of a connection file'),
    http: { host: read.textOr('MUSTER_HTTP_HOST', '127.0.0.1'), port: read.number('MUSTER_HTTP_PORT', 0, { min: 0, max: 65_535 }) },
    internalToken: read.token('MUSTER_INTERNAL_TOKEN_FILE'),
    timeFactor: read.number('MUSTER_TIME_FACTOR', 1, { min: 1, max: 1_000 }),
    logLevel: read.oneOf('MUSTER_LOG_LEVEL', LOG_LEVELS, 'info'),
  };
  read.done();
  return settings;
}
