/** What the process ends with; scripts may rely on it. */
export const EXIT = { ok: 0, error: 1, invalid: 2, differences: 3, held: 4 } as const;

/** Ends the command with a message for a person and one of {@link EXIT}. */
export class CommandError extends Error {
  constructor(
    message: string,
    readonly exitCode: number,
  ) {
    super(message);
    this.name = 'CommandError';
  }
}
