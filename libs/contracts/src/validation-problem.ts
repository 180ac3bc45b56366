/** One thing that is wrong with some data. Holds no value of the data, so it may be logged and shown. */
export interface ValidationProblem {
  /** JSON pointer (RFC 6901) to the place; of a missing or surplus field to that field. */
  pointer: string;
  /** The keyword of the schema that refused. */
  keyword: string;
  /** What should stand there, in words. */
  expected: string;
  /** The kind of what stands there: `nothing`, `null`, `a string`, ... */
  found: string;
  /** What to do. */
  remedy: string;
}

/** An error as the compiled validators report it. */
export interface RawError {
  instancePath: string;
  keyword: string;
  params: Readonly<Record<string, unknown>>;
}

/** More would help nobody; input from outside must not make an answer of any size. */
const MOST_PROBLEMS = 50;
/** Errors that are looked at: comparing branches takes the square of it. */
const MOST_ERRORS = 500;

const article = (noun: string): string => (/^[aeio]/.test(noun) ? `an ${noun}` : `a ${noun}`);
const typeWords = (type: unknown): string =>
  [type]
    .flat()
    .flatMap((one) => String(one).split(','))
    .map((one) => (one === 'null' ? 'null' : article(one)))
    .join(' or ');

const formats: Readonly<Record<string, string>> = {
  date: 'a date such as 2026-01-31',
  'date-time': 'a time with its zone such as 2026-01-31T08:00:00Z',
  uuid: 'a UUID such as 1b4e28ba-2fa1-11d2-883f-0016d3cca427',
};

type Words = (params: Readonly<Record<string, unknown>>) => string;
const atMost: Words = ({ limit }) => `at most ${String(limit)}`;
const atLeast: Words = ({ limit }) => `at least ${String(limit)}`;

const expectations: Readonly<Record<string, Words>> = {
  required: () => 'a value',
  additionalProperties: () => 'no such field',
  unevaluatedProperties: () => 'no such field',
  type: ({ type }) => typeWords(type),
  enum: ({ allowedValues }) => `one of ${(allowedValues as unknown[]).map(String).join(', ')}`,
  const: ({ allowedValue }) => JSON.stringify(allowedValue),
  format: ({ format }) => formats[String(format)] ?? `the format ${String(format)}`,
  pattern: ({ pattern }) => `text that matches ${String(pattern)}`,
  minLength: (params) => `${atLeast(params)} characters`,
  maxLength: (params) => `${atMost(params)} characters`,
  minItems: (params) => `${atLeast(params)} items`,
  maxItems: (params) => `${atMost(params)} items`,
  minProperties: (params) => `${atLeast(params)} fields`,
  maxProperties: (params) => `${atMost(params)} fields`,
  minimum: atLeast,
  maximum: atMost,
  uniqueItems: () => 'no item twice',
};

const remedies: Readonly<Record<string, string>> = {
  required: 'Add the field.',
  additionalProperties: 'Leave the field out, or correct its name.',
  unevaluatedProperties: 'Leave the field out, or correct its name.',
  maxLength: 'Shorten it.',
  maxItems: 'Send fewer items, in several requests if there are more.',
};

const escaped = (name: unknown): string => String(name).replaceAll('~', '~0').replaceAll('/', '~1');

const pointerOf = ({ instancePath, params }: RawError): string => {
  const name = params['missingProperty'] ?? params['additionalProperty'] ?? params['unevaluatedProperty'];
  return name === undefined ? instancePath : `${instancePath}/${escaped(name)}`;
};

const at = (data: unknown, pointer: string): unknown => {
  let value = data;
  for (const part of pointer.split('/').slice(1)) {
    if (value === null || typeof value !== 'object') return undefined;
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    value = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
  }
  return value;
};

const kindOf = (value: unknown): string => {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  return article(Array.isArray(value) ? 'array' : typeof value);
};

const expectedBy = ({ keyword, params }: RawError): string => expectations[keyword]?.(params) ?? `what ${keyword} allows`;

const isChoice = ({ keyword }: RawError): boolean => keyword === 'anyOf' || keyword === 'oneOf';

interface Placed {
  pointer: string;
  error: RawError;
}

/**
 * A choice reports every branch that failed. If a branch failed deeper down, that branch was meant and its errors say why; otherwise one
 * problem names all alternatives.
 */
const settleChoice = (errors: readonly Placed[], choice: Placed): { dropped: readonly Placed[]; problem?: ValidationProblem } => {
  const { pointer } = choice;
  const here = errors.filter((other) => other !== choice && other.pointer === pointer && !isChoice(other.error));
  if (errors.some((other) => other.pointer.startsWith(`${pointer}/`))) return { dropped: [choice, ...here] };
  const alternatives = [...new Set(here.map(({ error }) => expectedBy(error)))].join(' or ');
  return { dropped: [choice, ...here], problem: problem(pointer, choice.error.keyword, alternatives || 'one of the alternatives') };
};

/** A list without the item that it must hold blames each of its items too: one problem says which item is wanted. */
const settleContains = (errors: readonly Placed[], contains: Placed): { dropped: readonly Placed[]; problem: ValidationProblem } => {
  const blamed = errors.filter(({ pointer, error }) => error.keyword === 'const' && pointer.startsWith(`${contains.pointer}/`));
  const wanted = blamed[0] ? expectedBy(blamed[0].error) : 'of the required kind';
  return { dropped: [contains, ...blamed], problem: problem(contains.pointer, 'contains', `an item that is ${wanted}`) };
};

const problem = (pointer: string, keyword: string, expected: string): ValidationProblem => ({
  pointer,
  keyword,
  expected,
  found: '',
  remedy: remedies[keyword] ?? `Give ${expected}.`,
});

/** Turns the validators' errors into problems for people: one for each place and reason, at most 50, in the order of the schema. */
export const describeErrors = (errors: readonly RawError[], data: unknown): ValidationProblem[] => {
  const placed = errors.slice(0, MOST_ERRORS).map((error) => ({ pointer: pointerOf(error), error }));
  const dropped = new Set<Placed>();
  const problems = new Map<string, ValidationProblem>();
  const add = (one: ValidationProblem) => problems.set(`${one.pointer} ${one.keyword}`, { ...one, found: kindOf(at(data, one.pointer)) });
  for (const one of placed.filter(({ error }) => isChoice(error) || error.keyword === 'contains')) {
    const settled = isChoice(one.error) ? settleChoice(placed, one) : settleContains(placed, one);
    for (const error of settled.dropped) dropped.add(error);
    if (settled.problem) add(settled.problem);
  }
  for (const one of placed) {
    if (problems.size >= MOST_PROBLEMS) break;
    if (!dropped.has(one)) add(problem(one.pointer, one.error.keyword, expectedBy(one.error)));
  }
  return [...problems.values()].slice(0, MOST_PROBLEMS);
};
