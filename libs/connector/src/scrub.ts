const ADDRESS = /[^\s"'(),;:]+(?:@|%40)[^\s"'(),;:]+/gi;

/**
 * A vendor's own words about a refusal, fit for a message: at most 500 characters, without the values that were sent and without anything that looks
 * like an address.
 */
export const scrub = (words: string, values: readonly unknown[]): string => {
  let clean = words.slice(0, 500);
  for (const value of values.flat()) if (typeof value === 'string' && value.length > 1) clean = clean.replaceAll(value, '...');
  return clean.replaceAll(ADDRESS, '...');
};

/**
 * What of a foreign error may be kept as a cause: its name, its code and where it came from. Its message may quote a URL, a login or a body, and
 * causes end in logs.
 */
export const bareCause = (error: unknown): Error => {
  if (!(error instanceof Error)) return new Error(`thrown ${typeof error}`);
  const code = 'code' in error && (typeof error.code === 'string' || typeof error.code === 'number') ? ` ${error.code}` : '';
  const bare = new Error(`${error.name}${code}`);
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  bare.stack = [`${bare.name}: ${bare.message}`, ...frames].join('\n');
  return bare;
};
