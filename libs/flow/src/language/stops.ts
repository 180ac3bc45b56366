/** Thrown by a function of the language that found nothing to give: the expression is null. One for all: making an error is slow. */
export const NOTHING = new Error('nothing was found');

/** Thrown by a function of the language whose input is too large. The message holds no value. */
export class BeyondLimit extends Error {
  override readonly name = 'BeyondLimit';
}

/** A value that could not be computed, and why, in words without values. */
export class Failed {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

const MISSING = new Set(['no_such_key', 'unknown_variable']);

/** The code of an error of the evaluator. */
export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** True if an evaluation ended because something that it reads is not there. */
export const isMissing = (error: unknown): boolean => error === NOTHING || MISSING.has(codeOf(error) ?? '');
