import { badFilter } from './errors.ts';

type Test = (read: (path: string) => unknown) => boolean;

const TOKEN = /\s*(\(|\)|"(?:[^"\\]|\\.)*"|[^\s()"]+)/y;
const DEPTH = 20;

/**
 * The expressions of Okta's `filter` and `search`: `profile.login eq "x" and (status eq "ACTIVE" or lastUpdated gt "...")`. Texts compare without
 * case, as Okta's do. Throws E0000031 on anything else.
 *
 * @param operators those that the endpoint allows
 */
export function parseFilter(text: string, operators: readonly string[] = ALL): Test {
  const parser = new Parser(tokens(text), operators, text);
  return parser.whole();
}

const ALL = ['eq', 'ne', 'gt', 'ge', 'lt', 'le', 'sw', 'ew', 'co', 'pr'] as const;

function tokens(text: string): string[] {
  const result: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const match = TOKEN.exec(text);
    if (!match) throw badFilter(`Invalid filter '${text}'`);
    result.push(match[1] as string);
    if (result.length > 2000) throw badFilter('The filter is too long');
  }
  return result;
}

class Parser {
  #at = 0;
  #depth = 0;

  constructor(
    readonly tokens: readonly string[],
    readonly operators: readonly string[],
    readonly text: string,
  ) {}

  whole(): Test {
    const test = this.#or();
    if (this.#at < this.tokens.length) throw this.#error();
    return test;
  }

  #or(): Test {
    const tests = [this.#and()];
    while (this.#word('or')) tests.push(this.#and());
    return (read) => tests.some((test) => test(read));
  }

  #and(): Test {
    const tests = [this.#single()];
    while (this.#word('and')) tests.push(this.#single());
    return (read) => tests.every((test) => test(read));
  }

  #single(): Test {
    if (this.#word('not')) {
      const test = this.#single();
      return (read) => !test(read);
    }
    if (!this.#word('(')) return this.#comparison();
    if (++this.#depth > DEPTH) throw this.#error();
    const test = this.#or();
    if (!this.#word(')')) throw this.#error();
    this.#depth--;
    return test;
  }

  #comparison(): Test {
    const path = this.#take();
    const operator = this.#take().toLowerCase();
    if (!this.operators.includes(operator)) throw badFilter(`The operator '${operator}' is not supported`);
    if (operator === 'pr') return (read) => read(path) !== undefined && read(path) !== null;
    const wanted = literal(this.#take());
    return (read) => compare(operator, read(path), wanted);
  }

  #take(): string {
    const token = this.tokens[this.#at++];
    if (token === undefined) throw this.#error();
    return token;
  }

  #word(word: string): boolean {
    if (this.tokens[this.#at]?.toLowerCase() !== word) return false;
    this.#at++;
    return true;
  }

  #error(): Error {
    return badFilter(`Invalid filter '${this.text}'`);
  }
}

const literal = (token: string): string => (token.startsWith('"') ? token.slice(1, -1).replaceAll(/\\(.)/g, '$1') : token);

const COMPARISONS: Readonly<Record<string, (actual: string, wanted: string) => boolean>> = {
  eq: (actual, wanted) => actual === wanted,
  gt: (actual, wanted) => actual > wanted,
  ge: (actual, wanted) => actual >= wanted,
  lt: (actual, wanted) => actual < wanted,
  le: (actual, wanted) => actual <= wanted,
  sw: (actual, wanted) => actual.startsWith(wanted),
  ew: (actual, wanted) => actual.endsWith(wanted),
  co: (actual, wanted) => actual.includes(wanted),
};

function compare(operator: string, actual: unknown, wanted: string): boolean {
  if (operator === 'ne') return !compare('eq', actual, wanted);
  if (Array.isArray(actual)) return actual.some((item) => compare(operator, item, wanted));
  if (actual === undefined || actual === null || typeof actual === 'object') return false;
  const text = typeof actual === 'string' ? actual : JSON.stringify(actual);
  return COMPARISONS[operator]?.(text.toLowerCase(), wanted.toLowerCase()) ?? false;
}

/** Reads `a.b.c` out of nested records. */
export function valueAt(root: unknown, path: string): unknown {
  let value = root;
  for (const part of path.split('.')) {
    if (Array.isArray(value)) value = value.map((item) => valueAt(item, part));
    else value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[part] : undefined;
  }
  return value;
}
