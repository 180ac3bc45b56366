/** Where the transport says what happens to it; pino's loggers are of this shape. Never given data of messages. */
export interface Log {
  debug(fields: object, text: string): void;
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
}

const nothing = (): void => {};

export const silent: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** An error as it is logged: its own words and code, no stack, no input. */
export const asField = (error: unknown): { code?: unknown; error: string } => {
  const { code, message } = (typeof error === 'object' && error !== null ? error : {}) as { code?: unknown; message?: unknown };
  return { ...(code === undefined ? {} : { code }), error: typeof message === 'string' ? message : typeof error };
};
