import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Budget, type HrConfig, parseConnectionFile } from '@muster/connector';
import { connectHr, isPulled, type WorkerPage, type WorkerReader } from './index.ts';

type Row = Record<string, unknown>;
type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let server: Server;
let asked: { url: URL; authorization: string | undefined }[];
let answer: Answer;

beforeEach(async () => {
  asked = [];
  server = createServer((request, response) => {
    asked.push({ url: new URL(request.url ?? '/', 'http://localhost'), authorization: request.headers.authorization });
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  server.closeAllConnections();
  return new Promise<void>((resolve) => void server.close(() => resolve()));
});

const open = (title = 'Title', more = ''): WorkerReader => {
  const { port } = server.address() as AddressInfo;
  const [config] = parseConnectionFile(
    `connections:
  - name: hr-main
    kind: hr
    url: http://127.0.0.1:${port}/report
    credential: { token: env:TOKEN }
    timeout: 500ms
    report:
      format: json
      rows: rows
      watermark: { field: changed, parameter: since, overlap: 1min }
      fields: { externalId: id, givenName: given, familyName: family, hireDate: hired, status: status, title: ${title} }
${more}`,
    { file: 'connections.yaml', env: { TOKEN: 'canary-token' }, readFile: () => '' },
  ).connections as [HrConfig];
  if (!isPulled(config)) throw new Error('not pulled');
  return connectHr(config, { budget: new Budget('hr-main', config.budget) }).workers;
};

const row = (id: string | undefined, more: Row = {}): Row => ({
  id,
  given: 'Ada',
  family: 'Byron',
  hired: '2026-03-01',
  status: 'active',
  ...more,
});
const gives =
  (rows: Row[], headers: Record<string, string> = {}): Answer =>
  (_request, response) =>
    void response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify({ rows }));
const nextLink = (cursor: string, host = 'http://127.0.0.1') => ({ link: `<${host}/report?cursor=${cursor}>; rel="next"` });

const all = async (pages: AsyncIterable<WorkerPage>): Promise<WorkerPage[]> => {
  const seen: WorkerPage[] = [];
  for await (const page of pages) seen.push(page);
  return seen;
};
const faultOf = async (pages: AsyncIterable<WorkerPage>): Promise<unknown> =>
  all(pages).then(
    () => 'none',
    (error: unknown) => error,
  );

describe('the list of all workers', () => {
  it('is whole if every row is somebody, refused ones too', async () => {
    answer = gives([row('E1'), row('E2', { hired: 'soon' })], { 'x-total-count': '2' });
    expect(await all(open().listWorkers())).toMatchObject([
      { complete: true, total: 2, items: [{ key: 'E1' }, { key: 'E2', problems: [{ field: 'hired' }] }] },
    ]);
  });

  it('A8: is not whole if a row could be anybody, on whichever page, or one comes twice', async () => {
    answer = ({ url }, response) =>
      (url?.includes('cursor') ? gives([row('E2')]) : gives([row(undefined)], nextLink('2')))({} as IncomingMessage, response);
    const anybody = await all(open().listWorkers());
    expect(anybody.at(-1)).toMatchObject({ complete: false, incompleteBecause: [{ code: 'connection.item_unreadable' }] });
    expect(anybody[0]?.items).toMatchObject([{ problems: [{ field: 'id' }] }]);
    answer = gives([row('E1'), row('E1')]);
    expect((await all(open().listWorkers())).at(-1)).toMatchObject({
      complete: false,
      incompleteBecause: [{ code: 'connection.item_repeated' }],
    });
  });

  it('takes of a next link the cursor only: the token goes nowhere else', async () => {
    answer = ({ url }, response) =>
      (url?.includes('cursor') ? gives([row('E2')]) : gives([row('E1')], nextLink('two', 'https://elsewhere.example')))(
        {} as IncomingMessage,
        response,
      );
    await all(open().listWorkers());
    expect(asked.map(({ url }) => url.searchParams.get('cursor'))).toEqual([null, 'two']);
    expect(asked.every(({ authorization }) => authorization === 'Bearer canary-token')).toBe(true);
  });

  it('goes on behind a page that was given before', async () => {
    answer = gives([row('E3')]);
    await all(open().listWorkers('three'));
    expect(asked.map(({ url }) => url.searchParams.get('cursor'))).toEqual(['three']);
  });

  it.each<[string, Answer, object]>([
    [
      'a document that was cut',
      (_r, response) => void response.end('{"rows": [{"id": "E'),
      { kind: 'transient', code: 'target.unavailable' },
    ],
    ['no list', (_r, response) => void response.end('{}'), { kind: 'transient' }],
    ['a server error', (_r, response) => void response.writeHead(500).end(), { kind: 'transient' }],
    ['silence', () => undefined, { kind: 'transient' }],
    ['a reset', (request) => void request.socket.destroy(), { kind: 'transient' }],
    ['429', (_r, response) => void response.writeHead(429, { 'retry-after': '7' }).end(), { kind: 'throttled', retryAfter: 7000 }],
    ['401', (_r, response) => void response.writeHead(401).end(), { kind: 'unauthorised' }],
    ['410', (_r, response) => void response.writeHead(410).end(), { code: 'connection.watermark_invalid' }],
    ['a redirect', (_r, response) => void response.writeHead(302, { location: 'https://elsewhere.example' }).end(), { kind: 'refused' }],
  ])('for %s is a fault that shows no token', async (_what, given, expected) => {
    answer = given;
    const fault = await faultOf(open().listWorkers());
    expect(fault).toMatchObject(expected);
    expect(JSON.stringify(fault) + String(fault)).not.toContain('canary-token');
  });
});

describe('changes', () => {
  const sinceOf = (index: number) => asked[index]?.url.searchParams.get('since') ?? '';

  it('begin at the earlier of both clocks, less the overlap', async () => {
    answer = gives([row('E1')], { date: 'Mon, 02 Mar 2026 09:00:00 GMT' });
    const [{ items, next } = { items: [], next: '' }] = await all(open().changes());
    expect(items).toEqual([]);
    await all(open().changes(next));
    expect(sinceOf(1)).toBe('2026-03-02T08:59:00.000Z');
    answer = gives([], { date: 'Sat, 02 Mar 2041 09:00:00 GMT' });
    const [fresh] = await all(open().changes());
    await all(open().changes(fresh?.next));
    expect(Date.parse(sinceOf(3))).toBeLessThanOrEqual(Date.now() - 60_000);
  });

  it('go on at the page where they were cut off, and ask from when the whole read began', async () => {
    answer = gives([], { date: 'Mon, 02 Mar 2026 09:00:00 GMT' });
    const [start] = await all(open().changes());
    answer = gives([row('E1')], { ...nextLink('two'), date: 'Mon, 02 Mar 2026 10:00:00 GMT' });
    let place: string | undefined;
    for await (const page of open().changes(start?.next)) {
      ({ next: place } = page);
      expect(page.more).toBe(true);
      break;
    }
    answer = gives([row('E2')], { date: 'Mon, 02 Mar 2026 11:00:00 GMT' });
    const [last] = await all(open().changes(place));
    expect(asked.at(-1)?.url.searchParams.get('cursor')).toBe('two');
    await all(open().changes(last?.next));
    expect(asked.at(-1)?.url.searchParams.get('cursor')).toBeNull();
    expect(sinceOf(asked.length - 1)).toBe('2026-03-02T09:59:00.000Z');
  });

  it('A7: are missed under another field map, or if the place is not taken any more', async () => {
    answer = gives([]);
    const [{ next } = { next: '' }] = await all(open().changes());
    expect((await all(open('Other_Title').changes(next)))[0]).toMatchObject({ items: [], missedChanges: true, next: expect.any(String) });
    let tries = 0;
    answer = (request, response) => {
      tries += 1;
      if (tries === 1) response.writeHead(410).end();
      else gives([])(request, response);
    };
    expect((await all(open().changes(next)))[0]).toMatchObject({ missedChanges: true });
  });
});
