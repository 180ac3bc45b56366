import { isMap, isScalar, isSeq, LineCounter, type Document, type Node, type Pair } from 'yaml';

/** A place in a file, from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

const NOWHERE: Place = { line: 0, column: 0 };

/** Finds places in a flow file by JSON pointer (RFC 6901). */
export interface Source {
  readonly file: string;
  /** The place of a value; of its key with `key`; of what surrounds it if it is missing. */
  locate(pointer: string, key?: 'key'): Place;
  /** The place of an offset inside a text value: exact where the text stands in the file as it is, else the beginning of the value. */
  locateInText(pointer: string, offset: number): Place;
}

/** For documents that come from elsewhere than a file. */
export const noSource = (file: string): Source => ({ file, locate: () => NOWHERE, locateInText: () => NOWHERE });

const keyOf = (pair: Pair): string => String(isScalar(pair.key) ? pair.key.value : pair.key);

const childOf = (node: unknown, name: string): { node: unknown; key?: unknown } | undefined => {
  if (isSeq(node)) {
    const item = node.items[Number(name)];
    return item === undefined ? undefined : { node: item };
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find((one) => keyOf(one) === name);
  return pair && { node: pair.value ?? pair.key, key: pair.key };
};

const find = (root: unknown, pointer: string): { node: unknown; key?: unknown } => {
  let found: { node: unknown; key?: unknown } = { node: root };
  for (const part of pointer.split('/').slice(1)) {
    const child = childOf(found.node, part.replaceAll('~1', '/').replaceAll('~0', '~'));
    if (child === undefined) return found;
    found = child;
  }
  return found;
};

const startOf = (node: unknown): number => (node as Node | undefined)?.range?.[0] ?? 0;

/** Where the text of a scalar begins in the file, if it stands there letter by letter. */
const textStart = (node: unknown, text: string): number | undefined => {
  if (!isScalar(node) || typeof node.value !== 'string' || !node.range) return undefined;
  const begin = node.range[0] + (node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE' ? 1 : 0);
  return text.startsWith(node.value, begin) ? begin : undefined;
};

/** Where a line of a block scalar begins in the file. */
const blockOffset = (node: unknown, text: string, offset: number): number | undefined => {
  if (!isScalar(node) || node.type !== 'BLOCK_LITERAL' || typeof node.value !== 'string' || !node.range) return undefined;
  const before = node.value.slice(0, offset).split('\n');
  const lines = text.slice(node.range[0]).split('\n');
  const skipped = lines.slice(0, before.length).reduce((sum, line) => sum + line.length + 1, node.range[0]);
  const indent = /^ */.exec(lines[1] ?? '')?.[0].length ?? 0;
  return skipped + indent + (before.at(-1) ?? '').length;
};

/** The places of a parsed file. */
export const sourceOf = (file: string, text: string, document: Document.Parsed, lines: LineCounter): Source => {
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  return {
    file,
    locate: (pointer, key) => {
      const found = find(document.contents, pointer);
      return placeAt(startOf(key ? (found.key ?? found.node) : found.node));
    },
    locateInText: (pointer, offset) => {
      const { node } = find(document.contents, pointer);
      const start = textStart(node, text);
      return placeAt(start === undefined ? (blockOffset(node, text, offset) ?? startOf(node)) : start + offset);
    },
  };
};
