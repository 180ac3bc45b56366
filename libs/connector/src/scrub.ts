const ADDRESS = /[^\s"'(),;:]+@[^\s"'(),;:]+/g;

/**
 * A vendor's own words about a refusal, fit for a message: at most 500 characters, without the values that were sent and without anything that looks
 * like an address.
 */
export const scrub = (words: string, values: readonly unknown[]): string => {
  let clean = words.slice(0, 500);
  for (const value of values.flat()) if (typeof value === 'string' && value.length > 1) clean = clean.replaceAll(value, '...');
  return clean.replaceAll(ADDRESS, '...');
};
