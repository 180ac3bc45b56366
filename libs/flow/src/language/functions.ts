import anyAscii from 'any-ascii';
import { matchesPattern } from './patterns.ts';
import { BeyondLimit, NOTHING } from './stops.ts';
import type { View } from './views.ts';

/** The longest text that an expression may make on its way. */
const LONGEST_TEXT = 65_536;
const MOST_PARTS = 100;

const bounded = (length: number): void => {
  if (length > LONGEST_TEXT) throw new BeyondLimit(`a text of more than ${LONGEST_TEXT} characters was made`);
};

const join = (parts: readonly string[], separator = ''): string => {
  bounded(parts.reduce((sum, part) => sum + part.length + separator.length, 0));
  return parts.join(separator);
};

const split = (text: string, separator: string): string[] => {
  const parts = text.split(separator, MOST_PARTS + 1);
  if (parts.length > MOST_PARTS) throw new BeyondLimit(`a text was split into more than ${MOST_PARTS} parts`);
  return parts;
};

const replace = (text: string, search: string, replacement: string): string => {
  if (search === '') return text;
  const kept = text.split(search);
  bounded(text.length + (kept.length - 1) * replacement.length);
  return kept.join(replacement);
};

const ascii = (text: string): string => {
  const result = anyAscii(text);
  bounded(result.length);
  return result;
};

/** The entry of this type; for `work` also the primary one, or one without a type. */
const chosen = (entries: readonly View[], type: string): View => {
  const found =
    entries.find((entry) => entry['type'] === type) ??
    (type === 'work'
      ? (entries.find((entry) => entry['primary'] === true) ?? entries.find((entry) => entry['type'] === undefined))
      : undefined);
  if (found === undefined) throw NOTHING;
  return found;
};

const chosenValue = (entries: readonly View[], type: string): unknown => {
  const { value } = chosen(entries, type);
  if (value === undefined) throw NOTHING;
  return value;
};

const lower = (text: string): string => text.toLowerCase();
const upper = (text: string): string => text.toUpperCase();
const trim = (text: string): string => text.trim();

type Handler = (...args: never[]) => unknown;

/**
 * The functions of the mapping language beside CEL's own. None reads a clock, draws a number or depends on the machine's locale. Methods that
 * end in `Bounded` run in the place of CEL methods without limits; expressions write them without that ending.
 */
export const functions: readonly (readonly [signature: string, handler: Handler])[] = [
  ['lower(string): string', lower],
  ['upper(string): string', upper],
  ['trim(string): string', trim],
  ['ascii(string): string', ascii],
  ['join(list<string>, string): string', join],
  ['split(string, string): list<string>', split],
  ['replace(string, string, string): string', replace],
  ['primary(list<Email>, string): string', chosenValue],
  ['primary(list<Phone>, string): string', chosenValue],
  ['primary(list<Address>, string): Address', chosen],
  ['matches(string, string): bool', matchesPattern],
  ['string.matchesBounded(string): bool', matchesPattern],
  ['list<string>.joinBounded(): string', join],
  ['list<string>.joinBounded(string): string', join],
  ['string.splitBounded(string): list<string>', split],
  ['string.replaceBounded(string, string): string', replace],
];

/** CEL methods that are run by ours. */
export const replacements: Readonly<Record<string, string>> = {
  matches: 'matchesBounded',
  join: 'joinBounded',
  split: 'splitBounded',
  replace: 'replaceBounded',
};

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));

/** What may be called by name. */
export const callable = words('has default primary lower upper trim ascii join split replace matches size string int double bool');

/** What may be called on a value. */
export const methods = words(
  'startsWith endsWith contains size indexOf lastIndexOf substring trim lowerAscii upperAscii matches join split replace exists all exists_one map filter',
);
