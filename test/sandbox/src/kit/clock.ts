interface Task {
  due: number;
  run: () => void;
}

/**
 * The sandbox's time. `now` is the machine's clock plus what `advance` added; *durations* (rate limit windows, replica lag, lifecycles,
 * token lives) are divided by the time factor, so that a factor of 60 makes a minute pass in a second while dates stay today's.
 */
export class VirtualClock {
  #offset = 0;
  #tasks: Task[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(public factor = 1) {}

  /** Milliseconds since 1970. */
  now(): number {
    return Date.now() + this.#offset;
  }

  /** `now` (or the given instant) as RFC 3339 with milliseconds. */
  iso(at = this.now()): string {
    return new Date(at).toISOString();
  }

  /** How long a documented duration lasts here. */
  scale(durationMs: number): number {
    return durationMs / this.factor;
  }

  /** Runs once after a documented duration, scaled. Does not keep the process alive. */
  after(durationMs: number, run: () => void): void {
    this.at(this.now() + this.scale(durationMs), run);
  }

  /** Runs once when `now` reaches the instant. */
  at(due: number, run: () => void): void {
    const place = this.#tasks.findIndex((task) => task.due > due);
    this.#tasks.splice(place < 0 ? this.#tasks.length : place, 0, { due, run });
    this.#arm();
  }

  /** Waits a documented duration, scaled. */
  sleep(durationMs: number): Promise<void> {
    return new Promise((resolve) => this.after(durationMs, resolve));
  }

  /** Moves the clock; what falls due by that runs at once. */
  advance(ms: number): void {
    this.#offset += ms;
    this.#runDue();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#tasks = [];
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const next = this.#tasks[0];
    if (!next) return;
    this.#timer = setTimeout(() => this.#runDue(), Math.min(Math.max(next.due - this.now(), 0), 0x7fff_ffff));
    this.#timer.unref();
  }

  #runDue(): void {
    const now = this.now();
    while (this.#tasks[0] && this.#tasks[0].due <= now) this.#tasks.shift()?.run();
    this.#arm();
  }
}
