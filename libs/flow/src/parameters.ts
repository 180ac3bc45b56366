import { isMap, isScalar, visit, type Document } from 'yaml';
import type { FlowProblem } from './problem.ts';
import type { Source } from './source.ts';

const PLACE = /^\$\{([a-zA-Z][a-zA-Z0-9-]*)\}$/;

const declared = (document: Document.Parsed): Map<string, string> => {
  const block: unknown = document.get('parameters', true);
  if (!isMap(block)) return new Map();
  return new Map(
    block.items.flatMap(({ key, value }) => {
      const name = isScalar(key) ? String(key.value) : '';
      const standard: unknown = isMap(value) ? value.get('default') : undefined;
      return typeof standard === 'string' ? [[name, standard] as const] : [];
    }),
  );
};

const badDeclarations = (document: Document.Parsed, source: Source): FlowProblem[] => {
  const block: unknown = document.get('parameters', true);
  if (block === undefined) return [];
  const names = isMap(block) ? block.items.map(({ key }) => String(isScalar(key) ? key.value : '')) : [''];
  const known = declared(document);
  return names
    .filter((name) => !known.has(name))
    .map((name) => ({
      code: 'flow.invalid' as const,
      file: source.file,
      ...source.locate(`/parameters/${name}`),
      path: `parameters/${name}`,
      message: 'a parameter has no default',
      remedy: 'Write each parameter as name: { title: ..., default: ... }.',
    }));
};

const surplus = (source: Source, given: Iterable<string>, known: ReadonlyMap<string, string>): FlowProblem[] =>
  [...given]
    .filter((name) => !known.has(name))
    .map((name) => ({
      code: 'flow.invalid' as const,
      file: source.file,
      ...source.locate('/parameters'),
      path: `parameters/${name}`,
      message: `the template has no parameter "${name}"`,
      remedy: known.size > 0 ? `Use one of ${[...known.keys()].join(', ')}.` : 'Leave it out.',
    }));

const undeclared = (source: Source, name: string): FlowProblem => ({
  code: 'flow.invalid',
  file: source.file,
  ...source.locate('/parameters'),
  path: `parameters/${name}`,
  message: `the parameter "${name}" is used and not declared`,
  remedy: `Declare it: parameters: { ${name}: { title: ..., default: ... } }.`,
});

/** Puts values in the places `${name}` of a template and takes its `parameters` away. Returns what is wrong with them. */
export const fillParameters = (document: Document.Parsed, source: Source, given: Readonly<Record<string, string>>): FlowProblem[] => {
  if (!isMap(document.contents)) return [];
  const known = declared(document);
  const problems = [...badDeclarations(document, source), ...surplus(source, Object.keys(given), known)];
  const unknown = new Set<string>();
  visit(document, {
    Scalar: (_, node) => {
      const name = typeof node.value === 'string' ? PLACE.exec(node.value)?.[1] : undefined;
      if (name === undefined) return;
      if (known.has(name)) node.value = given[name] ?? known.get(name);
      else unknown.add(name);
    },
  });
  document.delete('parameters');
  return [...problems, ...[...unknown].map((name) => undeclared(source, name))];
};
