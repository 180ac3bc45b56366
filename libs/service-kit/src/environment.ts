import { readFileSync } from 'node:fs';

/** Thrown at start when the environment does not describe a service that could run. Lists every problem at once. */
export class SettingsError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`the settings are not usable:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'SettingsError';
  }
}

/** Reads environment variables and remembers every problem, so that a person mends all of them in one go. */
export class EnvironmentReader {
  private readonly problems: string[] = [];

  constructor(private readonly variables: NodeJS.ProcessEnv) {}

  /** A text; without a default it must be set. */
  text(name: string, fallback?: string): string {
    const value = this.variables[name] || fallback;
    if (value === undefined) this.problems.push(`${name} is not set`);
    return value ?? '';
  }

  optional(name: string): string | undefined {
    return this.variables[name] || undefined;
  }

  oneOf<T extends string>(name: string, allowed: readonly T[], fallback: T): T {
    const value = this.variables[name] || fallback;
    if (allowed.includes(value as T)) return value as T;
    this.problems.push(`${name} is "${value}"; set it to one of: ${allowed.join(', ')}`);
    return fallback;
  }

  /** A number within bounds, both ends included. */
  number(name: string, fallback: number, bounds: { min: number; max: number }): number {
    const raw = this.variables[name];
    const value = raw ? Number(raw) : fallback;
    if (Number.isFinite(value) && value >= bounds.min && value <= bounds.max) return value;
    this.problems.push(`${name} is "${raw}"; set it to a number from ${bounds.min} to ${bounds.max}`);
    return fallback;
  }

  /** The content of the file that the variable names. */
  file(name: string): string {
    const path = this.text(name);
    if (!path) return '';
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      this.problems.push(`${name} names ${path}, which cannot be read: ${(error as Error).message}`);
      return '';
    }
  }

  /** Notes a problem that a caller found in a value. */
  problem(text: string): void {
    this.problems.push(text);
  }

  /** Throws {@link SettingsError} when anything was wrong. Call it once, after the last read. */
  done(): void {
    if (this.problems.length > 0) throw new SettingsError(this.problems);
  }
}
