import type { ASTNode } from '@marcbachmann/cel-js';

/** No list of a record is longer; a list that an expression writes out is as long as it is. */
const LONGEST_LIST = 100;
const comprehensions: ReadonlySet<string> = new Set(['exists', 'all', 'exists_one', 'map', 'filter']);

/** True for a call that runs its last argument once for each element of the receiver. */
export const isComprehension = (node: ASTNode): node is Extract<ASTNode, { op: 'rcall' }> =>
  node.op === 'rcall' && comprehensions.has(node.args[0]) && node.args[2].length >= 2;

/** The most elements that a list can have at run time; what is no list counts as the longest. */
const mostItems = (node: ASTNode): number => {
  if (node.op === 'list') return node.args.length;
  if (node.op === '+') return mostItems(node.args[0]) + mostItems(node.args[1]);
  if (node.op === '?:') return Math.max(mostItems(node.args[1]), mostItems(node.args[2]));
  if (node.op === 'call' && node.args[0] === 'default') return Math.max(...node.args[1].map(mostItems));
  return isComprehension(node) ? mostItems(node.args[1]) : LONGEST_LIST;
};

const isNode = (value: unknown): value is ASTNode => typeof value === 'object' && value !== null && 'op' in value;

/** The parts of a node, in the order in which they stand. */
export const partsOf = (node: ASTNode): ASTNode[] => [node.args].flat(3).filter(isNode);

/** The most steps that an evaluation can take: nodes, each counted as often as it may be visited. */
export const mostSteps = (node: ASTNode): number => {
  if (isComprehension(node)) {
    const [, receiver, args] = node.args;
    const body = args.slice(1).reduce((sum, arg) => sum + mostSteps(arg), 0);
    return 1 + mostSteps(receiver) + mostItems(receiver) * (1 + body);
  }
  const own = node.op === 'in' ? mostItems(node.args[1]) : 1;
  return partsOf(node).reduce((sum, part) => sum + mostSteps(part), own);
};

/** True once types are checked and some part is a list of lists: its elements have no known length. */
export const nestsLists = (node: ASTNode): boolean =>
  (node as { checkedType?: { name: string } }).checkedType?.name.startsWith('list<list<') === true || partsOf(node).some(nestsLists);
