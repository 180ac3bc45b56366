import { bareCause, type Budget, type BudgetSignal, type CallOptions, Fault, type HrConfig, type ReportConfig } from '@muster/connector';
import { CsvBroken, type CsvRow, readCsv } from './csv.ts';
import { type Row, valueAt } from './map-row.ts';

/** An HR connection that is read. */
export type PulledConfig = HrConfig & Required<Pick<HrConfig, 'url' | 'credential' | 'report'>>;

export interface PageRequest {
  readonly cursor?: string | undefined;
  readonly updatedSince?: string | undefined;
}

/** One page as the report gave it. */
export interface ReportPage {
  readonly rows: readonly (Row | 'misshapen')[];
  readonly next?: string;
  /** How many rows the whole report has, as it says. */
  readonly total?: number;
  /** RFC 3339, just before the request left. */
  readonly startedAt: string;
  /** The system's own clock, if it tells. */
  readonly serverTime?: string;
}

const MOST_BYTES = 64 * 1024 * 1024;

/**
 * Fetches one page of the report.
 *
 * @throws Fault; a page that was not received whole is none.
 */
export async function fetchPage(config: PulledConfig, budget: Budget, request: PageRequest, options: CallOptions): Promise<ReportPage> {
  const permit = await budget.acquire({ cost: { requests: 1 }, lane: options.lane ?? 'live', signal: options.signal });
  const startedAt = new Date().toISOString();
  const signals = [AbortSignal.timeout(config.timeoutMs), ...(options.signal ? [options.signal] : [])];
  let signal: BudgetSignal | undefined;
  try {
    const answer = await fetch(addressOf(config, request), {
      headers: { authorization: `Bearer ${config.credential.token.reveal()}`, accept: accepted[config.report.format] },
      redirect: 'manual',
      signal: AbortSignal.any(signals),
    });
    const text = await bodyOf(answer);
    if (answer.status !== 200) throw refused(config.name, answer);
    return { ...readPage(config, answer, text), startedAt };
  } catch (error) {
    options.signal?.throwIfAborted();
    const fault = error instanceof Fault ? error : lost(config.name, error);
    if (fault.kind === 'throttled')
      signal = { throttled: 'rate', ...(fault.retryAfter === undefined ? {} : { retryAfter: fault.retryAfter }) };
    throw fault;
  } finally {
    permit.settle(signal);
  }
}

const accepted = { json: 'application/json', csv: 'text/csv' } as const;

function addressOf({ url, report }: PulledConfig, { cursor, updatedSince }: PageRequest): URL {
  const address = new URL(url);
  address.searchParams.set(report.parameters.pageSize, String(report.pageSize));
  if (cursor !== undefined) address.searchParams.set(report.parameters.cursor, cursor);
  if (report.watermark && updatedSince !== undefined) address.searchParams.set(report.watermark.parameter, updatedSince);
  return address;
}

/** The text of an answer, bounded: no report may fill the memory. */
async function bodyOf({ body }: Response): Promise<string> {
  if (!body) return '';
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body as unknown as AsyncIterable<Uint8Array>) {
    size += part.byteLength;
    if (size > MOST_BYTES) throw new TypeError('the page is too large');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function readPage({ name, report }: PulledConfig, answer: Response, text: string): Omit<ReportPage, 'startedAt'> {
  const document = report.format === 'json' ? parsed(name, text) : undefined;
  const rows = report.format === 'json' ? rowsOf(name, document, report) : tableOf(name, text, report);
  const next = report.next === undefined ? linkedCursor(answer, report) : textAt(document, report.next);
  const total = report.total === undefined ? answer.headers.get('x-total-count') : textAt(document, report.total);
  return {
    rows,
    ...(next === undefined || next === '' ? {} : { next }),
    ...(/^\d{1,15}$/.test(total ?? '') ? { total: Number(total) } : {}),
    ...clockOf(answer),
  };
}

function clockOf({ headers }: Response): { serverTime?: string } {
  const date = Date.parse(headers.get('date') ?? '');
  return Number.isNaN(date) ? {} : { serverTime: new Date(date).toISOString() };
}

function parsed(connection: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw unreadable(connection, 'an answer that is no whole JSON document');
  }
}

