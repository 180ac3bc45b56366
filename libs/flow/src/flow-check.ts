import type { Flaw } from './language/analysis.ts';
import { compileExpression, type Expression } from './language/expression.ts';
import type { FlowProblem } from './problem.ts';
import type { Source } from './source.ts';

/** What a check must know of a connection. */
export interface CheckedConnection {
  readonly name: string;
  /** `okta`, `entra`; others are known and cannot be written to. */
  readonly kind: string;
  /** Attributes that are written here only because the connection says so. */
  readonly writes?: readonly string[];
  /** Apps may be assigned to accounts directly although that needs a privilege. */
  readonly directApps?: boolean;
}

interface Words {
  readonly message: string;
  readonly remedy: string;
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'a text',
  bool: 'true or false',
  int: 'a whole number',
  double: 'a number',
  'list<string>': 'a list of texts',
};
const typeName = (type: string): string => typeNames[type] ?? (type.startsWith('list') ? 'a list' : `a whole ${type.toLowerCase()}`);

/** Collects what is wrong with one flow. */
export class FlowCheck {
  readonly problems: FlowProblem[] = [];
  readonly unmapped: { step: string; connection: string; attributes: readonly string[] }[] = [];
  readonly connections: readonly CheckedConnection[];
  readonly #source: Source;

  constructor(source: Source, connections: readonly CheckedConnection[]) {
    this.#source = source;
    this.connections = connections;
  }

  /** Something about the document; at its key with `key`. */
  refuse(pointer: string, { message, remedy }: Words, key?: 'key'): void {
    const place = this.#source.locate(pointer, key);
    this.problems.push({ code: 'flow.invalid', file: this.#source.file, ...place, path: pointer.slice(1), message, remedy });
  }

  /** Something inside an expression. */
  refuseExpression(pointer: string, { message, remedy, offset }: Flaw): void {
    const place = this.#source.locateInText(pointer, offset);
    this.problems.push({ code: 'flow.expression_invalid', file: this.#source.file, ...place, path: pointer.slice(1), message, remedy });
  }

  /** Checks an expression and that it gives one of the types; the expression if it does. */
  expression(pointer: string, text: string, types: readonly string[]): Expression | undefined {
    const compiled = compileExpression(text);
    if ('flaws' in compiled) {
      for (const flaw of compiled.flaws) this.refuseExpression(pointer, flaw);
      return undefined;
    }
    const { expression } = compiled;
    if (types.includes(expression.type) || (types.includes('list<string>') && expression.type === 'list<T>')) return expression;
    const message = `it must give ${types.map(typeName).join(' or ')}, and gives ${typeName(expression.type)}`;
    const remedy = types.includes('string') ? 'Name a field of it, or convert it with string().' : 'Write an expression of that type.';
    this.refuseExpression(pointer, { message, remedy, offset: 0 });
    return undefined;
  }
}
