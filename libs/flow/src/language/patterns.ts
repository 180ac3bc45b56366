import { RE2JS } from 're2js';
import { BeyondLimit } from './stops.ts';

const LONGEST_PATTERN = 200;
const LONGEST_TEXT = 1024;
const MOST_KEPT = 1000;

const compiled = new Map<string, RE2JS>();

const compilePattern = (pattern: string): RE2JS => {
  const known = compiled.get(pattern);
  if (known) return known;
  const made = RE2JS.compile(pattern);
  if (compiled.size >= MOST_KEPT) compiled.clear();
  compiled.set(pattern, made);
  return made;
};

/** Why a pattern cannot be used, or undefined. Syntax is RE2: no back references and no look-around, so that time stays linear. */
export const patternFlaw = (pattern: string): string | undefined => {
  if (pattern.length > LONGEST_PATTERN) return `the pattern is longer than ${LONGEST_PATTERN} characters`;
  try {
    compilePattern(pattern);
    return undefined;
  } catch {
    return 'the pattern is not valid RE2 syntax (back references and look-around are not part of it)';
  }
};

/** Whether the pattern occurs in the text, in time linear to the text. Throws BeyondLimit for a text over 1,024 characters. */
export const matchesPattern = (text: string, pattern: string): boolean => {
  if (text.length > LONGEST_TEXT) throw new BeyondLimit(`a text of more than ${LONGEST_TEXT} characters cannot be matched`);
  return compilePattern(pattern).test(text);
};
