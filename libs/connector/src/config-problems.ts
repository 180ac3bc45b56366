import type { Document, LineCounter } from 'yaml';

type Path = readonly (string | number)[];

const shown = (path: Path): string =>
  path.map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`)).join('') || '(file)';

/** One thing wrong with a connection file. Holds no value of a secret. */
export interface ConfigProblem {
  /** `connections[0].budget.users` */
  path: string;
  line?: number;
  message: string;
  remedy: string;
}

/** Everything that is wrong with a connection file, at once. */
export class ConnectionFileInvalid extends Error {
  readonly code = 'config.invalid';
  readonly problems: readonly ConfigProblem[];

  constructor(file: string, problems: readonly ConfigProblem[]) {
    const line = (problem: ConfigProblem): string =>
      `  ${file}${problem.line === undefined ? '' : `:${problem.line}`} ${problem.path}: ${problem.message}. ${problem.remedy}`;
    super(`${file} has ${problems.length} problem${problems.length === 1 ? '' : 's'}:\n${problems.map(line).join('\n')}`);
    this.name = 'ConnectionFileInvalid';
    this.problems = problems;
  }
}

/** Collects problems and knows on which line a path stands. */
export class Problems {
  readonly found: ConfigProblem[] = [];
  readonly #document: Document;
  readonly #lines: LineCounter;

  constructor(document: Document, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  add(path: Path, message: string, remedy: string): void {
    const line = this.#lineOf(path);
    this.found.push({ path: shown(path), ...(line === undefined ? {} : { line }), message, remedy });
  }

  #lineOf(path: Path): number | undefined {
    for (let length = path.length; length >= 0; length -= 1) {
      const node = this.#document.getIn(path.slice(0, length), true);
      const range = node !== null && typeof node === 'object' && 'range' in node ? (node.range as [number] | undefined) : undefined;
      if (range) return this.#lines.linePos(range[0]).line;
    }
    return undefined;
  }
}
