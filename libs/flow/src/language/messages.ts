import type { Flaw } from './analysis.ts';
import { variables } from './environment.ts';
import { nearest } from './nearest.ts';
import { BeyondLimit, codeOf } from './stops.ts';
import { viewTypes } from './views.ts';

interface CelNode {
  readonly op?: string;
  readonly args?: unknown;
  readonly checkedType?: { readonly name: string };
}
interface CelError {
  readonly summary: string;
  readonly code: string;
  readonly node?: CelNode;
  readonly range?: { readonly start: number };
}

/** Words for what ends an evaluation. The evaluator's own messages may quote values, so none is passed on. */
const stops: Readonly<Record<string, string>> = {
  index_out_of_bounds: 'a list has no element at that place',
  index_out_of_range: 'a position lies outside of the text',
  division_by_zero: 'it divides by zero',
  modulo_by_zero: 'it divides by zero',
  numeric_overflow: 'a number is too large',
  int_conversion_error: 'a text is not a whole number',
  double_conversion_error: 'a text is not a number',
  bool_conversion_error: 'a text is neither true nor false',
};

/** Why an evaluation ended, without values of the person. */
export const describeStop = (error: unknown): string => {
  if (error instanceof BeyondLimit) return error.message;
  const code = codeOf(error);
  return stops[code ?? ''] ?? `it cannot be computed (${code ?? 'internal'})`;
};

const suggestion = (near: string | undefined, known: readonly string[]): string =>
  near ? `Did you mean ${near}?` : `Use one of ${known.join(', ')}.`;

const unknownField = (error: CelError): Pick<Flaw, 'message' | 'remedy'> | undefined => {
  const [left, field] = Array.isArray(error.node?.args) ? (error.node.args as [CelNode, unknown]) : [];
  const type = left?.checkedType?.name ?? '';
  if (typeof field !== 'string' || !Object.hasOwn(viewTypes, type)) return undefined;
  const known = Object.keys(viewTypes[type as keyof typeof viewTypes]);
  const owner = type.toLowerCase();
  return { message: `there is no field "${field}" in ${owner}`, remedy: suggestion(nearest(field, known), known) };
};

const unknownVariable = (error: CelError): Pick<Flaw, 'message' | 'remedy'> => {
  const known = Object.keys(variables);
  const name = String(error.node?.args);
  return { message: `there is no variable "${name}"`, remedy: suggestion(nearest(name, known), known) };
};

const remedies: Readonly<Record<string, string>> = {
  no_such_overload: 'Use values of matching types; string() and int() convert.',
  no_matching_overload: 'Give the function what it expects; string() and int() convert.',
  incompatible_ternary_branches: 'Give both branches the same type.',
  incompatible_default: 'Give both values the same type.',
  limit_exceeded: 'Write it shorter, or with fewer levels.',
};

const describe = (error: CelError): Pick<Flaw, 'message' | 'remedy'> => {
  const special = error.code === 'unknown_variable' ? unknownVariable(error) : undefined;
  const field = error.code === 'no_such_key' ? unknownField(error) : undefined;
  return (
    special ?? field ?? { message: error.summary.replaceAll('Bounded', ''), remedy: remedies[error.code] ?? 'Correct the expression.' }
  );
};

/** What is wrong with an expression, from the error of its parser or type checker. */
export const describeFlaw = (error: unknown): Flaw => {
  if (codeOf(error) === undefined) return { message: 'it cannot be read', remedy: 'Correct the expression.', offset: 0 };
  const known = error as CelError;
  return { ...describe(known), offset: known.range?.start ?? 0 };
};
