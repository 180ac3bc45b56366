import { LineCounter, isMap, isSeq, parseDocument } from 'yaml';
import type { Document } from 'yaml';
import type { ConnectionConfig } from './connection-config.ts';
import { readConnection } from './connection-entry.ts';
import type { SecretSources } from './connection-entry.ts';
import { ConnectionFileInvalid, Problems } from './config-problems.ts';
import { readSubscribers } from './subscriber-entry.ts';
import type { SubscriberConfig } from './subscriber-entry.ts';

export interface ParseOptions extends SecretSources {
  /** Named in messages. */
  file: string;
  timeFactor?: number;
}

/** What a connection file says. */
export interface ConnectionFile {
  connections: ConnectionConfig[];
  /** Systems with topics of their own. */
  subscribers: SubscriberConfig[];
}

const MAX_CONNECTIONS = 200;
const AT_THE_TOP = ['connections', 'subscribers'];

const topOf = (document: Document, problems: Problems): { entries: unknown[]; subscribers?: unknown } => {
  const root = document.contents;
  if (!isMap(root)) {
    problems.add([], 'this is not a connection file', 'Begin it with "connections:" and a list.');
    return { entries: [] };
  }
  const plain = document.toJS({ maxAliasCount: 20 }) as Record<string, unknown>;
  for (const key of Object.keys(plain)) {
    if (!AT_THE_TOP.includes(key))
      problems.add([key], 'unknown key', 'Only "connections" and "subscribers" stand at the top; take this key out.');
  }
  const { subscribers } = plain;
  if (!isSeq(root.get('connections', true))) {
    problems.add(['connections'], 'there is no list of connections', 'Write "connections:" and one "- name: ..." for each connection.');
    return { entries: [], subscribers };
  }
  return { entries: plain['connections'] as unknown[], subscribers };
};

/**
 * Reads a connection file: YAML, every problem named at once with path, line and remedy (throws ConnectionFileInvalid). Secrets stand in it only as
 * `env:NAME` or `file:PATH`; they are read here, once, and leave as Secret. Unknown keys are refused; the state is `observe` unless it says `live`.
 */
export const parseConnectionFile = (text: string, options: ParseOptions): ConnectionFile => {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, strict: true });
  if (document.errors.length > 0) {
    throw new ConnectionFileInvalid(
      options.file,
      document.errors.map((error) => ({
        path: '(file)',
        line: lines.linePos(error.pos[0]).line,
        message: error.code === 'DUPLICATE_KEY' ? 'a key stands here twice' : 'this is not valid YAML',
        remedy: 'Correct this line.',
      })),
    );
  }
  const problems = new Problems(document, lines);
  const { entries, subscribers: given } = topOf(document, problems);
  if (entries.length > MAX_CONNECTIONS) problems.add(['connections'], `more than ${MAX_CONNECTIONS} connections`, 'Split the file.');
  const read = entries.slice(0, MAX_CONNECTIONS).map((entry, index) => readConnection(entry, ['connections', index], problems, options));
  const names = new Set<string>();
  read.forEach((connection, index) => {
    if (!connection) return;
    if (names.has(connection.name))
      problems.add(['connections', index, 'name'], 'this name is taken above', 'Give every connection a name of its own.');
    names.add(connection.name);
  });
  const subscribers = readSubscribers(given, problems);
  if (problems.found.length > 0) throw new ConnectionFileInvalid(options.file, problems.found);
  return { connections: read.filter((connection) => connection !== undefined), subscribers };
};
