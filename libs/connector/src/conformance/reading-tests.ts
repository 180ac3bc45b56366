import { expect, it } from '@jest/globals';
import type { ObservedAccount } from '../observed.ts';
import type { Hint, Page } from '../reading.ts';
import type { Bench } from './bench.ts';
import { all, createdId, faultFrom } from './bench.ts';

const HOUR = 3_600_000;

/** What every connector must do when it reads. */
export const readingTests = (bench: Bench): void => {
  it('pages a list to its end and says that it was whole', async () => {
    const { items, pages } = await all(bench.connect('observe').readers.accounts.listAccounts());
    expect(items).toHaveLength(await bench.target.controls.countAccounts());
    expect(new Set(items.map(({ accountId }) => accountId)).size).toBe(items.length);
    expect(pages.at(-1)).toMatchObject({ complete: true });
    expect(pages.slice(0, -1).every(({ complete, next }) => complete === undefined && next !== undefined)).toBe(true);
  }, 60_000);

  it('goes through an empty page, and goes on behind any page in another process', async () => {
    const fault = await bench.target.controls.fault({ on: 'list-accounts', kind: 'empty-page' });
    const first: Page<ObservedAccount>[] = [];
    for await (const page of bench.connect('observe').readers.accounts.listAccounts()) {
      first.push(page);
      break;
    }
    expect(await bench.target.controls.fired(fault)).toBe(1);
    const [left] = first;
    if (left?.next === undefined) throw new Error('the list had one page only: nothing to go on with');
    const { items, pages } = await all(bench.connect('observe').readers.accounts.listAccounts(left.next));
    const ids = new Set([...left.items, ...items].map(({ accountId }) => accountId));
    expect(ids.size).toBe(await bench.target.controls.countAccounts());
    expect(pages.at(-1)?.complete).toBe(true);
  }, 60_000);

  it('proves no absence from a list in which an item came twice', async () => {
    const empty = await bench.target.controls.fault({ on: 'list-accounts', kind: 'empty-page' });
    const fault = await bench.target.controls.fault({ on: 'list-accounts', kind: 'repeated-item', times: 50 });
    const { pages } = await all(bench.connect('observe').readers.accounts.listAccounts());
    expect((await bench.target.controls.fired(fault)) + (await bench.target.controls.fired(empty))).toBeGreaterThan(1);
    expect(pages.at(-1)).toMatchObject({ complete: false });
    expect(pages.at(-1)?.incompleteBecause).not.toHaveLength(0);
  }, 60_000);

  it('proves no absence from what its permissions do not cover: the list says so, or is refused', async () => {
    await bench.target.shorten?.();
    const { readers } = bench.connect('observe', 'short');
    const report = await readers.permissions.permissions();
    expect(report.missing).not.toHaveLength(0);
    const read =
      bench.target.shortList === 'accounts'
        ? all(readers.accounts.listAccounts())
        : all(readers.entitlements.listMembers(bench.target.groupId));
    if (bench.target.shortPermissions === 'refused') {
      expect(await faultFrom(read)).toMatchObject({ kind: 'unauthorised', code: 'target.permission_missing' });
      return;
    }
    const { pages } = await read;
    const missing = expect.objectContaining({ code: 'connection.permission_missing' });
    expect(pages.at(-1)).toMatchObject({ complete: false, incompleteBecause: [missing] });
  }, 60_000);

  it('gives no last page when a page fails for good', async () => {
    const fault = await bench.target.controls.fault({ on: 'list-accounts', kind: 'malformed', times: 50 });
    const seen: Page<ObservedAccount>[] = [];
    const reading = (async () => {
      for await (const page of bench.connect('observe').readers.accounts.listAccounts()) seen.push(page);
    })();
    expect(await faultFrom(reading)).toMatchObject({ kind: 'transient' });
    expect(await bench.target.controls.fired(fault)).toBeGreaterThan(0);
    expect(seen.some(({ complete }) => complete !== undefined)).toBe(false);
  }, 60_000);

  it('tolerates properties and values that it does not know', async () => {
    const connection = bench.connect();
    const id = await bench.create(connection);
    const fault = await bench.target.controls.fault({ on: 'fetch-account', kind: 'unknown-properties' });
    expect(await connection.readers.accounts.getAccount(id)).toMatchObject({
      accountId: id,
      aspects: expect.arrayContaining(['profile']),
    });
    expect(await bench.target.controls.fired(fault)).toBeGreaterThan(0);
  }, 60_000);

  it('finds an account by login and by correlation key, and nobody by those of nobody', async () => {
    const connection = bench.connect();
    const account = bench.newAccount();
    const [outcome] = await bench.writersOf(connection).accounts.create([account]);
    const id = createdId(outcome);
    await bench.settled();
    const { accounts } = connection.readers;
    expect(await accounts.findByLogin(account.login)).toMatchObject({ accountId: id });
    expect(await accounts.findByLogin(`nobody.${account.login}`)).toBe('absent');
    expect((await accounts.findByMatchKey(account.matchKey)).map(({ accountId }) => accountId)).toEqual([id]);
    expect(await accounts.findByMatchKey(`${account.matchKey}0`)).toEqual([]);
    expect(await accounts.getAccount('nobody-has-this-id')).toBe('absent');
  }, 60_000);

  it('says what changed since a watermark, and nothing before it; asked again it says no less', async () => {
    const connection = bench.connect();
    const id = await bench.create(connection);
    const source = connection.readers.changes[0];
    if (!source) throw new Error('a connector has a source of changes');
    const [start] = (await all(source.changes())).pages;
    if (start?.next === undefined) throw new Error('the start of changes has a watermark');
    await bench.target.controls.editOutside(id);
    await bench.settled();
    const about = (hints: Hint[]): boolean =>
      hints.some(({ object, deleted }) => object.kind === 'account' && object.id === id && deleted === undefined);
    const once = await all(source.changes(start.next));
    expect(about(once.items)).toBe(true);
    expect(about((await all(bench.connect('observe').readers.changes[0]!.changes(start.next))).items)).toBe(true);
    const later = await all(source.changes(once.pages.at(-1)?.next));
    expect(later.pages.some(({ missedChanges }) => missedChanges)).toBe(false);
  }, 60_000);

  it('starts anew from a watermark that means nothing to the target, and says that changes may be missing', async () => {
    for (const source of bench.connect('observe').readers.changes) {
      const { pages } = await all(source.changes('https://evil.example/api/v1/logs?after=1'));
      expect(pages.at(-1)).toMatchObject({ missedChanges: true, next: expect.any(String) });
    }
  }, 60_000);

  it('knows nobody who disabled an account that was never disabled, and says so only as far as the log reaches', async () => {
    const connection = bench.connect();
    const id = await bench.create(connection);
    const { disablements } = connection.readers;
    expect(await disablements.traceDisablement(id, new Date(Date.now() - HOUR).toISOString())).toMatchObject({ by: 'nobody' });
    expect(await disablements.traceDisablement(id, '2001-01-01T00:00:00Z')).toMatchObject({ by: 'unknown' });
    expect(await disablements.traceDisablement(id, undefined)).toMatchObject({ by: 'unknown' });
  }, 60_000);

  it('sends nothing before the time that a 429 named has passed', async () => {
    const connection = bench.connect();
    const id = await bench.create(connection);
    const fault = await bench.target.controls.fault({ on: 'fetch-account', kind: 'throttle' });
    const refused = await faultFrom(connection.readers.accounts.getAccount(id));
    const refusedAt = Date.now();
    expect(await bench.target.controls.fired(fault)).toBe(1);
    expect(refused).toMatchObject({ kind: 'throttled' });
    const wait = refused.retryAfter ?? 0;
    expect(wait).toBeGreaterThan(0);
    const leaver = connection.readers.accounts.getAccount(id, { lane: 'leaver' });
    const live = connection.readers.accounts.getAccount(id);
    expect(await leaver).toMatchObject({ accountId: id });
    expect(await live).toMatchObject({ accountId: id });
    const after = (await bench.target.controls.journal(refusedAt)).filter(({ path }) => path.includes(id));
    expect(after.length).toBeGreaterThanOrEqual(2);
    for (const { at } of after) expect(at - refusedAt).toBeGreaterThanOrEqual(wait - 50);
  }, 120_000);
};
