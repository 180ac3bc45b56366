import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** What a person asked the launcher for. */
export interface Options {
  readonly command: 'start' | 'demo';
  readonly transport: 'embedded' | 'kafka';
  /** Folder that keeps everything between two starts; a demo without one uses a temporary folder. */
  readonly data: string | undefined;
  /** Connection file of the user's own systems, instead of the sandboxes. */
  readonly config: string | undefined;
  readonly json: boolean;
  readonly timeFactor: number;
}

export class UsageError extends Error {}

export const USAGE = `usage:
  npm start -- [--data DIR] [--config FILE] [--time-factor N]      the whole product on this machine
  npm run start:kafka -- [the same]                                with real Kafka, every service a process
  npm run demo -- [--kafka] [--json]                               one hire from end to end, in a temporary folder
`;

/** @throws UsageError with the cause in words. */
export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = read(args);
  const command = commandOf(positionals);
  if (command === 'demo' && values.config) throw new UsageError('the demo runs on sandboxes only: leave --config out');
  return {
    command,
    transport: values.kafka ? 'kafka' : 'embedded',
    data: values.data ? resolve(values.data) : dataOf(command),
    config: values.config ? resolve(values.config) : undefined,
    json: values.json ?? false,
    timeFactor: timeFactorOf(values['time-factor'], values.config === undefined),
  };
}

function commandOf([command = 'start', ...rest]: readonly string[]): Options['command'] {
  if ((command === 'start' || command === 'demo') && rest.length === 0) return command;
  throw new UsageError(`unknown command "${[command, ...rest].join(' ')}"`);
}

const dataOf = (command: Options['command']): string | undefined => (command === 'demo' ? undefined : resolve('.muster'));

/** Sandboxes run twenty times as fast as the real systems, so that settle times are seconds; the user's own systems run as they are. */
function timeFactorOf(given: string | undefined, onSandboxes: boolean): number {
  const factor = Number(given ?? (onSandboxes ? 20 : 1));
  if (factor >= 1 && factor <= 1_000) return factor;
  throw new UsageError(`--time-factor is "${given}"; give a number from 1 to 1000`);
}

function read(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        kafka: { type: 'boolean' },
        json: { type: 'boolean' },
        data: { type: 'string' },
        config: { type: 'string' },
        'time-factor': { type: 'string' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
