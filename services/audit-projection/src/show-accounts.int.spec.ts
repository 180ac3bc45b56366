import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { streamOf } from '@muster/contracts';
import type { Accounts, ClassedAccount } from './show-accounts.ts';
import { Hire, record, type Stated } from './testing/hire.ts';
import { RunningAudit } from './testing/running-audit.ts';

const OKTA = 'okta-main';
let audit: RunningAudit;
const [ada, leaver, arriving, twice] = [new Hire(1), new Hire(2), new Hire(3), new Hire(4)];

const read = { readId: '7d1f3c52-9a44-4b0e-8f6d-2c1e0a9b7f31', kind: 'fetch', startedAt: '2026-03-02T07:00:00.000Z' } as const;
const seen = (accountId: string, matchKey?: string): Stated => ({
  stream: streamOf.account(OKTA, accountId),
  type: 'AccountObserved',
  data: {
    connection: OKTA,
    accountId,
    profile: { login: `${accountId}@example.com`, ...(matchKey === undefined ? {} : { employeeNumber: matchKey }) },
    status: 'ACTIVE',
    enabled: true,
    aspects: ['profile', 'status'],
    read,
  },
  occurredAt: '2026-03-02T07:00:00.000Z',
});
const gone = (accountId: string): Stated => ({
  stream: streamOf.account(OKTA, accountId),
  type: 'AccountDeleted',
  data: { connection: OKTA, accountId, evidence: 'removed', read },
  occurredAt: '2026-03-03T07:00:00.000Z',
});
/** The person alone, without what would link an account to them. */
const unlinked = (hire: Hire): Stated[] =>
  hire.wholeRoad().filter(({ stream, type }) => stream !== hire.account && type !== 'AccountLinked' && !type.startsWith('Command'));

const left = ({ identity, identityId, worker }: Hire): Stated => ({
  stream: identity,
  type: 'IdentityLifecycleChanged',
  data: { identityId, state: 'left', startsOn: '2026-03-02', timeZone: 'UTC', cause: { stream: worker, revision: 0 } },
  occurredAt: '2026-05-01T10:00:00.000Z',
});

const ask = async (query: Record<string, string> = {}): Promise<Accounts> => {
  const { status, body } = await audit.ask('/accounts', query);
  if (status !== 200) throw new Error(JSON.stringify(body));
  return body as unknown as Accounts;
};
const ids = ({ accounts }: Accounts): string[] => accounts.map(({ accountId }) => accountId);
const one = async (accountId: string): Promise<ClassedAccount | undefined> =>
  (await ask()).accounts.find((account) => account.accountId === accountId);

beforeAll(async () => {
  audit = await RunningAudit.start();
  const { store } = audit.platform;
  await record(store, [...ada.wholeRoad(), ...leaver.wholeRoad(), left(leaver)]);
  await record(store, [...unlinked(arriving), ...unlinked(twice)]);
  await record(store, [seen('00u-waits', arriving.key), seen('00u-twice-a', twice.key), seen('00u-twice-b', twice.key)]);
  await record(store, [
    seen('00u-second', ada.key),
    seen('00u-nobody', 'emp-none'),
    seen('00u-service'),
    seen('00u-gone', 'emp-none'),
    gone('00u-gone'),
  ]);
  await audit.caughtUpWith(streamOf.account(OKTA, '00u-gone'));
}, 60_000);
afterAll(() => audit?.stop(), 30_000);

describe('the accounts of a target', () => {
  it('are counted by situation, and say up to where in the store that is true', async () => {
    const { counts, upTo, next } = await ask();
    expect(Object.fromEntries(counts.map(({ situation, accounts }) => [situation, accounts]))).toEqual({
      linked: 2,
      unlinked: 1,
      unmatched: 2,
      disputed: 3,
      deleted: 1,
    });
    expect(upTo.position).toMatch(/^\d+$/);
    expect(next).toBeUndefined();
  });

  it('that are linked name their owner, and say when the owner has left', async () => {
    expect(await one(ada.accountId)).toMatchObject({ situation: 'linked', identityId: ada.identityId, employeeNumber: ada.key });
    expect(await one(ada.accountId)).not.toHaveProperty('why');
    expect(await one(leaver.accountId)).toMatchObject({ situation: 'linked', lifecycle: 'left', why: 'its owner has left' });
  });

  it('that carry the match key of a person without an account there are unlinked, and name the person', async () => {
    expect(await one('00u-waits')).toMatchObject({
      situation: 'unlinked',
      identityId: arriving.identityId,
      displayName: arriving.displayName,
    });
  });

  it('that carry one key twice, or that of a person who has an account there, are disputed', async () => {
    const disputed = await ask({ situation: 'disputed' });
    expect(ids(disputed)).toEqual(['00u-second', '00u-twice-a', '00u-twice-b']);
    expect(disputed.accounts[0]).toMatchObject({ identityId: ada.identityId, why: expect.stringMatching(/another account/) });
  });

  it('that carry no key, or that of nobody, are unmatched: each says which', async () => {
    const { accounts } = await ask({ situation: 'unmatched' });
    expect(accounts.map(({ accountId, why }) => [accountId, why])).toEqual([
      ['00u-nobody', 'nobody is known by the match key that it carries'],
      ['00u-service', 'it carries no match key'],
    ]);
    expect(accounts[0]).not.toHaveProperty('identityId');
  });

  it.each([
    ['orphan', 'unmatched'],
    ['unassigned', 'unlinked'],
    ['duplicate', 'disputed'],
    ['managed', 'linked'],
  ])('are found by %s as by %s', async (other, situation) => {
    expect((await ask({ situation: other })).accounts).toEqual((await ask({ situation })).accounts);
  });

  it('come a page at a time, each of them once', async () => {
    const all = ids(await ask());
    const paged: string[] = [];
    for (let after: string | undefined = ''; after !== undefined && paged.length <= all.length;) {
      const page: Accounts = await ask({ limit: '2', ...(after === '' ? {} : { after }) });
      paged.push(...ids(page));
      after = page.next;
    }
    expect(paged).toEqual(all);
    expect(all).toHaveLength(9);
  });

  it('are those of a point: what was deleted later was there before, and nothing was known before it was recorded', async () => {
    const before = await ask({ at: '2026-03-02T12:00:00Z' });
    expect(before.accounts.find(({ accountId }) => accountId === '00u-gone')).toMatchObject({ situation: 'unmatched' });
    expect((await ask({ known: '2020-01-01' })).counts).toEqual([]);
  });

  it('are asked for with words that are known, of connections that are there', async () => {
    expect(await audit.ask('/accounts', { situation: 'strange' })).toMatchObject({ status: 400 });
    expect(await audit.ask('/accounts', { connection: 'hr-main' })).toMatchObject({
      status: 400,
      body: { problems: [{ field: 'connection', message: 'expected one of okta-main' }] },
    });
    expect(ids(await ask({ connection: OKTA }))).toHaveLength(9);
  });
});
