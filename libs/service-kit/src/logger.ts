import { type DestinationStream, type Logger, pino } from 'pino';

/** Names under which a secret or personal data could reach a log line. Their values are replaced before anything is written. */
const NEVER_LOGGED = [
  'authorization',
  'password',
  'token',
  'secret',
  'clientSecret',
  'privateKey',
  'credential',
  'record',
  'profile',
  'attributes',
  'value',
  'login',
];

/** A logger that writes one JSON line per event to standard error and censors secrets and personal fields up to three levels deep. */
export function createLogger(service: string, level: string, to: DestinationStream = pino.destination({ fd: 2, sync: false })): Logger {
  const paths = NEVER_LOGGED.flatMap((name) => [name, `*.${name}`, `*.*.${name}`, `*.*.*.${name}`]);
  return pino({ name: service, level, redact: { paths, censor: '[redacted]' } }, to);
}