const isRow = (value: unknown): value is Row => typeof value === 'object' && value !== null && !Array.isArray(value);

function rowsOf(connection: string, document: unknown, { rows: path }: ReportConfig): (Row | 'misshapen')[] {
  const rows = path === '' ? document : isRow(document) ? valueAt(document, path) : undefined;
  if (!Array.isArray(rows)) throw unreadable(connection, path === '' ? 'an answer that is no list of rows' : `no list of rows at ${path}`);
  return rows.map((row: unknown) => (isRow(row) ? row : 'misshapen'));
}

function tableOf(connection: string, text: string, { separator }: ReportConfig): CsvRow[] {
  try {
    return readCsv(text, separator);
  } catch (error) {
    throw error instanceof CsvBroken ? unreadable(connection, `a table that cannot be read: ${error.message}`) : error;
  }
}

const textAt = (document: unknown, path: string): string | undefined => {
  const value = isRow(document) ? valueAt(document, path) : undefined;
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
};

/** The cursor in a next link. Only that is taken, so that a link cannot send the token elsewhere. */
function linkedCursor({ headers }: Response, { parameters }: ReportConfig): string | undefined {
  const [, link] = /<([^>]*)>\s*;[^,]*\brel="?next"?/.exec(headers.get('link') ?? '') ?? [];
  if (link === undefined) return undefined;
  const url = URL.canParse(link, 'https://localhost') ? new URL(link, 'https://localhost') : undefined;
  return url?.searchParams.get(parameters.cursor) ?? undefined;
}

const SECONDS = /^\d{1,9}$/;

function waitOf(answer: Response): { retryAfter?: number } {
  const given = answer.headers.get('retry-after')?.trim() ?? '';
  const ms = SECONDS.test(given) ? Number(given) * 1000 : Date.parse(given) - Date.now();
  return Number.isNaN(ms) ? {} : { retryAfter: Math.max(0, ms) };
}

const waiting = (connection: string): string => `Nothing to do: it is tried again. If it lasts, look at ${connection}.`;

function unreadable(connection: string, what: string): Fault {
  return new Fault({ code: 'target.unavailable', kind: 'transient', message: `${connection} gave ${what}`, remedy: waiting(connection) });
}

function refused(connection: string, answer: Response): Fault {
  const { status } = answer;
  const vendorCode = `HTTP ${status}`;
  if (status === 401 || status === 403)
    return new Fault({
      code: status === 401 ? 'connection.unauthorised' : 'target.permission_missing',
      kind: 'unauthorised',
      message: `${connection} refused the credential for its worker report`,
      remedy: `Renew the credential of ${connection}, or let it read the report, and start again.`,
      vendorCode,
    });
  if (status === 429)
    return new Fault({
      code: 'target.throttled',
      kind: 'throttled',
      message: `${connection} asks to slow down`,
      remedy: `Nothing to do: calls go on when it said. If it lasts, lower the budget of ${connection}.`,
      vendorCode,
      ...waitOf(answer),
    });
  if (status === 410)
    return new Fault({
      code: 'connection.watermark_invalid',
      kind: 'transient',
      message: `${connection} no longer takes the place in its report up to which it was read`,
      remedy: 'Nothing to do: the report is read from its start.',
      vendorCode,
    });
  if (status >= 500 || status === 408)
    return new Fault({
      code: 'target.unavailable',
      kind: 'transient',
      message: `${connection} could not give its worker report (HTTP ${status})`,
      remedy: waiting(connection),
      vendorCode,
    });
  return new Fault({
    code: status === 404 ? 'target.not_found' : 'target.value_refused',
    kind: 'refused',
    message: `${connection} refused the request for its worker report (HTTP ${status})`,
    remedy: `Correct url and report of ${connection} in the connection file, and start again.`,
    vendorCode,
  });
}

function lost(connection: string, error: unknown): Fault {
  return new Fault({
    code: 'target.unavailable',
    kind: 'transient',
    message: `${connection} did not answer the request for its worker report`,
    remedy: `${waiting(connection)} A certificate that is not trusted here needs NODE_EXTRA_CA_CERTS.`,
    cause: bareCause(error),
  });
}
