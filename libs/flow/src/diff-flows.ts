import type { FlowDocument } from '@muster/contracts';

/** One thing that differs between two versions of a flow. */
export interface FlowChange {
  /** Such as `scope` or `steps/okta-account/attributes/title/value`; a step stands under its id. */
  readonly path: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

const flatten = (value: unknown, path: string, into: Map<string, unknown>): Map<string, unknown> => {
  if (typeof value !== 'object' || value === null) return into.set(path, value);
  for (const [key, child] of Object.entries(value)) flatten(child, path === '' ? key : `${path}/${key}`, into);
  return into;
};

const leaves = ({ steps, ...rest }: FlowDocument): Map<string, unknown> =>
  flatten({ ...rest, steps: Object.fromEntries(steps.map(({ id, ...step }) => [id, step])) }, '', new Map());

/** What changes from one version of a flow to another, in the order of their paths; the order of steps says nothing. */
export const diffFlows = (before: FlowDocument, after: FlowDocument): FlowChange[] => {
  const old = leaves(before);
  const now = leaves(after);
  const paths = [...new Set([...old.keys(), ...now.keys()])].toSorted();
  return paths
    .filter((path) => old.get(path) !== now.get(path))
    .map((path) => ({
      path,
      ...(old.has(path) ? { before: old.get(path) } : {}),
      ...(now.has(path) ? { after: now.get(path) } : {}),
    }));
};
