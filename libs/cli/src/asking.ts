import type { Api } from './api.ts';

/** Asks, prints as JSON or in words, and sets the exit code. */
export type Answer = <T>(ask: (api: Api) => Promise<T>, print: (result: T) => string[], exit?: (result: T) => number) => Promise<void>;
