import { existsSync, readFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { record, type AdminRequest } from '../kit/admin.ts';
import { writeSecret } from '../kit/ca.ts';
import type { VendorReply, VendorRequest } from '../kit/server.ts';
import type { HrSystem } from './hr-system.ts';
import { csvOf, reportRows, type PlacedRow, type Row } from './report-rows.ts';

/** How to fetch the report. */
export interface ReportAddress {
  readonly url: string;
  readonly token: string;
}

const NORMAL = 100;
const HIGHEST = 1000;
const FIRST_CURSOR = '';

/** Why a request for the report is refused. */
class ReportRefusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Starts the worker report: GET /reports/workers.json and /reports/workers.csv with a bearer token, `limit`, `cursor` and `updatedSince`. It shows what
 * of each record is in force, and what stands for later dates. POST /hr/report {shuffle, expireCursors} changes how. Beside the general faults it
 * plays `cut-file`, `cut-rows`, `empty-file`, `empty-page`, `repeat-page`, `short-page`.
 */
export async function startReport(hr: HrSystem, port?: number): Promise<ReportAddress> {
  const { kit } = hr;
  const token = tokenOf(kit.data);
  const report = new Report(hr);
  const server = kit.server('hr', hr.state, {
    identify: (headers) => headers['authorization']?.replace('Bearer ', ''),
    before: ({ headers }) => (headers['authorization'] === `Bearer ${token}` ? undefined : refusal(401, 'sign in with the report token')),
    decorate: (_request, reply) => ({ ...reply, headers: { ...reply.headers, date: new Date(kit.clock.now()).toUTCString() } }),
    notFound: () => refusal(404, 'there is no such report'),
    onError: (error) => (error instanceof ReportRefusal ? refusal(error.status, error.message) : undefined),
    throttled: (_request, { form }) => ({
      status: 429,
      ...(form === 'no-retry-after' ? {} : { headers: { 'retry-after': '1' } }),
      body: { error: 'too many requests' },
    }),
  });
  server.route('GET', '/reports/workers.json', (request) => report.json(request));
  server.route('GET', '/reports/workers.csv', (request) => report.csv(request));
  kit.admin.route('POST', '/hr/report', ({ body }: AdminRequest) => report.configure(record(body ?? {})));
  await server.listen(port);
  return { url: `${server.url}/reports/workers`, token };
}

const refusal = (status: number, message: string): VendorReply => ({ status, body: { error: message } });

function tokenOf(data: string): string {
  const file = join(data, 'hr-report-token');
  if (!existsSync(file)) writeSecret(file, randomBytes(24).toString('base64url'));
  return readFileSync(file, 'utf8');
}

interface Page {
  readonly rows: readonly Row[];
  readonly total: number;
  readonly next: string | undefined;
}

class Report {
  #shuffle: number | undefined;
  #epoch = 1;

  constructor(readonly hr: HrSystem) {}

  /** `shuffle`: a seed, or null for the normal order; `expireCursors`: those given so far are no longer taken. */
  configure({ shuffle, expireCursors }: Record<string, unknown>): object {
    if (shuffle !== undefined) this.#shuffle = typeof shuffle === 'number' ? shuffle : undefined;
    if (expireCursors === true) this.#epoch++;
    return { shuffle: this.#shuffle ?? null, epoch: this.#epoch };
  }

  json(request: VendorRequest): VendorReply {
    const page = this.#page(request);
    const { rows, total, next } = page;
    const body = JSON.stringify({ Report_Entry: rows, total, ...(next === undefined ? {} : { next }) });
    return this.#answer(request, page, { type: 'application/json', body });
  }

  csv(request: VendorRequest): VendorReply {
    const page = this.#page(request);
    return this.#answer(request, page, { type: 'text/csv; charset=utf-8', body: csvOf(page.rows) });
  }

  #answer(request: VendorRequest, { total, next }: Page, { type, body }: { type: string; body: string }): VendorReply {
    const headers: Record<string, string> = { 'content-type': type, 'x-total-count': String(total) };
    if (next !== undefined) {
      const query = new URLSearchParams(request.query);
      query.set('cursor', next);
      headers['link'] = `<${request.origin}${request.path}?${query.toString()}>; rel="next"`;
    }
    if (request.fault('empty-file')) return { status: 200, headers: { 'content-type': type } };
    if (request.fault('cut-file')) return { status: 200, headers, body: body.slice(0, Math.floor(body.length / 2)) };
    return { status: 200, headers, body };
  }

  #page(request: VendorRequest): Page {
    const limit = limitOf(request);
    const after = this.#open(request.query.get('cursor') ?? FIRST_CURSOR);
    const updatedSince = request.query.get('updatedSince') ?? '1970-01-01T00:00:00Z';
    if (Number.isNaN(Date.parse(updatedSince))) throw new ReportRefusal(400, 'updatedSince is not a time');
    const all = reportRows(this.hr, { updatedSince, shuffle: this.#shuffle });
    const rest = all.filter(({ place }) => place > after);
    return this.#played(request, { rest, limit, after, total: all.length });
  }

  #played(request: VendorRequest, { rest, limit, after, total }: { rest: PlacedRow[]; limit: number; after: string; total: number }): Page {
    const page = rest.slice(0, limit);
    const rows = page.map(({ row }) => row);
    const more = rest.length > limit;
    if (request.fault('empty-page')) return { rows: [], total, next: this.#seal(after) };
    if (more && request.fault('repeat-page')) return { rows, total, next: this.#seal(after) };
    if (request.fault('short-page')) return { rows: rows.slice(0, Math.ceil(rows.length / 2)), total, next: undefined };
    const kept = request.fault('cut-rows') ? rows.slice(0, Math.floor(rows.length / 2)) : rows;
    return { rows: kept, total, next: more ? this.#seal(page.at(-1)?.place ?? '') : undefined };
  }

  #seal(place: string): string {
    return Buffer.from(`r${this.#epoch}:${place}`).toString('base64url');
  }

  #open(cursor: string): string {
    if (cursor === '') return '';
    const [, epoch, place] = /^r(\d+):(.*)$/s.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
    if (place === undefined) throw new ReportRefusal(400, 'this is no cursor');
    if (Number(epoch) !== this.#epoch) throw new ReportRefusal(410, 'this cursor has expired');
    return place;
  }
}

function limitOf({ query }: VendorRequest): number {
  const limit = Number(query.get('limit') ?? NORMAL);
  if (!Number.isInteger(limit) || limit < 1) throw new ReportRefusal(400, 'limit is not a positive number');
  return Math.min(limit, HIGHEST);
}
