import { createHash } from 'node:crypto';
import { type Budget, type CallOptions, Fault, type Page, type Shortfall, walkPages, type Watermark } from '@muster/connector';
import type { WorkerRecord } from '@muster/contracts';
import { fetchPage, type PageRequest, type PulledConfig, type ReportPage } from './fetch-page.ts';
import { mapRow, type Row, type RowProblem } from './map-row.ts';
import { readMark, type ReportMark, writeMark } from './watermark.ts';

const WORKER = 'urn:muster:scim:schemas:extension:worker:1.0:User';

/** A row of the report: the record that it states, or why it is none. */
export type ReportedWorker = {
  /** Its place in its page, from 1 on. */
  readonly row: number;
} & ({ readonly key: string; readonly record: WorkerRecord } | { readonly key?: string; readonly problems: readonly RowProblem[] });

export interface WorkerPage extends Page<ReportedWorker> {
  /** How many rows the whole report has, as it says. */
  readonly total?: number;
  /** Of changes: another page follows. */
  readonly more?: boolean;
}

/** The worker report of an HR system. Every read throws Fault; a page that was not received whole is never given. */
export interface WorkerReader {
  /** Whether the report can be asked for what was written since a time. */
  readonly followsChanges: boolean;
  /**
   * All rows, page by page; `from` goes on behind a page that was given before. A row that states no record is given all the same, with what is wrong. The last
   * page says whether an absence means anything: not if a row came twice, one has no key that can be read, the list led in a circle or was empty.
   */
  listWorkers(from?: Watermark, options?: CallOptions): AsyncGenerator<WorkerPage, void, undefined>;
  /**
   * What was written since a place, up to the present; each page's `next` is where to go on, so that an interrupted read repeats no page. Without a
   * place: one empty page whose `next` covers everything that is written from the start of that call on. Repeats and any order are possible. A
   * place that is no longer good gives one empty page with `missedChanges` and a new place: only a full read can say what happened.
   */
  changes(from?: Watermark, options?: CallOptions): AsyncGenerator<WorkerPage, void, undefined>;
}

const MOST_PAGES = 100_000;

const beginning = (item: ReportedWorker): string => ('record' in item ? (item.record[WORKER].effectiveFrom ?? '') : '');

/** In the order in which they begin to hold: where rows have no version, the order in which they are heard decides. */
const byDate = (a: ReportedWorker, b: ReportedWorker): number => (beginning(a) < beginning(b) ? -1 : beginning(a) > beginning(b) ? 1 : 0);

/** What makes two rows of a full list one: the same worker, employment and date. */
const identityOf = (item: ReportedWorker): string | undefined => {
  if (!('record' in item)) return item.key === undefined ? undefined : JSON.stringify([item.key, 'refused', item.row]);
  const { employment, effectiveFrom } = item.record[WORKER];
  return JSON.stringify([item.key, employment?.id ?? '', effectiveFrom ?? '']);
};

export class ReportReader implements WorkerReader {
  readonly followsChanges: boolean;
  readonly #config: PulledConfig;
  readonly #budget: Budget;
  readonly #map: string;

  constructor(config: PulledConfig, budget: Budget) {
    const { fields, watermark } = config.report;
    this.#config = config;
    this.#budget = budget;
    this.followsChanges = watermark !== undefined;
    this.#map = createHash('sha256')
      .update(JSON.stringify([fields, watermark?.field]))
      .digest('base64url')
      .slice(0, 22);
  }

