import { badQuery, unsupportedQuery, type Json } from './errors.ts';
import type { Comparison, Filter, Literal } from './filter-syntax.ts';
import type { Schema } from './schema.ts';

type Predicate = (value: Json | Readonly<Record<string, Json>> | undefined) => boolean;

const fold = (value: string) => value.toLowerCase();

/**
 * Turns a parsed filter into a test. Texts compare without regard to case, as in the directory; a missing value is null,
 * and an ordering against null is false.
 */
export function compileFilter(filter: Filter): Predicate {
  switch (filter.kind) {
    case 'and': {
      const [left, right] = [compileFilter(filter.left), compileFilter(filter.right)];
      return (item) => left(item) && right(item);
    }
    case 'or': {
      const [left, right] = [compileFilter(filter.left), compileFilter(filter.right)];
      return (item) => left(item) || right(item);
    }
    case 'not': {
      const inner = compileFilter(filter.of);
      return (item) => !inner(item);
    }
    case 'compare':
      return at(filter.path, comparison(filter.op, filter.value));
    case 'in': {
      const tests = filter.values.map((value) => comparison('eq', value));
      return at(filter.path, (value) => tests.some((test) => test(value)));
    }
    case 'text':
      return at(filter.path, textTest(filter.fn, fold(filter.value)));
    case 'any': {
      const inner = filter.of ? compileFilter(filter.of) : () => true;
      return at(filter.path, (value) => Array.isArray(value) && value.some(inner));
    }
  }
}

function at(path: string, test: Predicate): Predicate {
  if (path === '') return test;
  const steps = path.split('/');
  return (item) => {
    let value: Parameters<Predicate>[0] = item;
    for (const name of steps) value = step(value, name);
    return test(value);
  };
}

function step(value: Json | Readonly<Record<string, Json>> | undefined, name: string): Json | undefined {
  if (name === '$count') return Array.isArray(value) ? value.length : 0;
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
  return value[name];
}

function comparison(op: Comparison, wanted: Literal): Predicate {
  if (wanted === null) return nullTest(op);
  const order = orderTo(wanted);
  switch (op) {
    case 'eq':
      return (value) => order(value) === 0;
    case 'ne':
      return (value) => order(value) !== 0;
    case 'gt':
      return (value) => (order(value) ?? 0) > 0;
    case 'ge':
      return (value) => (order(value) ?? -1) >= 0;
    case 'lt':
      return (value) => (order(value) ?? 0) < 0;
    case 'le':
      return (value) => (order(value) ?? 1) <= 0;
  }
}

const nullTest = (op: Comparison): Predicate => {
  if (op === 'eq') return (value) => value === undefined || value === null;
  if (op === 'ne') return (value) => value !== undefined && value !== null;
  throw badQuery(`Invalid filter clause: a null value cannot be compared with '${op}'.`);
};

const isDate = (value: string) => /^\d{4}-\d\d-\d\d(T|$)/.test(value);

/** The order of a value against the wanted one, undefined where they cannot be compared. */
function orderTo(wanted: string | number | boolean): (value: Json | undefined) => number | undefined {
  if (typeof wanted !== 'string') {
    return (value) => (typeof value === typeof wanted ? Number(value) - Number(wanted) : undefined);
  }
  if (isDate(wanted)) {
    const instant = Date.parse(wanted);
    return (value) => (typeof value === 'string' && isDate(value) ? Date.parse(value) - instant : undefined);
  }
  const folded = fold(wanted);
  return (value) => {
    if (typeof value !== 'string') return undefined;
    const other = fold(value);
    return other === folded ? 0 : other < folded ? -1 : 1;
  };
}

function textTest(fn: 'startswith' | 'endswith' | 'contains', wanted: string): Predicate {
  const holds = {
    startswith: (text: string) => text.startsWith(wanted),
    endswith: (text: string) => text.endsWith(wanted),
    contains: (text: string) => text.includes(wanted),
  }[fn];
  return (value) => typeof value === 'string' && holds(fold(value));
}

/** Every path that the filter reads, once for each use, without what is inside `any`. */
export function pathsOf(filter: Filter): string[] {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return [...pathsOf(filter.left), ...pathsOf(filter.right)];
    case 'not':
      return pathsOf(filter.of);
    case 'compare':
    case 'in':
    case 'text':
    case 'any':
      return [filter.path];
  }
}

/**
 * Refuses what the directory refuses: unknown properties, properties without filter support.
 * The texts are those of the OData layer and of the directory.
 */
export function checkFilter(filter: Filter, schema: Schema, resource: string): void {
  for (const path of pathsOf(filter)) {
    const name = path.split('/')[0]!;
    const spec = schema.get(name);
    if (!spec && !name.startsWith('extension_')) {
      throw badQuery(
        `Invalid filter clause: Could not find a property named '${name}' on type 'microsoft.graph.${resource[0]!.toLowerCase()}${resource.slice(1)}'.`,
      );
    }
    if (spec && !spec.filter) {
      throw unsupportedQuery(`Unsupported or invalid query filter clause specified for property '${name}' of resource '${resource}'.`);
    }
  }
  refuseContains(filter);
}

function refuseContains(filter: Filter): void {
  if (filter.kind === 'and' || filter.kind === 'or') {
    refuseContains(filter.left);
    refuseContains(filter.right);
  } else if (filter.kind === 'not') refuseContains(filter.of);
  else if (filter.kind === 'text' && filter.fn === 'contains') throw unsupportedQuery("Unsupported Query. 'contains' is not supported.");
}

/** Whether the filter is one of those that need `ConsistencyLevel: eventual` and `$count=true` (aad-advanced-queries). */
export function isAdvanced(filter: Filter): boolean {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return isAdvanced(filter.left) || isAdvanced(filter.right);
    case 'not':
      return true;
    case 'compare':
      return isAdvancedComparison(filter);
    case 'text':
      return filter.fn === 'endswith';
    case 'in':
    case 'any':
      return false;
  }
}

const isAdvancedComparison = ({ op, path, value }: Extract<Filter, { kind: 'compare' }>) =>
  op === 'ne' || path.endsWith('/$count') || (op === 'eq' && value === null);

/** The values that a property must equal for the filter to hold, if the filter says so at its top level; else undefined. */
export function requiredValues(filter: Filter, path: string): Literal[] | undefined {
  if (filter.kind === 'and') return requiredValues(filter.left, path) ?? requiredValues(filter.right, path);
  if (filter.kind === 'or') {
    const [left, right] = [requiredValues(filter.left, path), requiredValues(filter.right, path)];
    return left && right ? [...left, ...right] : undefined;
  }
  return valuesFixedBy(filter, path);
}

function valuesFixedBy(filter: Filter, path: string): Literal[] | undefined {
  if (filter.kind === 'compare' && filter.op === 'eq' && filter.path === path) return [filter.value];
  return filter.kind === 'in' && filter.path === path ? filter.values : undefined;
}
