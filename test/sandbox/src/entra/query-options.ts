import type { Call } from './call.ts';
import { wantsEventual } from './call.ts';
import { badQuery, badRequest, unsupportedQuery } from './errors.ts';
import { checkFilter, isAdvanced } from './filter-evaluation.ts';
import { parseFilter, type Filter } from './filter-syntax.ts';
import { RESOURCE_NAMES, SCHEMAS, type Kind } from './schema.ts';

export interface Expansion {
  name: string;
  select?: string[];
}

/** The OData options of a request, checked against the kind that it returns. */
export interface QueryOptions {
  select?: string[];
  filter?: Filter;
  top?: number;
  skipToken?: string;
  orderBy?: { name: string; descending: boolean };
  /** Upper-level `$count=true`. */
  count: boolean;
  /** Each word group: a property and the text that one of its words begins with. */
  search?: { name: string; value: string }[];
  expand: Expansion[];
}

const KNOWN = new Set(['$select', '$filter', '$top', '$skiptoken', '$orderby', '$count', '$search', '$expand', '$format', '$deltatoken']);
const MOST_A_PAGE = 999;
/** Relations that `$select` may name in a delta request. */
const DELTA_RELATIONS: Partial<Record<Kind, readonly string[]>> = { user: ['manager'], group: ['members', 'owners'] };
const EXPANDABLE: Record<Kind, readonly string[]> = {
  user: ['manager', 'directReports', 'memberOf'],
  group: ['members', 'owners', 'memberOf'],
  servicePrincipal: ['owners'],
};

/** Reads and checks the options; what Graph refuses is thrown in its words. Unknown options without `$` are ignored, as there. */
export function readQuery(call: Call, kind: Kind, use: 'plain' | 'delta' = 'plain'): QueryOptions {
  const { query } = call;
  for (const name of query.keys()) {
    if (name.startsWith('$') && !KNOWN.has(name)) throw badQuery(`The query parameter '${name}' is not supported.`);
  }
  const options: QueryOptions = { count: query.get('$count') === 'true', expand: expansionsOf(query.get('$expand'), kind) };
  assign(options, 'select', selectOf(query.get('$select'), kind, use));
  assign(options, 'top', topOf(query.get('$top')));
  assign(options, 'skipToken', query.get('$skiptoken') ?? undefined);
  assign(options, 'filter', filterOf(query.get('$filter'), kind, use));
  assign(options, 'orderBy', orderOf(query.get('$orderby'), kind));
  assign(options, 'search', searchOf(query.get('$search')));
  if (use === 'plain') checkConsistency(call, options);
  return options;
}

function assign<Name extends keyof QueryOptions>(options: QueryOptions, name: Name, value: QueryOptions[Name] | undefined): void {
  if (value !== undefined) options[name] = value;
}

const typeName = (kind: Kind) => `microsoft.graph.${kind}`;

/** The names of a `$select`; `*` means all of them. */
export function selectOf(text: string | null, kind: Kind, use: 'plain' | 'delta' = 'plain'): string[] | undefined {
  if (text === null || text.trim() === '') return undefined;
  const schema = SCHEMAS[kind];
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('*')) return [...schema.keys()];
  return names.map((name) => {
    const known = schema.has(name) || name.startsWith('extension_') || (use === 'delta' && DELTA_RELATIONS[kind]?.includes(name));
    if (known) return name;
    const sameButCase = [...schema.keys()].find((other) => other.toLowerCase() === name.toLowerCase());
    if (sameButCase) return sameButCase;
    throw badQuery(`Parsing OData Select and Expand failed: Could not find a property named '${name}' on type '${typeName(kind)}'.`);
  });
}

function topOf(text: string | null): number | undefined {
  if (text === null) return undefined;
  const top = Number(text);
  if (!Number.isInteger(top) || top < 1 || top > MOST_A_PAGE) {
    throw badRequest(`Invalid page size specified: '${text}'. Must be between 1 and ${MOST_A_PAGE} inclusive.`);
  }
  return top;
}

function filterOf(text: string | null, kind: Kind, use: 'plain' | 'delta'): Filter | undefined {
  if (text === null) return undefined;
  const filter = parseFilter(text);
  if (use === 'plain') checkFilter(filter, SCHEMAS[kind], RESOURCE_NAMES[kind]);
  return filter;
}

function orderOf(text: string | null, kind: Kind): QueryOptions['orderBy'] {
  if (text === null) return undefined;
  const [name = '', direction = 'asc'] = text.trim().split(/\s+/);
  if (!SCHEMAS[kind].has(name)) throw badQuery(`Could not find a property named '${name}' on type '${typeName(kind)}'.`);
  return { name, descending: direction.toLowerCase() === 'desc' };
}

/** `"displayName:wa" AND "mail:x"`; OR is not played. */
function searchOf(text: string | null): QueryOptions['search'] {
  if (text === null) return undefined;
  return text.split(/\s+AND\s+/).map((part) => {
    const match = /^"([A-Za-z]+):([^"]+)"$/.exec(part.trim());
    if (!match) throw badQuery(`Syntax error: character in '${text}': a search clause must have the form "property:value".`);
    return { name: match[1]!, value: match[2]!.toLowerCase() };
  });
}

function expansionsOf(text: string | null, kind: Kind): Expansion[] {
  if (text === null || text.trim() === '') return [];
  return [...text.matchAll(/([A-Za-z]+)(?:\(([^)]*)\))?/g)].map(([, name = '', inner]) => {
    if (!EXPANDABLE[kind].includes(name)) {
      throw badQuery(`Parsing OData Select and Expand failed: Could not find a property named '${name}' on type '${typeName(kind)}'.`);
    }
    const select = /\$select=([^;]*)/.exec(inner ?? '')?.[1];
    return select === undefined ? { name } : { name, select: select.split(',').map((part) => part.trim()) };
  });
}

const isAdvancedQuery = ({ filter, orderBy }: QueryOptions) => filter !== undefined && (orderBy !== undefined || isAdvanced(filter));

/** Advanced queries need `ConsistencyLevel: eventual`, and, except for `$search`, `$count=true` (aad-advanced-queries). */
function checkConsistency(call: Call, options: QueryOptions): void {
  const eventual = wantsEventual(call);
  if (options.search && !eventual)
    throw badRequest(
      "Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'",
    );
  if (options.count && !eventual)
    throw badRequest("$count is not currently supported without the request header 'ConsistencyLevel: eventual'.");
  if (isAdvancedQuery(options) && !(eventual && options.count)) {
    throw unsupportedQuery(
      'Unsupported or invalid query filter clause: the request needs $count=true and the header ConsistencyLevel: eventual.',
    );
  }
}
