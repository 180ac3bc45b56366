import { follow } from './views.ts';
import { isMissing } from './stops.ts';

/* What the evaluator hands to a macro; its package does not export these types. */
interface Type {
  readonly name: string;
  unify(registry: unknown, other: Type): Type | null;
}
interface MacroNode {
  readonly op: string;
  readonly args: unknown;
}
interface Checker {
  readonly registry: unknown;
  check(node: MacroNode, context: unknown): Type;
  formatType(type: Type): string;
  createError(code: string, message: string, node: MacroNode): Error;
}
interface Evaluator {
  run(node: MacroNode, context: unknown): unknown;
}
interface Variables {
  getValue(name: string): unknown;
}
interface Macro {
  readonly wanted: MacroNode;
  readonly otherwise: MacroNode;
  readonly path: readonly string[] | undefined;
}

const pathOf = (node: MacroNode): readonly string[] | undefined => {
  if (node.op === 'id') return [node.args as string];
  if (node.op !== '.') return undefined;
  const [left, field] = node.args as [MacroNode, string];
  const path = pathOf(left);
  return path && [...path, field];
};

const typeCheck = (checker: Checker, macro: Macro, context: unknown): Type => {
  const wanted = checker.check(macro.wanted, context);
  const otherwise = checker.check(macro.otherwise, context);
  const type = wanted.unify(checker.registry, otherwise);
  if (type) return type;
  const names = `'${checker.formatType(wanted)}' and '${checker.formatType(otherwise)}'`;
  throw checker.createError('incompatible_default', `Both values of default() must have the same type, got ${names}`, macro.otherwise);
};

const isHeld = (value: unknown): boolean => value !== undefined && value !== null && value !== '';

const evaluate = (evaluator: Evaluator, macro: Macro, context: Variables): unknown => {
  const { wanted, otherwise, path } = macro;
  // Fields are looked up directly: an error for each missing one would cost more than the rest of a decision.
  if (path && !isHeld(follow(context.getValue(path[0] as string), path, 1))) return evaluator.run(otherwise, context);
  try {
    const value = evaluator.run(wanted, context);
    if (isHeld(value)) return value;
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  return evaluator.run(otherwise, context);
};

/** `default(x, y)`: x, or y where x is missing, null or empty text. Both must have the same type. */
export const defaultMacro = ({ args }: { args: readonly [MacroNode, MacroNode] }): object => ({
  wanted: args[0],
  otherwise: args[1],
  path: pathOf(args[0]),
  async: false,
  typeCheck,
  evaluate,
});
