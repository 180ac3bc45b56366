import type { Answer, Call, JsonObject } from './call.ts';
import type { DirectoryObject, Version } from './directory-object.ts';
import { GraphFault, textOf, type Json } from './errors.ts';
import { compileFilter, requiredValues } from './filter-evaluation.ts';
import { INDEXED } from './index-by-value.ts';
import { presentExpansions, presentObject, visible } from './present.ts';
import type { QueryOptions } from './query-options.ts';
import { COLLECTIONS, type Kind } from './schema.ts';
import type { Tenant } from './tenant.ts';

interface Item {
  object: DirectoryObject;
  version: Version;
}

const DEFAULT_PAGE = 100;

/** Lists that need one order over several pages; the oldest go first, and their tokens are then expired. */
class Snapshots {
  readonly #lists = new Map<string, DirectoryObject[]>();
  #next = 1;

  keep(list: DirectoryObject[]): string {
    const id = `${this.#next++}`;
    this.#lists.set(id, list);
    if (this.#lists.size > 256) this.#lists.delete(this.#lists.keys().next().value!);
    return id;
  }

  get(id: string): DirectoryObject[] {
    const list = this.#lists.get(id);
    if (!list) throw expiredPage();
    return list;
  }
}

const expiredPage = () =>
  new GraphFault(
    400,
    'Directory_ExpiredPageToken',
    'The specified page token value has expired and can no longer be included in your request.',
  );

/** Where the next page begins: an ordinal of the whole collection, or an offset in a snapshot. */
interface PageToken {
  at: number;
  list?: string;
  last?: string;
  /** The page before was withheld; this one is not. */
  withheld?: boolean;
}

const encode = (token: PageToken) => Buffer.from(JSON.stringify(token)).toString('base64url');

function decode(text: string): PageToken {
  try {
    const token = JSON.parse(Buffer.from(text, 'base64url').toString()) as PageToken;
    if (Number.isInteger(token.at)) return token;
  } catch {
    // the same answer as for a token of the wrong shape
  }
  throw expiredPage();
}

const tokenOf = ({ skipToken }: QueryOptions): PageToken => (skipToken === undefined ? { at: 0 } : decode(skipToken));

const snapshotsOf = new WeakMap<Tenant, Snapshots>();

function snapshots(tenant: Tenant): Snapshots {
  let held = snapshotsOf.get(tenant);
  if (!held) snapshotsOf.set(tenant, (held = new Snapshots()));
  return held;
}

/** Answers a GET of a whole collection: users, groups, servicePrincipals. */
export function listCollection(tenant: Tenant, call: Call, kind: Kind, options: QueryOptions): Answer {
  const matches = matcher(options);
  const narrowed = narrowedBy(tenant, kind, options);
  if (narrowed || options.orderBy) {
    const all = narrowed ?? tenant.directory.ordered[kind].filter((object) => object !== undefined);
    return listObjects(tenant, call, { objects: all, options, kind });
  }
  const page = scanPage(tenant, kind, { options, matches });
  return answer(tenant, call, { page, options, kind, typed: false, total: () => countMatching(tenant, kind, matches) });
}

/** Answers a GET of a list at hand (members, reports, candidates of an index), with filter, order and pages. */
export function listObjects(
  tenant: Tenant,
  call: Call,
  { objects, options, kind, typed = false }: { objects: readonly DirectoryObject[]; options: QueryOptions; kind: Kind; typed?: boolean },
): Answer {
  const token = tokenOf(options);
  const list = token.list === undefined ? arranged(tenant, objects, options) : snapshots(tenant).get(token.list);
  const end = token.at + (options.top ?? DEFAULT_PAGE);
  const items = visible(tenant, list.slice(token.at, end));
  const page: Page = { items, last: token.last, withheld: token.withheld };
  if (end < list.length) page.next = { at: end, list: token.list ?? snapshots(tenant).keep(list) };
  return answer(tenant, call, { page, options, kind, typed, total: () => list.length });
}

function arranged(tenant: Tenant, objects: readonly DirectoryObject[], options: QueryOptions): DirectoryObject[] {
  const matches = matcher(options);
  const items = visible(tenant, objects).filter(({ version }) => matches(version));
  const { orderBy } = options;
  if (orderBy) {
    const keyOf = ({ version }: Item) => textOf(version.properties[orderBy.name]).toLowerCase();
    items.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1) * (orderBy.descending ? -1 : 1));
  }
  return items.map(({ object }) => object);
}

type Matcher = (version: Version) => boolean;

