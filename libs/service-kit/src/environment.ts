import { readFileSync } from 'node:fs';

const SHORTEST_TOKEN = 32;

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

  /** A text that must be there. `meaning` completes "set it to ...". */
  text(name: string, meaning: string): string {
    const value = this.variables[name];
    if (!value) this.problems.push(`${name} is not set; set it to ${meaning}`);
    return value ?? '';
  }

  /** A text that may be left out. */
  textOr(name: string, fallback: string): string {
    return this.variables[name] || fallback;
  }

  /** An address that must be there, with one of these schemes. What it is set to is not repeated in a problem: it may hold a password. */
  address(name: string, schemes: readonly string[], meaning: string): string {
    const value = this.text(name, meaning);
    if (value && !schemes.some((scheme) => value.startsWith(`${scheme}://`)))
      this.problems.push(`${name} does not begin with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}; set it to ${meaning}`);
    return value;
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

  /** The path of a file that must be there and readable. */
  path(name: string, meaning: string): string {
    this.file(name, meaning);
    return this.variables[name] ?? '';
  }

  /** The content of the file that the variable names. */
  file(name: string, meaning: string): string {
    const path = this.text(name, meaning);
    if (!path) return '';
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      this.problems.push(`${name} names ${path}, which cannot be read (${(error as NodeJS.ErrnoException).code}); set it to ${meaning}`);
      return '';
    }
  }

  /** A secret of 32 characters or more, from the file that the variable names. */
  token(name: string): string {
    const known = this.problems.length;
    const token = this.file(name, 'the path of a file that holds a random token of 32 characters or more').trim();
    if (token.length < SHORTEST_TOKEN && this.problems.length === known)
      this.problems.push(`${name} names a file that holds less than 32 characters; put a random token of 32 or more into it`);
    return token;
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
