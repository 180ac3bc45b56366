import { validateSchema, type FlowDocument, type ValidationProblem } from '@muster/contracts';
import { isAlias, isScalar, LineCounter, parseDocument, visit, type Document } from 'yaml';
import { inOrder, type FlowProblem } from './problem.ts';
import { fillParameters } from './parameters.ts';
import { noSource, sourceOf, type Place, type Source } from './source.ts';

const SCHEMA = 'muster:operations/flow-document.v1';
const LARGEST_FILE = 262_144;

/** A flow document and where its parts stand. */
export interface Flow {
  readonly document: FlowDocument;
  readonly source: Source;
}

export interface ParsedFlow {
  /** Absent if there is any problem. */
  readonly flow?: Flow;
  readonly problems: readonly FlowProblem[];
}

const problem = (source: Source, place: Place, path: string, words: { message: string; remedy: string }): FlowProblem => ({
  code: 'flow.invalid',
  file: source.file,
  ...place,
  path,
  ...words,
});

const KINDS = 'account, group, app or none';

const wordsFor = ({ keyword, expected, found, remedy, pointer }: ValidationProblem): { message: string; remedy: string } => {
  const name = pointer.slice(pointer.lastIndexOf('/') + 1).replaceAll('~1', '/');
  const isStep = /^\/steps\/\d+$/.test(pointer);
  if (keyword === 'additionalProperties') return { message: `unknown key "${name}"`, remedy: 'Correct its name, or leave it out.' };
  if (keyword === 'required') return { message: `"${name}" is missing`, remedy: `Add ${name}.` };
  if (isStep && keyword === 'minProperties') return { message: 'a step says nothing', remedy: `Add one of ${KINDS}.` };
  if (isStep && keyword === 'maxProperties')
    return { message: 'a step says more than one thing', remedy: `Give each of ${KINDS} a step of its own.` };
  if (keyword === 'minProperties') return { message: 'it names nothing', remedy: 'Add name or id.' };
  return { message: `expected ${expected}, found ${found}`, remedy };
};

const shapeProblems = (data: unknown, source: Source): FlowProblem[] =>
  validateSchema(SCHEMA, data).map((one) =>
    problem(
      source,
      source.locate(one.pointer, one.keyword === 'additionalProperties' ? 'key' : undefined),
      one.pointer.slice(1),
      wordsFor(one),
    ),
  );

const syntaxProblems = (document: Document.Parsed, lines: LineCounter, file: string): FlowProblem[] =>
  document.errors.map((error) => {
    const { line, col } = lines.linePos(error.pos[0]);
    const words = { message: error.message, remedy: 'Correct the YAML.' };
    return problem(noSource(file), { line, column: col }, '', words);
  });

/** An alias can make a small file endless, and a position ambiguous. */
const aliasProblems = (document: Document.Parsed, lines: LineCounter, file: string): FlowProblem[] => {
  const problems: FlowProblem[] = [];
  visit(document, {
    Node: (_, node) => {
      if (!isAlias(node) && !(isScalar(node) && node.anchor)) return;
      const { line, col } = lines.linePos(node.range?.[0] ?? 0);
      const words = { message: 'anchors and aliases are not part of flow documents', remedy: 'Write the value out.' };
      problems.push(problem(noSource(file), { line, column: col }, '', words));
    },
  });
  return problems;
};

/**
 * Reads a flow file: YAML, without duplicate keys, anchors or unknown keys. `parameters` fill the places of a template (`${name}`); those that are
 * not given take their default. Never throws; all problems come at once, in the order of the file. Expressions are checked by `checkFlow`.
 */
export const parseFlow = (text: string, file: string, parameters: Readonly<Record<string, string>> = {}): ParsedFlow => {
  if (text.length > LARGEST_FILE) {
    const words = { message: `the file is larger than ${LARGEST_FILE} characters`, remedy: 'Split the flow.' };
    return { problems: [problem(noSource(file), { line: 1, column: 1 }, '', words)] };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const broken = [...syntaxProblems(document, lines, file), ...aliasProblems(document, lines, file)];
  if (broken.length > 0) return { problems: inOrder(broken) };
  const source = sourceOf(file, text, document, lines);
  const unfilled = fillParameters(document, source, parameters);
  const data: unknown = document.toJS();
  const problems = [...unfilled, ...shapeProblems(data, source)];
  return problems.length > 0 ? { problems: inOrder(problems) } : { flow: { document: data as FlowDocument, source }, problems };
};

/** A document that was recorded, as a flow whose parts stand nowhere. `name` appears in problems in the place of the file. */
export const recordedFlow = (document: FlowDocument, name = document.flow): Flow => ({ document, source: noSource(name) });
