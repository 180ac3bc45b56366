import type { Answer, Call, JsonObject } from './call.ts';
import type { Change } from './change-log.ts';
import { decodeToken, encodeToken, type DeltaToken } from './delta-token.ts';
import type { DirectoryObject, Version } from './directory-object.ts';
import { badRequest, unsupportedQuery, type Json } from './errors.ts';
import { requiredValues } from './filter-evaluation.ts';
import { contextOf } from './listing.ts';
import { hidesMembersFrom, presentObject } from './present.ts';
import { readQuery } from './query-options.ts';
import { COLLECTIONS, ODATA_TYPES, SHOWN_NAMES, type Kind } from './schema.ts';
import type { Tenant } from './tenant.ts';

const DEFAULT_PAGE = 200;
/** Members of one group that a page shows; the rest comes under the same id on later pages. */
const MEMBERS_A_PAGE = 1_000;
/** Changes looked at for one page; when none of them concerns the query, the page is empty and has a next link. */
const CHANGES_A_PAGE = 5_000;
const MOST_FILTERED = 50;
/** Properties that delta does not track. */
const UNTRACKED = new Set(['licenseAssignmentStates', 'appRoleAssignedTo', 'owners']);

interface Round {
  tenant: Tenant;
  call: Call;
  token: DeltaToken;
  size: number;
}

interface DeltaPage {
  value: JsonObject[];
  next?: DeltaToken;
  done?: DeltaToken;
}

/** `/users/delta`, `/groups/delta`, `/servicePrincipals/delta`: one page of a round. Order is not promised; repeats may happen. */
export const readDelta =
  (kind: Kind) =>
  (tenant: Tenant, call: Call): Answer => {
    const round: Round = { tenant, call, token: tokenOf(tenant, call, kind), size: pageSize(call) };
    const page = withFaults(round, call.query.get('$deltatoken') === 'latest' ? { value: [], done: round.token } : pageOf(round));
    const link = `${call.root}/${COLLECTIONS[kind]}/delta`;
    const body: JsonObject = { '@odata.context': contextOf(call, COLLECTIONS[kind], round.token.select) };
    if (page.next) body['@odata.nextLink'] = `${link}?$skiptoken=${encodeToken(page.next)}`;
    else body['@odata.deltaLink'] = `${link}?$deltatoken=${encodeToken({ ...page.done!, issued: tenant.now() })}`;
    body['value'] = page.value as Json[];
    return { status: 200, body };
  };

function tokenOf(tenant: Tenant, call: Call, kind: Kind): DeltaToken {
  const given = call.query.get('$skiptoken') ?? call.query.get('$deltatoken');
  return given && given !== 'latest' ? decodeToken(tenant, call, given) : firstToken(tenant, call, kind);
}

function firstToken(tenant: Tenant, call: Call, kind: Kind): DeltaToken {
  const options = readQuery(call, kind, 'delta');
  if (['$orderby', '$search', '$expand'].some((name) => call.query.has(name))) throw unsupportedQuery('Unsupported Query.');
  const token: DeltaToken = { kind, issued: tenant.now(), sequence: visibleHead(tenant, kind), ordinal: 0 };
  if (options.select) token.select = options.select;
  if (options.filter) token.ids = idsOf(options.filter);
  if (/return\s*=\s*minimal/i.test(call.headers['prefer'] ?? '')) token.minimal = true;
  if (call.query.get('$deltatoken') === 'latest') delete token.ordinal;
  return token;
}

function idsOf(filter: NonNullable<ReturnType<typeof readQuery>['filter']>): string[] {
  const ids = requiredValues(filter, 'id');
  if (!ids) throw unsupportedQuery("Unsupported Query. Only a filter of the form id eq '{value}' is supported in a delta request.");
  if (ids.length > MOST_FILTERED) throw badRequest(`The number of object ids in the filter exceeds the limit of ${MOST_FILTERED}.`);
  return ids.map(String);
}

function pageSize(call: Call): number {
  const wanted = /odata\.maxpagesize\s*=\s*(\d+)/i.exec(call.headers['prefer'] ?? '')?.[1] ?? call.query.get('$top');
  const size = Number(wanted ?? DEFAULT_PAGE);
  return Number.isInteger(size) && size > 0 && size < 1_000 ? size : DEFAULT_PAGE;
}

