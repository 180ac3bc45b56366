import { badQuery } from './errors.ts';

/** A constant of an OData filter. */
export type Literal = string | number | boolean | null;
export type Comparison = 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le';
export type TextFunction = 'startswith' | 'endswith' | 'contains';

/** A parsed `$filter`. Paths keep their slashes; within `any` the variable is stripped (`''` = the item itself). */
export type Filter =
  | { kind: 'and' | 'or'; left: Filter; right: Filter }
  | { kind: 'not'; of: Filter }
  | { kind: 'compare'; op: Comparison; path: string; value: Literal }
  | { kind: 'in'; path: string; values: Literal[] }
  | { kind: 'text'; fn: TextFunction; path: string; value: string }
  | { kind: 'any'; path: string; of?: Filter };

interface Token {
  kind: 'word' | 'text' | 'number' | 'mark';
  text: string;
  at: number;
}

const TOKEN = /\s*(?:('(?:[^']|'')*')|([A-Za-z_@$][\w.$@/-]*|[0-9][\w.:+-]*|-\d[\w.]*)|([(),:]))/y;
const WORDS_OF_CONSTANTS = new Map<string, Literal>([
  ['true', true],
  ['false', false],
  ['null', null],
]);
const COMPARISONS = new Set<string>(['eq', 'ne', 'gt', 'ge', 'lt', 'le']);
const FUNCTIONS = new Set<string>(['startswith', 'endswith', 'contains']);
const DEEPEST = 50;

const invalid = (text: string, at: number) => badQuery(`Invalid filter clause: Syntax error at position ${at} in '${text}'.`);

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const end = text.trimEnd().length;
  while (at < end) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (!match) throw invalid(text, at);
    at = TOKEN.lastIndex;
    tokens.push(tokenOf(match, at));
  }
  return tokens;
}

function tokenOf(match: RegExpExecArray, at: number): Token {
  const [, quoted, word, mark] = match;
  if (quoted !== undefined) return { kind: 'text', text: quoted.slice(1, -1).replaceAll("''", "'"), at };
  if (mark !== undefined) return { kind: 'mark', text: mark, at };
  return { kind: /^[0-9-]/.test(word!) ? 'number' : 'word', text: word!, at };
}

class FilterParser {
  readonly #text: string;
  readonly #tokens: Token[];
  #next = 0;
  #depth = 0;
  #variable: string | undefined;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokenize(text);
  }

  parse(): Filter {
    const filter = this.#or();
    if (this.#next < this.#tokens.length) throw this.#wrong();
    return filter;
  }

  #or(): Filter {
    let left = this.#and();
    while (this.#takeWord('or')) left = { kind: 'or', left, right: this.#and() };
    return left;
  }

  #and(): Filter {
    let left = this.#unary();
    while (this.#takeWord('and')) left = { kind: 'and', left, right: this.#unary() };
    return left;
  }

  #unary(): Filter {
    if (++this.#depth > DEEPEST) throw badQuery('Invalid filter clause: the filter is nested too deeply.');
    try {
      if (this.#takeWord('not')) return { kind: 'not', of: this.#unary() };
      if (!this.#takeMark('(')) return this.#predicate();
      const inner = this.#or();
      this.#expectMark(')');
      return inner;
    } finally {
      this.#depth--;
    }
  }

  #predicate(): Filter {
    const word = this.#take('word');
    const lower = word.text.toLowerCase();
    if (FUNCTIONS.has(lower)) return this.#textFunction(lower as TextFunction);
    if (word.text.endsWith('/any') && this.#takeMark('(')) return this.#any(word.text.slice(0, -4));
    return this.#comparison(this.#pathOf(word.text));
  }

  #textFunction(fn: TextFunction): Filter {
    this.#expectMark('(');
    const path = this.#pathOf(this.#take('word').text);
    this.#expectMark(',');
    const value = this.#take('text').text;
    this.#expectMark(')');
    return { kind: 'text', fn, path, value };
  }

  #any(path: string): Filter {
    if (this.#takeMark(')')) return { kind: 'any', path };
    const outer = this.#variable;
    this.#variable = this.#take('word').text;
    this.#expectMark(':');
    const of = this.#or();
    this.#expectMark(')');
    this.#variable = outer;
    return { kind: 'any', path, of };
  }

  #comparison(path: string): Filter {
    const operator = this.#take('word').text;
    if (operator === 'in') return { kind: 'in', path, values: this.#list() };
    if (!COMPARISONS.has(operator)) throw this.#wrong();
    return { kind: 'compare', op: operator as Comparison, path, value: this.#literal() };
  }

  #list(): Literal[] {
    this.#expectMark('(');
    const values = [this.#literal()];
    while (this.#takeMark(',')) values.push(this.#literal());
    this.#expectMark(')');
    return values;
  }

  #literal(): Literal {
    const token = this.#tokens[this.#next++];
    if (!token || token.kind === 'mark') throw this.#wrong();
    if (token.kind === 'text') return token.text;
    const constant = WORDS_OF_CONSTANTS.get(token.text);
    if (constant !== undefined) return constant;
    if (/^-?\d+(\.\d+)?$/.test(token.text)) return Number(token.text);
    // what is left are unquoted dates and guids
    if (/^[0-9a-f]{8}-|^\d{4}-\d\d-\d\d/i.test(token.text)) return token.text;
    throw this.#wrong();
  }

  #pathOf(word: string): string {
    if (this.#variable === undefined) return word;
    if (word === this.#variable) return '';
    return word.startsWith(`${this.#variable}/`) ? word.slice(this.#variable.length + 1) : word;
  }

  #takeWord(text: string): boolean {
    const token = this.#tokens[this.#next];
    if (token?.kind !== 'word' || token.text.toLowerCase() !== text) return false;
    this.#next++;
    return true;
  }

  #takeMark(text: string): boolean {
    const token = this.#tokens[this.#next];
    if (token?.kind !== 'mark' || token.text !== text) return false;
    this.#next++;
    return true;
  }

  #expectMark(text: string): void {
    if (!this.#takeMark(text)) throw this.#wrong();
  }

  #take(kind: Token['kind']): Token {
    const token = this.#tokens[this.#next];
    if (token?.kind !== kind) throw this.#wrong();
    this.#next++;
    return token;
  }

  #wrong() {
    return invalid(this.#text, this.#tokens[this.#next]?.at ?? this.#text.length);
  }
}

/** Parses an OData `$filter`; throws Graph's 400 with the position when the text is not one. */
export const parseFilter = (text: string): Filter => new FilterParser(text).parse();
