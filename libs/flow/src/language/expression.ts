import type { Value } from '@muster/contracts';
import type { ASTNode, ParseResult } from '@marcbachmann/cel-js';
import { analyse, type Analysis, type Flaw } from './analysis.ts';
import { nestsLists } from './cost.ts';
import { environment } from './environment.ts';
import type { Facts } from './facts.ts';
import { describeFlaw, describeStop } from './messages.ts';
import { Failed, isMissing, NOTHING } from './stops.ts';
import { follow } from './views.ts';

const LONGEST_EXPRESSION = 4000;
const LONGEST_VALUE = 8192;
const MOST_VALUES = 1000;
const MOST_KEPT = 10_000;

/** What an expression gives: a value; null if what it reads was stated as empty; undefined if something that it reads is missing. */
export type Result = Value | undefined | Failed;

export interface Expression {
  readonly text: string;
  /** As CEL names it: `string`, `bool`, `int`, `double`, `list<string>`, ... */
  readonly type: string;
  /** Every variable and field that it may read, as paths. */
  readonly reads: readonly (readonly string[])[];
  /** The parts of a condition that must all hold, as texts; the whole text for one that has no such parts. */
  readonly clauses: readonly string[];
  /** Never throws. The same facts give the same result. */
  readonly evaluate: (facts: Facts) => Result;
}

export type Compiled = { readonly expression: Expression } | { readonly flaws: readonly Flaw[] };

const listValue = (items: readonly unknown[]): Result => {
  if (items.length > MOST_VALUES) return new Failed(`it gives more than ${MOST_VALUES} values`);
  const texts: string[] = [];
  for (const item of items) {
    if (typeof item !== 'string') return new Failed('it gives a list of something other than texts');
    if (item.length > LONGEST_VALUE) return new Failed(`it gives a text of more than ${LONGEST_VALUE} characters`);
    texts.push(item);
  }
  return texts;
};

const textValue = (value: string): Result =>
  value.length > LONGEST_VALUE ? new Failed(`it gives a text of more than ${LONGEST_VALUE} characters`) : value || null;

const numberValue = (value: number): Result => (Number.isFinite(value) ? value : new Failed('it gives no finite number'));
const intValue = (value: bigint): Result =>
  Number.isSafeInteger(Number(value)) ? Number(value) : new Failed('it gives a number that is too large');

const valueOf = (value: unknown): Result => {
  if (value === undefined || value === null || typeof value === 'boolean') return value;
  if (typeof value === 'string') return textValue(value);
  if (typeof value === 'bigint') return intValue(value);
  if (typeof value === 'number') return numberValue(value);
  return Array.isArray(value) ? listValue(value) : new Failed('it gives a whole record: name one of its fields');
};

const pathOf = (node: unknown): readonly string[] | undefined => {
  const { op, args } = (node ?? {}) as { op?: string; args?: unknown };
  if (op === 'id') return [args as string];
  if (op !== '.' || !Array.isArray(args)) return undefined;
  const path = pathOf(args[0]);
  return path && [...path, args[1] as string];
};

const stopped = (error: unknown, facts: Facts): Result => {
  if (error === NOTHING) return null;
  if (!isMissing(error)) return new Failed(describeStop(error));
  const path = pathOf((error as { node?: unknown }).node);
  const found = path && follow(facts, path);
  return found === null ? null : undefined;
};

/** Looked up before anything runs: an error for each missing field would cost more than the rest of a decision. */
const missingNeed = (needs: Analysis['needs'], facts: Facts): null | undefined | 'all there' => {
  let outcome: null | 'all there' = 'all there';
  for (const path of needs) {
    const value = follow(facts, path);
    if (value === undefined) return undefined;
    if (value === null) outcome = null;
  }
  return outcome;
};

const evaluatorFor = (parsed: ParseResult, { path, needs }: Analysis): Expression['evaluate'] => {
  if (path) return (facts) => valueOf(follow(facts, path));
  return (facts) => {
    const missing = missingNeed(needs, facts);
    if (missing !== 'all there') return missing;
    try {
      return valueOf(parsed(facts));
    } catch (error) {
      return stopped(error, facts);
    }
  };
};

const clausesOf = (node: ASTNode, text: string): string[] =>
  node.op === '&&' ? node.args.flatMap((part) => clausesOf(part, text)) : [text.slice(node.start, node.end)];

const compileText = (text: string): Compiled => {
  if (text.length > LONGEST_EXPRESSION)
    return { flaws: [{ message: `it is longer than ${LONGEST_EXPRESSION} characters`, remedy: 'Write it shorter.', offset: 0 }] };
  try {
    const parsed = environment.parse(text);
    const analysis = analyse(parsed.ast);
    if (analysis.flaws.length > 0) return { flaws: analysis.flaws };
    const checked = parsed.check();
    if (!checked.valid || checked.type === undefined) return { flaws: [describeFlaw(checked.error)] };
    if (nestsLists(parsed.ast))
      return { flaws: [{ message: 'it makes a list of lists', remedy: 'Go through the lists one after the other.', offset: 0 }] };
    const { reads } = analysis;
    const clauses = parsed.ast.op === '&&' ? clausesOf(parsed.ast, text) : [text];
    return { expression: { text, type: checked.type, reads, clauses, evaluate: evaluatorFor(parsed, analysis) } };
  } catch (error) {
    return { flaws: [describeFlaw(error)] };
  }
};

const compiled = new Map<string, Compiled>();

/** Parses and type-checks an expression. Never throws; all flaws that can be seen at once are told. The same text is compiled once. */
export const compileExpression = (text: string): Compiled => {
  const known = compiled.get(text);
  if (known) return known;
  const made = compileText(text);
  if (compiled.size >= MOST_KEPT) compiled.clear();
  compiled.set(text, made);
  return made;
};