/** The sequence number of the first change that the delta view does not show yet. */
function visibleHead(tenant: Tenant, kind: Kind): number {
  const log = tenant.directory.changes[kind];
  const oldest = tenant.now() - tenant.directory.lag.longest();
  let head = log.head;
  while (head > log.tail && log.get(head - 1)!.at > oldest) head--;
  for (let change = log.get(head); change && tenant.directory.visible(change); change = log.get(head)) head++;
  return head;
}

const pageOf = (round: Round): DeltaPage => (round.token.ordinal === undefined ? changesPage(round) : listingPage(round));

/** The first listing: every object, members of big groups in parts. */
function listingPage(round: Round): DeltaPage {
  const { tenant, token, size } = round;
  const ordered = tenant.directory.ordered[token.kind];
  const value: JsonObject[] = [];
  let ordinal = token.ordinal ?? 0;
  let member = token.member ?? 0;
  let budget = MEMBERS_A_PAGE;
  for (; ordinal < ordered.length && value.length < size && budget > 0; ordinal++, member = 0) {
    const shown = showListed(round, ordered[ordinal]);
    if (!shown) continue;
    value.push(shown);
    const rest = showMembers(round, ordered[ordinal]!, { shown, from: member, budget });
    budget -= MEMBERS_A_PAGE / size;
    if (rest > 0) return { value, next: { ...token, ordinal, member: rest } };
  }
  if (ordinal < ordered.length) return { value, next: { ...token, ordinal, member: 0 } };
  const { ordinal: _listed, member: _shown, ...done } = token;
  return { value, done };
}

function showListed(round: Round, object: DirectoryObject | undefined): JsonObject | undefined {
  if (!object || !wanted(round.token, object)) return undefined;
  const version = round.tenant.directory.seenLive(object, 'delta');
  return version && showWhole(round, object, version);
}

const wanted = (token: DeltaToken, object: DirectoryObject) => !token.ids || token.ids.includes(object.id);

const selects = (token: DeltaToken, name: string) => token.select?.includes(name) ?? false;
/** Members come when nothing is selected, or when they are. */
const withMembers = (token: DeltaToken) => token.kind === 'group' && (!token.select || selects(token, 'members'));

function namesOf(token: DeltaToken): string[] {
  const names = (token.select ?? SHOWN_NAMES[token.kind]).filter((name) => name !== 'manager' && name !== 'members' && name !== 'owners');
  return names.includes('id') ? names : [...names, 'id'];
}

function showWhole({ call, token }: Round, object: DirectoryObject, version: Version): JsonObject {
  const shown = presentObject(call, { object, version, select: namesOf(token) });
  if (selects(token, 'manager') && version.manager) shown['manager@delta'] = [{ '@odata.type': ODATA_TYPES.user, id: version.manager.id }];
  // delta leaves out what is not set
  for (const name of Object.keys(shown)) if (shown[name] === null) delete shown[name];
  return shown;
}

/** Adds a part of the members; gives where the next part begins, 0 when all are shown. */
function showMembers(
  { tenant, call, token }: Round,
  group: DirectoryObject,
  { shown, from, budget }: { shown: JsonObject; from: number; budget: number },
): number {
  if (!withMembers(token)) return 0;
  const members = hidesMembersFrom(call, group) ? [] : tenant.directory.membersSeen(group, 'delta');
  const part = members.slice(from, from + Math.max(1, Math.floor(budget)));
  if (part.length > 0) shown['members@delta'] = part.map((member) => ({ '@odata.type': ODATA_TYPES[member.kind], id: member.id }));
  return from + part.length < members.length ? from + part.length : 0;
}

interface Gathered {
  names: Set<string>;
  members: Map<DirectoryObject, boolean>;
  formerManager: DirectoryObject | undefined;
  whole: boolean;
}

