import { Failed } from './language/stops.ts';
import type { Result } from './language/expression.ts';
import type { VendorAttribute } from './vendors/attribute.ts';

const isOfType = (value: NonNullable<Result>, type: VendorAttribute['type']): boolean => {
  switch (type) {
    case 'string':
      return typeof value === 'string';
    case 'boolean':
      return typeof value === 'boolean';
    case 'integer':
      return Number.isInteger(value);
    case 'strings':
      return Array.isArray(value);
  }
};

const tooLong = (
  value: NonNullable<Result>,
  { minLength = 0, maxLength = Infinity, maxItems = Infinity }: VendorAttribute,
): string | undefined => {
  if (Array.isArray(value)) return value.length > maxItems ? `it holds at most ${maxItems} values` : undefined;
  if (typeof value !== 'string') return undefined;
  if (value.length > maxLength) return `it holds at most ${maxLength} characters`;
  return value.length < minLength ? `it needs at least ${minLength} characters` : undefined;
};

/** A result as the target's attribute can hold it; Failed, without the value, if it cannot. An attribute of several values is cleared by an empty list. */
export const fitValue = (result: Result, attribute: VendorAttribute): Result => {
  if (result === undefined || result instanceof Failed) return result;
  if (result === null) return attribute.type === 'strings' ? [] : null;
  if (!isOfType(result, attribute.type)) return new Failed(`it holds ${attribute.type}`);
  const flaw = tooLong(result, attribute);
  return flaw === undefined ? result : new Failed(flaw);
};
