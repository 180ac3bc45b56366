/** What was started and must be stopped again, in reverse order. */
export class Parts {
  private readonly stops: { name: string; stop: () => Promise<void> | void }[] = [];

  constructor(private readonly report: (line: string) => void) {}

  /** Starts a part; the time it took is reported. What was started before it is stopped by the caller's `stop` if this fails. */
  async start<T>(
    name: string,
    start: () => Promise<T>,
    stop: (part: T) => Promise<void> | void,
    describe: (part: T) => string = () => '',
  ): Promise<T> {
    const began = performance.now();
    const part = await start();
    this.stops.push({ name, stop: () => stop(part) });
    this.report(`${name.padEnd(22)} ${`${Math.round(performance.now() - began)} ms`.padStart(8)}  ${describe(part)}`.trimEnd());
    return part;
  }

  /** Stops everything, last started first; one that fails to stop does not keep the others running. */
  async stop(): Promise<void> {
    for (const { name, stop } of this.stops.splice(0).toReversed()) {
      try {
        await stop();
      } catch (error) {
        this.report(`${name} did not stop cleanly: ${(error as Error).message}`);
      }
    }
  }
}
