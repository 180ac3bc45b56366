import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Agent, fetch } from 'undici';
import { drawCompany } from '../kit/company.ts';
import type { Kit } from '../kit/kit.ts';
import { openKit } from '../kit/open-kit.ts';
import { startHr } from './hr.ts';
import type { HrSystem } from './hr-system.ts';
import { startReport, type ReportAddress } from './report.ts';

type Row = Record<string, unknown>;

jest.setTimeout(60_000);

const DAY = 86_400_000;

let data: string;
let kit: Kit;
let hr: HrSystem;
let report: ReportAddress;
let agent: Agent;

beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), 'sandbox-report-'));
  kit = openKit({ data });
  hr = startHr(kit);
  report = await startReport(hr);
  await kit.admin.listen();
  agent = new Agent({ connect: { ca: kit.certificates.ca } });
});
afterEach(async () => {
  await agent.close();
  await kit.close();
  rmSync(data, { recursive: true, force: true });
});

const day = (days: number): string => new Date(kit.clock.now() + days * DAY).toISOString().slice(0, 10);

async function get(query: Record<string, string> = {}, form = 'json', token = report.token) {
  const url = `${report.url}.${form}?${new URLSearchParams(query).toString()}`;
  const response = await fetch(url, {
    headers: { authorization: `Bearer ${token}` },
    dispatcher: agent,
    signal: AbortSignal.timeout(10_000),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

interface Answer {
  Report_Entry: Row[];
  total: number;
  next?: string;
}

/** All rows, page by page. */
async function rows(query: Record<string, string> = {}): Promise<Row[]> {
  const all: Row[] = [];
  for (let cursor: string | undefined, pages = 0; pages < 100; pages++) {
    const answer = JSON.parse((await get({ ...query, ...(cursor === undefined ? {} : { cursor }) })).text) as Answer;
    all.push(...answer.Report_Entry);
    if (answer.next === undefined) return all;
    cursor = answer.next;
  }
  throw new Error('the report has no end');
}

const configure = (body: object) => fetch(`${kit.admin.url}/hr/report`, { method: 'POST', body: JSON.stringify(body) });

describe('the worker report', () => {
  it('wants its token', async () => {
    expect(await get({}, 'json', 'wrong')).toMatchObject({ status: 401 });
  });

  it('lists everybody page by page with the count of all, as JSON and as CSV', async () => {
    hr.seed(drawCompany({ workers: 25 }), false);
    const all = await rows({ limit: '10' });
    expect(all).toHaveLength(25);
    expect(new Set(all.map((row) => row['Employee_ID'])).size).toBe(25);
    const csv = await get({ limit: '10' }, 'csv');
    expect(csv.headers.get('x-total-count')).toBe('25');
    expect(csv.headers.get('link')).toMatch(/cursor=.*rel="next"/);
    expect(csv.text.trimEnd().split('\r\n')).toHaveLength(11);
    expect(csv.text).toMatch(/^Employee_ID,Employment_ID,/);
  });

  it('quotes what CSV must quote, and leaves empty what is empty', async () => {
    hr.hire({
      key: 'E1',
      givenName: 'Ada "A", Countess',
      familyName: 'Byron',
      title: null,
      apps: [{ app: 'crm', until: '2027-01-01', assignedBy: 'E9' }],
    });
    const { text } = await get({}, 'csv');
    expect(text).toContain('E1,,,"Ada ""A"", Countess",Byron,,,');
    expect(text).toContain(',crm|2027-01-01|E9\r\n');
  });

  it('shows only what was written since a time', async () => {
    hr.hire({ key: 'E1', givenName: 'A', familyName: 'X' });
    const since = new Date(kit.clock.now() + 1).toISOString();
    await new Promise((resolve) => setTimeout(resolve, 5));
    hr.hire({ key: 'E2', givenName: 'B', familyName: 'X' });
    expect((await rows({ updatedSince: since })).map((row) => row['Employee_ID'])).toEqual(['E2']);
  });

  it('goes in another order when shuffled, and then on with the same cursors', async () => {
    hr.seed(drawCompany({ workers: 30 }), false);
    const keys = async () => (await rows({ limit: '7' })).map((row) => String(row['Employee_ID']));
    const before = await keys();
    await configure({ shuffle: 7 });
    const after = await keys();
    expect(after).not.toEqual(before);
    expect(new Set(after)).toEqual(new Set(before));
  });

  it('takes no cursor that has expired', async () => {
    hr.seed(drawCompany({ workers: 5 }), false);
    const { next = '' } = JSON.parse((await get({ limit: '2' })).text) as Answer;
    await configure({ expireCursors: true });
    expect(await get({ cursor: next })).toMatchObject({ status: 410 });
  });

  it.each([
    ['cut-file', (text: string) => expect(() => JSON.parse(text)).toThrow()],
    ['cut-rows', (text: string) => expect((JSON.parse(text) as Answer).Report_Entry).toHaveLength(1)],
    ['empty-file', (text: string) => expect(text).toBe('')],
    ['empty-page', (text: string) => expect(JSON.parse(text)).toMatchObject({ Report_Entry: [], next: expect.any(String) })],
    ['short-page', (text: string) => expect(JSON.parse(text)).not.toHaveProperty('next')],
  ])('plays %s once', async (kind, looks) => {
    hr.seed(drawCompany({ workers: 5 }), false);
    kit.faults.add({ id: kind, kind, server: 'hr', times: 1 });
    looks((await get({ limit: '2' })).text);
    expect(kit.faults.fired(kind)).toBe(1);
    expect((JSON.parse((await get({ limit: '2' })).text) as Answer).Report_Entry).toHaveLength(2);
  });

  it('plays repeat-page: the next page is the same once more', async () => {
    hr.seed(drawCompany({ workers: 5 }), false);
    kit.faults.add({ id: 'again', kind: 'repeat-page', server: 'hr', times: 1 });
    expect(await rows({ limit: '2' })).toHaveLength(7);
  });

  it('says when to come again when it throttles', async () => {
    kit.faults.add({ id: 'slow', kind: 'throttle', server: 'hr', times: 1 });
    const { status, headers } = await get();
    expect([status, headers.get('retry-after')]).toEqual([429, '1']);
  });
});

describe('what HR knows of a worker', () => {
  const only = async (key: string) => (await rows()).filter((row) => row['Employee_ID'] === key);

  it('a hire to come, corrected from its beginning, then rescinded', async () => {
    hr.hire({ key: 'E1', givenName: 'A', familyName: 'X', hireDate: day(30) });
    hr.change('E1', { title: 'Cook' });
    expect(await only('E1')).toMatchObject([{ Effective_Date: day(30), Job_Title: 'Cook', Worker_Status: 'Active', Version: 2 }]);
    hr.rescind('E1');
    expect(await only('E1')).toMatchObject([{ Worker_Status: 'Rescinded', Version: 3 }]);
  });

  it('a move to come stands beside what is in force, and gets what is corrected before it', async () => {
    hr.hire({ key: 'E1', givenName: 'A', familyName: 'X', title: 'Cook', hireDate: day(-100) });
    hr.change('E1', { title: 'Chief', effectiveFrom: day(30) });
    hr.change('E1', { mobilePhone: '+49 1' });
    expect(await only('E1')).toMatchObject([
      { Effective_Date: day(0), Job_Title: 'Cook', Mobile_Phone: '+49 1', Version: 3 },
      { Effective_Date: day(30), Job_Title: 'Chief', Mobile_Phone: '+49 1', Version: 4 },
    ]);
  });

  it('a late termination ends what was to come, and the person comes back under a new employment', async () => {
    hr.hire({ key: 'E1', givenName: 'A', familyName: 'X', hireDate: day(-100) });
    hr.change('E1', { title: 'Chief', effectiveFrom: day(30) });
    hr.terminate('E1', day(-7));
    expect(await only('E1')).toMatchObject([{ Worker_Status: 'Terminated', End_Date: day(-7), Effective_Date: day(-7) }]);
    hr.hire({ key: 'E1', employment: 'E1-2', givenName: 'A', familyName: 'X', hireDate: day(10) });
    expect(await only('E1')).toMatchObject([
      { Worker_Status: 'Terminated' },
      { Employment_ID: 'E1-2', Worker_Status: 'Active', Hire_Date: day(10) },
    ]);
  });

  it('two employments at once, a manager nobody knows yet, a contractor with an end, a new name and mail', async () => {
    hr.hire({ key: 'E1', givenName: 'A', familyName: 'X', managerKey: 'E2', employmentType: 'contractor', leaveDate: day(90) });
    hr.hire({ key: 'E1', employment: 'E1-2', primary: true, givenName: 'A', familyName: 'X' });
    hr.change('E1', { familyName: 'Y', email: 'a.y@kestrel.example' });
    expect(await only('E1')).toMatchObject([
      { Manager_ID: 'E2', Worker_Type: 'Contractor', End_Date: day(90), Last_Name: 'Y', Work_Email: 'a.y@kestrel.example' },
      { Employment_ID: 'E1-2', Primary: true, Last_Name: 'X' },
    ]);
  });
});
