import type { ErrorCode } from '@muster/contracts';

/** Something wrong with a flow document, for the person who wrote it. */
export interface FlowProblem {
  /** A code of the registry. */
  readonly code: Extract<ErrorCode, 'flow.invalid' | 'flow.expression_invalid'>;
  readonly file: string;
  /** From 1; 0 for a document that was not read from a file. */
  readonly line: number;
  readonly column: number;
  /** Where in the document, such as `steps/okta-account/attributes/title`. */
  readonly path: string;
  readonly message: string;
  readonly remedy: string;
}

/** Orders problems as they stand in the file. */
export const inOrder = (problems: readonly FlowProblem[]): FlowProblem[] =>
  problems.toSorted((a, b) => a.line - b.line || a.column - b.column || (a.message < b.message ? -1 : Number(a.message > b.message)));
