import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openReadStore, type ReadStore } from '@muster/read-store';
import { sql } from 'kysely';
import { hashesOf } from './projection-hash.ts';
import { Hire, record } from './testing/hire.ts';
import { org } from './testing/org.ts';
import { RunningAudit } from './testing/running-audit.ts';

let audit: RunningAudit;
let reader: ReadStore;
const ada = new Hire(1);
const leaver = new Hire(2);
const erased = new Hire(3);

beforeAll(async () => {
  audit = await RunningAudit.start();
  const { store } = audit.platform;
  await record(store, org('2026-03-01T12:00:00.000Z'));
  await record(store, [...ada.wholeRoad(), ...ada.promotion('Lead', '2026-04-10', 2)]);
  await record(store, [...leaver.wholeRoad(), ...leaver.gone('2026-05-01T10:00:00.000Z')]);
  await record(store, erased.wholeRoad());
  await audit.caughtUpWith(erased.account);
  await audit.keyRing.destroy([erased.worker, erased.identity, erased.account]);
  store.personalFields.forgetKeys();
  await record(store, [
    {
      stream: erased.identity,
      type: 'IdentityErased',
      data: { identityId: erased.identityId, erasure: 'erasure-1' },
      occurredAt: '2026-07-01T00:00:00.000Z',
    },
  ]);
  await audit.caughtUpWith(erased.identity);
  reader = await openReadStore({ url: audit.databaseUrl, schema: 'reader' });
}, 60_000);

afterAll(async () => {
  await reader.close();
  await audit.stop();
}, 30_000);

interface Progress {
  state: string;
  result?: { same: boolean; differ: string[]; events: number; hash: string };
  because?: string;
}

async function rebuilt(): Promise<Progress> {
  expect((await audit.ask('/rebuild', {}, 'POST')).status).toBe(202);
  for (const deadline = Date.now() + 40_000; ;) {
    const { body } = await audit.ask('/rebuild');
    const progress = body as unknown as Progress;
    if (progress.state !== 'running') return progress;
    if (Date.now() > deadline) throw new Error('It is still being rebuilt');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const answers = () =>
  Promise.all(
    [
      audit.ask(`/as-of/${ada.key}`, { date: '2026-04-15', known: '2099-01-01' }),
      audit.ask('/members/Engineering', { at: '2026-04-15', known: '2099-01-01' }),
      audit.ask(`/diff/${leaver.login}`, { from: '2026-04-01', to: '2026-06-01', known: '2099-01-01' }),
      audit.ask(`/as-of/${erased.identityId}`, { date: '2026-04-15', known: '2099-01-01' }),
      audit.ask('/timeline/group:Engineering'),
      audit.ask('/status'),
    ].map(async (asked) => {
      const { status, body } = await asked;
      return { status, body };
    }),
  );

const schemas = async (): Promise<string[]> => {
  const { rows } = await sql<{ name: string }>`select nspname as name from pg_namespace where nspname like 'audit_projection%'`.execute(
    reader.db,
  );
  return rows.map(({ name }) => name);
};

describe('a rebuild while questions are answered', () => {
  it('ends with the same rows, the same answers and nothing left over, an erased person included', async () => {
    const before = { answers: await answers(), hashes: await hashesOf(reader.db, 'audit_projection') };
    const { state, result, because } = await rebuilt();
    expect({ state, because, same: result?.same, differ: result?.differ }).toEqual({
      state: 'done',
      because: undefined,
      same: true,
      differ: [],
    });
    expect(await hashesOf(reader.db, 'audit_projection')).toEqual(before.hashes);
    expect(await answers()).toEqual(before.answers);
    expect(await schemas()).toEqual(['audit_projection']);
  }, 60_000);

  it('answers all along, and takes each message that comes meanwhile exactly once', async () => {
    const { store } = audit.platform;
    const ending = new AbortController();
    const statuses: number[] = [];
    const asking = (async () => {
      while (!ending.signal.aborted)
        for (const path of ['/members/Engineering', `/as-of/${ada.key}?date=2026-04-15`, '/status']) {
          const [route = '', query = ''] = path.split('?');
          statuses.push((await audit.ask(route, Object.fromEntries(new URLSearchParams(query)))).status);
        }
    })();
    const hires: Hire[] = [];
    const hiring = (async () => {
      for (let number = 100; !ending.signal.aborted && number < 400; number += 1) {
        const hire = new Hire(number);
        hires.push(hire);
        await record(store, hire.wholeRoad());
      }
    })();
    const outcomes = [await rebuilt(), await rebuilt()];
    ending.abort();
    await Promise.all([asking, hiring]);
    expect(outcomes.map(({ state, because, result }) => [state, because, result?.same])).toEqual([
      ['done', undefined, true],
      ['done', undefined, true],
    ]);
    expect(statuses.length).toBeGreaterThan(20);
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(hires.length).toBeGreaterThan(5);
    const last = hires.at(-1) as Hire;
    await audit.caughtUpWith(last.account);
    let events = 0;
    for await (const { stream } of store.readAll()) if (!stream.startsWith('flow-')) events += 1;
    const { body } = await audit.ask('/status');
    expect(body).toMatchObject({ counts: { identities: hires.length + 3, events }, dead: 0 });
    expect((await audit.ask('/members/Engineering')).body).toMatchObject({ objects: [{ holders: { length: hires.length + 2 } }] });
    expect((await rebuilt()).result).toMatchObject({ same: true, events });
  }, 120_000);

  it('notices rows that were changed behind its back, and puts them right', async () => {
    await sql`update audit_projection.held set via = 'rule' where holder_id = ${ada.accountId}`.execute(reader.db);
    expect((await rebuilt()).result).toMatchObject({ same: false, differ: ['held'] });
    expect((await rebuilt()).result).toMatchObject({ same: true });
  }, 60_000);
});
