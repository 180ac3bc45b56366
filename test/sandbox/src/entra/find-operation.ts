import { OPERATIONS, type Operation } from './operations.ts';

interface Node {
  fixed: Map<string, Node>;
  parameter?: Node;
  here: Map<string, { operation: Operation; names: string[] }>;
}

const emptyNode = (): Node => ({ fixed: new Map(), here: new Map() });

const ROOT: Node = emptyNode();
for (const operation of OPERATIONS) add(operation);

function add(operation: Operation): void {
  const names: string[] = [];
  let node = ROOT;
  for (const segment of operation.path.split('/').slice(1)) node = child(node, segment, names);
  node.here.set(operation.method, { operation, names });
}

function child(node: Node, segment: string, names: string[]): Node {
  if (segment.startsWith(':')) {
    names.push(segment.slice(1));
    return (node.parameter ??= emptyNode());
  }
  let next = node.fixed.get(segment.toLowerCase());
  if (!next) node.fixed.set(segment.toLowerCase(), (next = emptyNode()));
  return next;
}

export type Match = { operation: Operation; params: Record<string, string> } | 'no such path' | 'no such method';

const BY_APP_ID = /^\/servicePrincipals\(appId='([^']+)'\)(.*)$/i;

/** The operation of a path below the version root. Fixed segments win over parameters and compare without regard to case. */
export function findOperation(method: string, path: string): Match {
  const byAppId = BY_APP_ID.exec(path);
  if (byAppId) {
    const match = findOperation(method, `/servicePrincipals/-${byAppId[2]}`);
    return typeof match === 'string' ? match : { ...match, params: { ...match.params, appId: decodeURIComponent(byAppId[1]!) } };
  }
  const values: string[] = [];
  const segments = path.split('/').slice(1);
  if (segments.at(-1) === '') segments.pop();
  const node = walk(ROOT, segments, values);
  if (!node || node.here.size === 0) return 'no such path';
  const found = node.here.get(method);
  if (!found) return 'no such method';
  return { operation: found.operation, params: Object.fromEntries(found.names.map((name, index) => [name, values[index]!])) };
}

function walk(start: Node, segments: readonly string[], values: string[]): Node | undefined {
  let node: Node | undefined = start;
  for (const segment of segments) {
    const fixed: Node | undefined = node.fixed.get(segment.toLowerCase());
    if (!fixed && node.parameter) values.push(decodeURIComponent(segment));
    node = fixed ?? node.parameter;
    if (!node) return undefined;
  }
  return node;
}