  async *listWorkers(from?: Watermark, options: CallOptions = {}): AsyncGenerator<WorkerPage, void, undefined> {
    let total: number | undefined;
    let keyless: ReportedWorker[] = [];
    let nobody = false;
    const pages = walkPages<ReportedWorker, ReportedWorker>({
      scope: 'users',
      from,
      fetch: async (cursor) => {
        const page = await this.#fetch({ cursor }, options);
        total = page.total ?? total;
        const items = this.#items(page);
        keyless = items.filter((item) => item.key === undefined);
        nobody ||= keyless.length > 0;
        return { items: items.filter((item) => item.key !== undefined), next: page.next, startedAt: page.startedAt };
      },
      idOf: identityOf,
      observe: (item) => [item],
      shortfalls: [],
      neverEmpty: true,
    });
    for await (const page of pages) {
      const counted = total === undefined ? {} : { total };
      yield { ...judged(page, nobody), items: [...page.items, ...keyless], ...counted };
    }
  }

  async *changes(from?: Watermark, options: CallOptions = {}): AsyncGenerator<WorkerPage, void, undefined> {
    const mark = from === undefined ? undefined : readMark(from, this.#map);
    if (!mark) return yield await this.#fresh(from !== undefined, options);
    let place: ReportMark = mark;
    for (let pages = 0; pages < MOST_PAGES; pages += 1) {
      const page = await this.#changed(place, options);
      if (page === 'lost') return yield await this.#fresh(true, options);
      place = this.#behind(page, place);
      const more = place.cursor !== undefined;
      yield { items: this.#items(page), startedAt: page.startedAt, next: writeMark(place, this.#map), more };
      if (!more) return;
    }
  }

  #behind(page: ReportPage, place: ReportMark): ReportMark {
    const startedAt = place.startedAt ?? this.#present(page);
    return page.next === undefined || page.next === place.cursor
      ? { since: later(place.since, startedAt) }
      : { since: place.since, cursor: page.next, startedAt };
  }

  /** A page of changes; `lost`: the report does not take the place any more. */
  async #changed({ since, cursor }: ReportMark, options: CallOptions): Promise<ReportPage | 'lost'> {
    try {
      return await this.#fetch({ cursor, updatedSince: since }, options);
    } catch (error) {
      if (error instanceof Fault && error.code === 'connection.watermark_invalid') return 'lost';
      throw error;
    }
  }

  /** A place at the present. Nothing of the page is looked at: only the system's clock. */
  async #fresh(missedChanges: boolean, options: CallOptions): Promise<WorkerPage> {
    const page = await this.#fetch({ updatedSince: new Date().toISOString() }, options);
    const next = writeMark({ since: this.#present(page) }, this.#map);
    return { items: [], startedAt: page.startedAt, next, ...(missedChanges ? { missedChanges } : {}) };
  }

  /** By the earlier of both clocks, less what a row may take from being written to being shown. */
  #present({ serverTime, startedAt }: ReportPage): string {
    const earlier = serverTime !== undefined && serverTime < startedAt ? serverTime : startedAt;
    return new Date(Date.parse(earlier) - (this.#config.report.watermark?.overlapMs ?? 0)).toISOString();
  }

  #fetch(request: PageRequest, options: CallOptions): Promise<ReportPage> {
    return fetchPage(this.#config, this.#budget, request, options);
  }

  #items({ rows }: ReportPage): ReportedWorker[] {
    return rows.map((row, index) => ({ row: index + 1, ...this.#mapped(row) })).toSorted(byDate);
  }

  #mapped(row: Row | 'misshapen') {
    return row === 'misshapen'
      ? { problems: [{ field: '(row)', message: 'expected a value for every column. Correct the report.' }] }
      : mapRow(row, this.#config.report);
  }
}

const later = (a: string, b: string): string => (a > b ? a : b);

const UNREADABLE: Shortfall = {
  code: 'connection.item_unreadable',
  scope: 'users',
  message: 'a row of the report has no worker key that can be read',
};

/** A row that could be anybody's: it may be that of whoever seems to be absent. */
const judged = (page: Page<ReportedWorker>, nobody: boolean): Page<ReportedWorker> =>
  nobody && page.complete !== undefined
    ? { ...page, complete: false, incompleteBecause: [...(page.incompleteBecause ?? []), UNREADABLE] }
    : page;
