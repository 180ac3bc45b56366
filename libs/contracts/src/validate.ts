import { events, typeNames } from './generated/catalogue.ts';
import type { EventData, MessageData, ShapeData } from './generated/types.ts';
import * as compiled from './generated/validators.ts';
import { describeErrors, type RawError, type ValidationProblem } from './validation-problem.ts';

export type EventType = keyof EventData;
/** The names of all data that a schema describes: events, messages, and the parts that they share. */
export type ContractTypes = EventData & MessageData & ShapeData;
export type ContractType = keyof ContractTypes;

interface Validator {
  (data: unknown): boolean;
  errors?: RawError[] | null;
}

const byType = new Map(Object.entries(compiled as unknown as Record<string, Validator>));
const bySchema = new Map(Object.entries(typeNames).map(([schema, name]) => [schema, byType.get(name) as Validator]));

const NOTHING: readonly ValidationProblem[] = Object.freeze([]);

const problemsOf = (validator: Validator, data: unknown): readonly ValidationProblem[] =>
  validator(data) ? NOTHING : describeErrors(validator.errors ?? [], data);

const noSuchType = (type: string): ValidationProblem[] => [
  {
    pointer: '',
    keyword: 'type name',
    expected: 'a type of the catalogue',
    found: `"${type}"`,
    remedy: 'Correct the type, or add its schema to contracts/schemas and generate.',
  },
];

const isMissingPersonal = (type: EventType, problem: ValidationProblem): boolean =>
  problem.keyword === 'required' && (events[type].personal as readonly string[]).includes(problem.pointer.slice(1));

/**
 * Checks the data of an event against the newest version of its type; an empty list means valid. Problems name the place by JSON pointer
 * and never hold a value of the data. With `erased`, personal fields may be absent, as they are once their key is destroyed.
 */
export const validateEvent = (type: string, data: unknown, options: { erased?: boolean } = {}): readonly ValidationProblem[] => {
  if (!isEventType(type)) return noSuchType(type);
  const problems = problemsOf(byType.get(type) as Validator, data);
  return options.erased ? problems.filter((problem) => !isMissingPersonal(type, problem)) : problems;
};

/** Checks any data against the newest schema of a type: an event's data, a message, or a part. */
export const validateData = (type: ContractType, data: unknown): readonly ValidationProblem[] => {
  const validator = byType.get(type);
  return validator ? problemsOf(validator, data) : noSuchType(type);
};

/** Checks data against a schema by its `$id`, any version. */
export const validateSchema = (schema: string, data: unknown): readonly ValidationProblem[] => {
  const validator = bySchema.get(schema);
  return validator ? problemsOf(validator, data) : noSuchType(schema);
};

/** True if the data is valid for the type, and then typed so. */
export const isData = <T extends ContractType>(type: T, data: unknown): data is ContractTypes[T] => byType.get(type)?.(data) === true;

/** True for the name of an event type that the catalogue holds. */
export const isEventType = (type: string): type is EventType => Object.hasOwn(events, type);
