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
  const brokers = kind === 'kafka' ? read.text('MUSTER_KAFKA').split(',').filter(Boolean) : [];
  const settings: Settings = {
    store: read.text('MUSTER_STORE'),
    database: read.text('MUSTER_DATABASE'),
    masterKeyFile: read.text('MUSTER_MASTER_KEY_FILE'),
    transport: kind === 'kafka' ? { kind, brokers } : { kind },
    connectionsFile: read.text('MUSTER_CONNECTIONS'),
    http: { host: read.text('MUSTER_HTTP_HOST', '127.0.0.1'), port: read.number('MUSTER_HTTP_PORT', 0, { min: 0, max: 65_535 }) },
    internalToken: read.file('MUSTER_INTERNAL_TOKEN_FILE').trim(),
    timeFactor: read.number('MUSTER_TIME_FACTOR', 1, { min: 1, max: 1_000 }),
    logLevel: read.oneOf('MUSTER_LOG_LEVEL', LOG_LEVELS, 'info'),
  };
  if (settings.internalToken && settings.internalToken.length < 32) {
    read.problem('MUSTER_INTERNAL_TOKEN_FILE holds less than 32 characters; put a random token of 32 or more into it');
  }
  read.done();
  return settings;
}