function matcher({ filter, search }: QueryOptions): Matcher {
  const test = filter ? compileFilter(filter) : undefined;
  return ({ properties }) => {
    if (test && !test(properties)) return false;
    return !search || search.every(({ name, value }) => wordsOf(properties[name]).some((word) => word.startsWith(value)));
  };
}

const wordsOf = (value: Json | undefined): string[] => {
  const text = textOf(value).toLowerCase();
  return [text, ...text.split(/[^\p{L}\p{N}]+/u)];
};

/** The objects that an index leaves to look at, undefined if the filter fixes no indexed property. */
function narrowedBy(tenant: Tenant, kind: Kind, { filter }: QueryOptions): DirectoryObject[] | undefined {
  if (!filter) return undefined;
  const ids = requiredValues(filter, 'id');
  if (ids) return ids.map((id) => tenant.directory.find(String(id), kind)).filter((object) => object !== undefined);
  for (const name of INDEXED[kind]) {
    const values = requiredValues(filter, name)?.filter((value) => value !== null);
    if (!values?.length) continue;
    return [...new Set(values.flatMap((value) => tenant.directory.candidates(kind, name, String(value))))];
  }
  return undefined;
}

interface Page {
  items: Item[];
  next?: PageToken;
  /** The last item of the page before. */
  last?: string | undefined;
  withheld?: boolean | undefined;
}

function scanPage(tenant: Tenant, kind: Kind, { options, matches }: { options: QueryOptions; matches: Matcher }): Page {
  const token = tokenOf(options);
  const size = options.top ?? DEFAULT_PAGE;
  const ordered = tenant.directory.ordered[kind];
  const items: Item[] = [];
  let { at } = token;
  for (; at < ordered.length && items.length < size; at++) {
    const item = shownAt(tenant, ordered[at]);
    if (item && matches(item.version)) items.push(item);
  }
  const page: Page = { items, last: token.last, withheld: token.withheld };
  if (at < ordered.length) page.next = { at };
  return page;
}

function shownAt(tenant: Tenant, object: DirectoryObject | undefined): Item | undefined {
  const version = object && tenant.directory.seenLive(object, 'list');
  return object && version ? { object, version } : undefined;
}

function countMatching(tenant: Tenant, kind: Kind, matches: Matcher): number {
  let count = 0;
  for (const object of tenant.directory.ordered[kind]) {
    const item = shownAt(tenant, object);
    if (item && matches(item.version)) count++;
  }
  return count;
}

interface Shown {
  page: Page;
  options: QueryOptions;
  kind: Kind;
  typed: boolean;
  total: () => number;
}

function answer(tenant: Tenant, call: Call, { page, options, kind, typed, total }: Shown): Answer {
  const { items, next } = withFaults(tenant, call, { page, options });
  const value = items.map((item) => {
    const shown = presentObject(call, { ...item, select: options.select, typed });
    if (options.expand.length > 0) presentExpansions(tenant, call, { ...item, shown }, options.expand);
    return shown;
  });
  const body: JsonObject = { '@odata.context': contextOf(call, typed ? 'directoryObjects' : COLLECTIONS[kind], options.select) };
  if (options.count) body['@odata.count'] = total();
  if (next) body['@odata.nextLink'] = nextLink(call, encode(next));
  body['value'] = value as Json[];
  return { status: 200, body };
}

function withFaults(tenant: Tenant, call: Call, { page, options }: Pick<Shown, 'page' | 'options'>): Page {
  const last = page.items.at(-1)?.object.id;
  if (page.next && last !== undefined) page.next.last = last;
  if (page.last !== undefined && call.plays('repeat-page')) {
    const object = tenant.directory.find(page.last);
    return { ...page, items: object ? [...visible(tenant, [object]), ...page.items] : page.items };
  }
  if (page.next && !page.withheld && call.plays('empty-page')) return { items: [], next: { ...startOf(page, options), withheld: true } };
  return page;
}

/** The token of the very page that was withheld, so that an empty page loses nothing. */
function startOf(page: Page, options: QueryOptions): PageToken {
  if (options.skipToken !== undefined) return decode(options.skipToken);
  return page.next!.list === undefined ? { at: 0 } : { at: 0, list: page.next!.list };
}

export const contextOf = (call: Call, collection: string, select?: readonly string[]) =>
  `${call.root}/$metadata#${collection}${select ? `(${select.join(',')})` : ''}`;

/** The request again with another `$skiptoken`, absolute as Graph gives it. */
export function nextLink(call: Call, skipToken: string): string {
  const kept = [...call.query].filter(([name]) => name !== '$skiptoken');
  const text = [...kept, ['$skiptoken', skipToken]].map(([name, value]) => `${name}=${encodeURIComponent(value!)}`).join('&');
  return `${call.root}${call.path}?${text}`;
}
