import { readFileSync } from 'node:fs';
import { EnvironmentReader } from '@muster/service-kit';

/** What the console needs beside the settings of every service. */
export interface ConsoleConfig {
  /** By service name, where it answers. */
  readonly services: Readonly<Record<string, string>>;
  /** What operators present. */
  readonly operatorToken: string;
  /** Folder of flow files; they are published at the start if they changed. */
  readonly flowsFolder: string;
}

/** @throws SettingsError naming every variable that is missing or wrong. */
export function readConsoleConfig(variables: NodeJS.ProcessEnv): ConsoleConfig {
  const read = new EnvironmentReader(variables);
  const config = {
    services: servicesOf(read, read.text('MUSTER_SERVICES', 'a JSON object of names and addresses, or file:PATH of one')),
    operatorToken: read.token('MUSTER_OPERATOR_TOKEN_FILE'),
    flowsFolder: read.text('MUSTER_FLOWS', 'the folder of flow files'),
  };
  read.done();
  return config;
}

/** `file:PATH` of a JSON object, or the object itself: `{"reconciliation":"http://127.0.0.1:4001"}`. */
function servicesOf(read: EnvironmentReader, text: string): Record<string, string> {
  if (text === '') return {};
  try {
    const parsed: unknown = JSON.parse(text.startsWith('file:') ? readFileSync(text.slice(5), 'utf8') : text);
    const entries = Object.entries(parsed as Record<string, unknown>);
    const good = entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string' && URL.canParse(entry[1]));
    if (good.length < entries.length)
      read.problem('MUSTER_SERVICES holds something that is no address; write every one as http://host:port');
    return Object.fromEntries(good);
  } catch (error) {
    read.problem(
      `MUSTER_SERVICES is not a JSON object of addresses (${(error as Error).message}); write {"reconciliation":"http://host:port", ...}`,
    );
    return {};
  }
}
