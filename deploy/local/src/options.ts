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
  const command = positionals[0] ?? 'start';
  if (command !== 'start' && command !== 'demo') throw new UsageError(`unknown command "${command}"`);
  const timeFactor = Number(values['time-factor'] ?? (values.config ? 1 : 20));
  if (!(timeFactor >= 1 && timeFactor <= 1_000))
    throw new UsageError(`--time-factor is "${values['time-factor']}"; give a number from 1 to 1000`);
  if (command === 'demo' && values.config) throw new UsageError('the demo runs on sandboxes only: leave --config out');
  return {
    command,
    transport: values.kafka ? 'kafka' : 'embedded',
    data: values.data ? resolve(values.data) : command === 'demo' ? undefined : resolve('.muster'),
    config: values.config ? resolve(values.config) : undefined,
    json: values.json ?? false,
    timeFactor,
  };
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
