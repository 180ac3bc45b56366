import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ConnectionFile, parseConnectionFile } from '@muster/connector';
import type { DataFolder } from './data-folder.ts';

/** A connection file that cannot be used, in words for the person who wrote it. */
export class ConfigUnusable extends Error {}

/**
 * Reads a connection file as the services will, before anything is started for it.
 *
 * @throws ConfigUnusable naming every problem with line, field and remedy
 */
export function checkConnectionFile(file: string, timeFactor: number): ConnectionFile {
  try {
    return parseConnectionFile(readFileSync(file, 'utf8'), {
      file,
      timeFactor,
      env: process.env,
      readFile: (path) => readFileSync(path, 'utf8'),
    });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const unreadable = code !== undefined && ['ENOENT', 'EACCES', 'EISDIR', 'ENOTDIR'].includes(code);
    throw new ConfigUnusable(
      unreadable ? `--config names ${file}, which cannot be read (${code}); name a connection file, see libs/connector/README.md` : message,
    );
  }
}

/** What a person should know who brings own systems and no flows; nothing otherwise. */
export function hintAboutFlows(data: DataFolder): string | undefined {
  const folder = data.folder('flows');
  if (readdirSync(folder).some((name) => /\.flow\.ya?ml$/.test(name))) return undefined;
  return `no flow file stands in ${folder}: everything is read, nothing is planned. Copy some of ${join('libs', 'flow', 'templates')} and start again`;
}

/** What a person should know whose file names subscribers where nothing is published; nothing otherwise. */
export function hintAboutSubscribers({ subscribers }: ConnectionFile, transport: 'embedded' | 'kafka'): string | undefined {
  if (subscribers.length === 0 || transport === 'kafka') return undefined;
  return `the connection file names subscribers, but there is no broker and so no topic for them: start with npm run start:kafka`;
}
