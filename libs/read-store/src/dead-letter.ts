/** What could not be done and waits for a person, as it is shown to one. It holds references, never a payload. */
export interface DeadLetter {
  id: string;
  /** What it was: `message` or `work`. */
  source: 'message' | 'work';
  /** The topic, or the kind of work. */
  of: string;
  /** The message key or the key of the work. */
  key: string;
  /** Where the input stands in the store, or what else leads to it. */
  reference: Record<string, unknown>;
  code: string;
  error: string;
  attempts: number;
  /** RFC 3339. */
  since: string;
  /** later: it waits for an earlier one of its key; open: it failed; retrying: somebody has asked for another attempt. */
  state: 'open' | 'later' | 'retrying';
}

const LONGEST = 500;
const MAIL = /[^\s@"'<>]+@[^\s@"'<>]+/g;
// From the first quotation mark to the last: input that was quoted may hold marks itself.
const QUOTED = /["'`].*["'`]/s;

/** What a dead letter says of its cause. */
export interface Described {
  code: string;
  /** For people. */
  text: string;
}

interface ErrorLike {
  name?: unknown;
  message?: unknown;
  stack?: unknown;
  code?: unknown;
  kind?: unknown;
  remedy?: unknown;
}

/**
 * What may be kept of an error. The text of a fault (it has a `code` and a `kind`) is written for people and holds no personal data by its
 * contract; any other text may quote its input, so quoted parts and mail addresses are struck out.
 */
export function describeError(error: unknown): Described {
  if (typeof error !== 'object' || error === null) return { code: 'internal.bug', text: `threw a ${typeof error}` };
  const { code, kind, message, remedy } = error as ErrorLike;
  if (typeof code === 'string' && typeof kind === 'string')
    return { code, text: `${String(message)} ${typeof remedy === 'string' ? remedy : ''}`.trim().slice(0, LONGEST) };
  return { code: 'internal.bug', text: describeBug(error, typeof code === 'string' ? ` (${code})` : '') };
}

function describeBug(error: ErrorLike, code: string): string {
  const message = String(error.message).replace(QUOTED, '"…"').replace(MAIL, '…').slice(0, LONGEST);
  const stack = typeof error.stack === 'string' ? error.stack : '';
  const places = stack.split('\n').filter((line) => /^\s+at /.test(line));
  return [`${String(error.name)}${code}: ${message}`, ...places.slice(0, 3).map((line) => line.trim())].join('\n');
}
