import type { ASTNode } from '@marcbachmann/cel-js';
import { isComprehension, mostSteps, partsOf } from './cost.ts';
import { variables } from './environment.ts';
import { callable, methods, replacements } from './functions.ts';
import { nearest } from './nearest.ts';
import { patternFlaw } from './patterns.ts';

const MOST_STEPS = 100_000;
const DEEPEST_NESTING = 2;

/** Something wrong with an expression, at an offset in its text. */
export interface Flaw {
  readonly message: string;
  readonly remedy: string;
  readonly offset: number;
}

export interface Analysis {
  readonly flaws: readonly Flaw[];
  /** Every variable and field that may be read. */
  readonly reads: readonly (readonly string[])[];
  /** Those that are read whatever happens, and that neither `has()` nor `default()` looks after. */
  readonly needs: readonly (readonly string[])[];
  /** Set if the expression is one variable or field and nothing else. */
  readonly path?: readonly string[];
}

/** Whether a part is evaluated whatever happens, what surrounds it, and what iterates over it. */
interface Place {
  readonly certain: boolean;
  readonly nesting: number;
  readonly bound: ReadonlySet<string>;
}

const pathOf = (node: ASTNode): readonly string[] | undefined => {
  if (node.op === 'id') return [node.args];
  if (node.op !== '.') return undefined;
  const path = pathOf(node.args[0]);
  return path && [...path, node.args[1]];
};

class Walk {
  readonly flaws: Flaw[] = [];
  readonly reads = new Map<string, readonly string[]>();
  readonly needs = new Map<string, readonly string[]>();

  readonly #visitors: { [K in ASTNode['op']]?: (node: Extract<ASTNode, { op: K }>, place: Place) => void } = {
    id: (node, place) => this.#read(node, place),
    '.': (node, place) => this.#read(node, place),
    value: (node) => this.#value(node),
    call: (node, place) => this.#call(node, place),
    rcall: (node, place) => this.#method(node, place),
    '?:': (node, place) => this.#choice(node, place),
    '&&': (node, place) => this.#choice(node, place),
    '||': (node, place) => this.#choice(node, place),
    map: (node) => this.#form(node),
    '.?': (node) => this.#form(node),
    '[?]': (node) => this.#form(node),
  };

  visit(node: ASTNode, place: Place): void {
    const visitor = this.#visitors[node.op] as ((node: ASTNode, place: Place) => void) | undefined;
    if (visitor) visitor(node, place);
    else for (const part of partsOf(node)) this.visit(part, place);
  }

  #form(node: ASTNode): void {
    this.#refuse(node, 'this form is not part of the mapping language', 'Write it with has(), default() or a condition.');
  }

  #refuse(node: ASTNode, message: string, remedy: string): void {
    this.flaws.push({ message, remedy, offset: node.start });
  }

  #read(node: ASTNode, place: Place): void {
    const path = pathOf(node);
    if (path === undefined) {
      for (const part of partsOf(node)) this.visit(part, place);
      return;
    }
    if (place.bound.has(path[0] as string)) return;
    this.reads.set(path.join('.'), path);
    if (place.certain) this.needs.set(path.join('.'), path);
  }

  #value(node: Extract<ASTNode, { op: 'value' }>): void {
    const literal: unknown = node.args;
    if (typeof literal === 'object' && literal !== null)
      this.#refuse(node, 'bytes and unsigned numbers are not part of the mapping language', 'Use a text or an int.');
  }

  #choice(node: Extract<ASTNode, { op: '?:' | '&&' | '||' }>, place: Place): void {
    const perhaps = { ...place, certain: false };
    node.args.forEach((part, index) => this.visit(part, node.op === '?:' && index === 0 ? place : perhaps));
  }

  #call(node: Extract<ASTNode, { op: 'call' }>, place: Place): void {
    const [name, args] = node.args;
    if (!callable.has(name)) return this.#unknown(node, name, callable);
    const guarded = name === 'has' || name === 'default';
    for (const arg of args) this.visit(arg, guarded ? { ...place, certain: false } : place);
    if (name === 'matches') this.#pattern(args[1]);
  }

  #method(node: Extract<ASTNode, { op: 'rcall' }>, place: Place): void {
    const called: [string, ...unknown[]] = node.args;
    const [name, receiver, args] = node.args;
    if (!methods.has(name)) return this.#unknown(node, name, methods);
    this.visit(receiver, place);
    if (isComprehension(node)) return this.#comprehension(node, args, place);
    for (const arg of args) this.visit(arg, place);
    if (name === 'matches') this.#pattern(args[0]);
    // The evaluator looks a method up by the name that stands in the node, when it checks types.
    called[0] = replacements[name] ?? name;
  }

  #comprehension(node: ASTNode, args: readonly ASTNode[], place: Place): void {
    const [variable, ...bodies] = args;
    const name = variable?.op === 'id' ? variable.args : '';
    if (name in variables) this.#refuse(node, `"${name}" is a variable of the language already`, 'Give the element another name.');
    if (place.nesting >= DEEPEST_NESTING)
      this.#refuse(node, `lists are gone through in more than ${DEEPEST_NESTING} levels`, 'Go through them one after the other.');
    const inside = { certain: false, nesting: place.nesting + 1, bound: new Set([...place.bound, name]) };
    for (const body of bodies) this.visit(body, inside);
  }

  #pattern(pattern: ASTNode | undefined): void {
    if (pattern === undefined) return;
    const text: unknown = pattern.op === 'value' ? pattern.args : undefined;
    if (typeof text !== 'string')
      return this.#refuse(pattern, 'the pattern of matches() is computed', 'Write the pattern as a text in quotes.');
    const flaw = patternFlaw(text);
    if (flaw) this.#refuse(pattern, flaw, 'Write a shorter pattern in RE2 syntax.');
  }

  #unknown(node: ASTNode, name: string, known: ReadonlySet<string>): void {
    const near = nearest(name, known);
    this.#refuse(
      node,
      `there is no function "${name}" in the mapping language`,
      near ? `Did you mean ${near}()?` : `Use one of ${[...known].join(', ')}.`,
    );
  }
}

/**
 * Finds out what an expression reads and whether it keeps to the language: known functions only, literal linear-time patterns, two levels of
 * lists, a bounded number of steps. Must run before the types are checked: it puts bounded functions in the place of unbounded ones.
 */
export const analyse = (root: ASTNode): Analysis => {
  const walk = new Walk();
  walk.visit(root, { certain: true, nesting: 0, bound: new Set() });
  if (mostSteps(root) > MOST_STEPS)
    walk.flaws.push({
      message: `it may take more than ${MOST_STEPS} steps`,
      remedy: 'Go through fewer or shorter lists.',
      offset: root.start,
    });
  const path = pathOf(root);
  return { flaws: walk.flaws, reads: [...walk.reads.values()], needs: [...walk.needs.values()], ...(path ? { path } : {}) };
};