/** What happened since the token, put together by object within the page. */
function changesPage(round: Round): DeltaPage {
  const { tenant, token, size } = round;
  const log = tenant.directory.changes[token.kind];
  const gathered = new Map<DirectoryObject, Gathered>();
  let { sequence } = token;
  const end = sequence + CHANGES_A_PAGE;
  let change = log.get(sequence);
  while (change && sequence < end && tenant.directory.visible(change)) {
    if (!gathered.has(change.object) && gathered.size >= size) break;
    if (concerns(token, change)) gather(gathered, change);
    change = log.get(++sequence);
  }
  const value = [...gathered].map(([object, what]) => showChanged(round, object, what));
  const token2: DeltaToken = { ...token, sequence };
  delete token2.withheld;
  return change && tenant.directory.visible(change) ? { value, next: token2 } : { value, done: token2 };
}

function concerns(token: DeltaToken, change: Change): boolean {
  if (!wanted(token, change.object)) return false;
  if (change.life) return true;
  if (change.member) return withMembers(token);
  return change.names!.some((name) => (token.select ? token.select.includes(name) : name !== 'manager' && !UNTRACKED.has(name)));
}

function gather(gathered: Map<DirectoryObject, Gathered>, change: Change): void {
  let entry = gathered.get(change.object);
  if (!entry) gathered.set(change.object, (entry = { names: new Set(), members: new Map(), formerManager: undefined, whole: false }));
  if (change.life) entry.whole = true;
  if (change.member) entry.members.set(change.member, change.added === true);
  entry.formerManager ??= change.former;
  for (const name of change.names ?? []) entry.names.add(name);
}

function showChanged(round: Round, object: DirectoryObject, what: Gathered): JsonObject {
  const { tenant, call, token } = round;
  const gone = tenant.directory.find(object.id) === undefined;
  const version = tenant.directory.seen(object, 'delta');
  if (gone || !version || version.deletedAt !== undefined) {
    return { id: object.id, '@removed': { reason: gone ? 'deleted' : 'changed' } };
  }
  const shown = token.minimal && !what.whole ? showNames(round, { object, version, names: what.names }) : showWhole(round, object, version);
  showTaken(token, shown, { version, what });
  const members = hidesMembersFrom(call, object) ? [] : [...what.members].map(([member, added]) => membershipEntry(member, added));
  if (members.length > 0) shown['members@delta'] = members;
  return shown;
}

/** A value that was taken away is told as null, a manager by an entry with `@removed`. */
function showTaken(token: DeltaToken, shown: JsonObject, { version, what }: { version: Version; what: Gathered }): void {
  const names = namesOf(token);
  for (const name of what.names) if (names.includes(name)) shown[name] ??= null;
  if (what.formerManager && selects(token, 'manager') && !version.manager) {
    shown['manager@delta'] = [membershipEntry(what.formerManager, false)];
  }
}

function showNames(
  { call, token }: Round,
  { object, version, names }: { object: DirectoryObject; version: Version; names: Set<string> },
): JsonObject {
  const select = ['id', ...namesOf(token).filter((name) => names.has(name))];
  const shown = presentObject(call, { object, version, select });
  if (names.has('manager') && version.manager) shown['manager@delta'] = [{ '@odata.type': ODATA_TYPES.user, id: version.manager.id }];
  return shown;
}

function membershipEntry(member: DirectoryObject, added: boolean): JsonObject {
  const entry: JsonObject = { '@odata.type': ODATA_TYPES[member.kind], id: member.id };
  if (!added) entry['@removed'] = { reason: 'deleted' };
  return entry;
}

function withFaults(round: Round, page: DeltaPage): DeltaPage {
  const { call, token } = round;
  if (page.value.length > 0 && !token.withheld && call.plays('empty-page')) {
    return { value: [], next: { ...token, withheld: true } };
  }
  if (page.value.length > 0 && call.plays('delta-duplicate')) page.value.push({ ...page.value[0] });
  if (token.ordinal === undefined && call.plays('delta-replay')) replay(round, page);
  if (page.next) delete page.next.withheld;
  if (page.done) delete page.done.withheld;
  return page;
}

/** Shows again an object that did not change in this round, as replays do. */
function replay(round: Round, page: DeltaPage): void {
  const { tenant, token } = round;
  const shown = new Set(page.value.map((item) => item['id']));
  for (const object of tenant.directory.ordered[token.kind]) {
    const again = object && !shown.has(object.id) ? showListed(round, object) : undefined;
    if (!again) continue;
    page.value.push(again);
    return;
  }
}
