import { describeAudit, type AuditEntry } from './audit-log.ts';
import type { Answer, Call, JsonObject } from './call.ts';
import { badRequest } from './errors.ts';
import { compileFilter } from './filter-evaluation.ts';
import { parseFilter, type Filter } from './filter-syntax.ts';
import { nextLink } from './listing.ts';
import type { Tenant } from './tenant.ts';

const DEFAULT_PAGE = 100;
const MOST_A_PAGE = 1_000;

/**
 * `auditLogs/directoryAudits`: newest first; `activityDateTime` and a target's id narrow the search before anything is described.
 * Entries that the audit view does not show yet are left out and appear later, between those already read.
 */
export function listDirectoryAudits(tenant: Tenant, call: Call): Answer {
  checkOrder(call.query.get('$orderby'));
  const size = pageSize(call);
  const value: JsonObject[] = [];
  const body: JsonObject = { '@odata.context': `${call.root}/$metadata#auditLogs/directoryAudits` };
  for (const { sequence, shown } of matching(tenant, call)) {
    if (value.length === size) {
      body['@odata.nextLink'] = nextLink(call, `${sequence + 1}`);
      break;
    }
    value.push(shown);
  }
  body['value'] = value as JsonObject[string];
  return { status: 200, body };
}

function checkOrder(text: string | null): void {
  if (text !== null && text.trim().toLowerCase() !== 'activitydatetime desc') throw badRequest(`Unsupported order: '${text}'.`);
}

/** Entries before the one that the page token names. */
function* matching(tenant: Tenant, call: Call): Generator<{ sequence: number; shown: JsonObject }> {
  const text = call.query.get('$filter');
  const filter = text === null ? undefined : parseFilter(text);
  const test = filter ? compileFilter(filter) : () => true;
  const before = Number(call.query.get('$skiptoken') ?? Infinity);
  for (const entry of narrowed(tenant, filter)) {
    if (entry.sequence >= before || !isShown(tenant, entry)) continue;
    const shown = describeAudit(entry, (by) => tenant.describeActor(by));
    if (test(shown)) yield { sequence: entry.sequence, shown };
  }
}

function pageSize(call: Call): number {
  const top = Number(call.query.get('$top') ?? DEFAULT_PAGE);
  if (!Number.isInteger(top) || top < 1 || top > MOST_A_PAGE) throw badRequest(`Invalid page size specified: '${call.query.get('$top')}'.`);
  return top;
}

const isShown = (tenant: Tenant, entry: AuditEntry) =>
  entry.at + tenant.directory.lag.delay('audit', `${entry.correlation}/${entry.sequence}`) <= tenant.now();

function* narrowed(tenant: Tenant, filter: Filter | undefined): Generator<AuditEntry> {
  const from = filter ? earliest(filter) : 0;
  const target = filter ? targetId(filter) : undefined;
  for (const entry of tenant.audits.newestFirst(from)) {
    if (target === undefined || entry.targets.some((one) => one.id === target)) yield entry;
  }
}

/** The lower bound of `activityDateTime`, if the filter has one at its top level. */
function earliest(filter: Filter): number {
  if (filter.kind === 'and') return Math.max(earliest(filter.left), earliest(filter.right));
  if (filter.kind !== 'compare' || filter.path !== 'activityDateTime' || !['ge', 'gt', 'eq'].includes(filter.op)) return 0;
  const instant = Date.parse(String(filter.value));
  return Number.isNaN(instant) ? 0 : instant;
}

function targetId(filter: Filter): string | undefined {
  if (filter.kind === 'and') return targetId(filter.left) ?? targetId(filter.right);
  if (filter.kind !== 'any' || filter.path !== 'targetResources') return undefined;
  const of = filter.of;
  return of?.kind === 'compare' && of.op === 'eq' && of.path === 'id' ? String(of.value) : undefined;
}
