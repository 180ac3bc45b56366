import { expect, it } from '@jest/globals';
import type { Bench } from './bench.ts';
import { all } from './bench.ts';

const HOUR = 3_600_000;

/** What every connector must do when it writes. */
export const writingTests = (bench: Bench): void => {
  it('sets several fields in one call, the same ones again without harm, and clears them with null', async () => {
    const connection = bench.connect();
    const id = await bench.create(connection);
    const { name: field, values } = bench.target.attribute;
    const { accounts } = bench.writersOf(connection);
    for (const value of [values[0], values[0], values[1], null]) {
      const [outcome] = await accounts.set([{ accountId: id, values: { [field]: value } }]);
      expect(outcome).toMatchObject({ result: 'done' });
      await bench.settled();
      expect(await connection.readers.accounts.getAccount(id)).toMatchObject({ profile: { [field]: value } });
    }
  }, 60_000);

  it('grants and revokes a group twice without harm, and one wrong member blocks nobody', async () => {
    const connection = bench.connect();
    const ids = [await bench.create(connection), await bench.create(connection), await bench.create(connection)];
    const { entitlements } = bench.writersOf(connection);
    const group = { kind: 'group', id: bench.target.groupId } as const;
    const holders = ids.map((id) => ({ kind: 'account', id }) as const);
    const good = ['done', 'already'];
    const [first] = await entitlements.grant(group, holders.slice(0, 1));
    expect(first?.result).toBe('done');
    await bench.settled();
    const outcomes = await entitlements.grant(group, [
      holders[0]!,
      { kind: 'account', id: 'nobody-has-this-id' },
      holders[1]!,
      holders[2]!,
    ]);
    expect(outcomes.map(({ result }) => (good.includes(result) ? 'there' : result))).toEqual(['there', 'fault', 'there', 'there']);
    expect(outcomes[1]).toMatchObject({ fault: { kind: 'refused' } });
    await bench.settled();
    const members = await all(connection.readers.entitlements.listMembers(bench.target.groupId));
    expect(members.items.map(({ holder }) => holder.id)).toEqual(expect.arrayContaining(ids));
    const held = await connection.readers.entitlements.entitlementsOf(holders[1]!, { aspects: ['groups'] });
    expect(held.items.map(({ entitlement }) => entitlement.id)).toContain(bench.target.groupId);
    expect(held.aspects).toEqual(['groups']);
    for (let turn = 0; turn < 2; turn += 1) {
      const gone = await entitlements.revoke(group, holders);
      expect(gone.every(({ result }) => good.includes(result))).toBe(true);
      await bench.settled();
    }
    const after = await all(connection.readers.entitlements.listMembers(bench.target.groupId));
    expect(after.items.filter(({ holder }) => ids.includes(holder.id))).toEqual([]);
  }, 60_000);

  it('disables, knows by whom it was, enables, and does either twice without harm', async () => {
    const connection = bench.connect();
    const id = await bench.create(connection);
    const { accounts } = bench.writersOf(connection);
    const since = new Date(Date.now() - HOUR).toISOString();
    for (let turn = 0; turn < 2; turn += 1) expect(['done', 'already']).toContain((await accounts.disable([id]))[0]?.result);
    await bench.settled();
    expect(await connection.readers.accounts.getAccount(id)).toMatchObject({ enabled: false });
    expect(await connection.readers.disablements.traceDisablement(id, since)).toMatchObject({ by: 'us' });
    for (let turn = 0; turn < 2; turn += 1) expect(['done', 'already']).toContain((await accounts.enable([id]))[0]?.result);
    await bench.settled();
    expect(await connection.readers.accounts.getAccount(id)).toMatchObject({ enabled: true });
    await bench.target.controls.disableOutside(id);
    await bench.settled();
    expect(await connection.readers.disablements.traceDisablement(id, since)).toMatchObject({ by: 'other' });
  }, 60_000);

  it('calls a create unknown whose answer was lost after the effect; a probe finds it, and a repeat is a conflict with itself', async () => {
    const connection = bench.connect();
    for (const kind of ['answer-lost-after-effect', 'gateway-timeout-after-effect'] as const) {
      const account = bench.newAccount();
      const fault = await bench.target.controls.fault({ on: 'create-account', kind });
      const [outcome] = await bench.writersOf(connection).accounts.create([account]);
      expect(await bench.target.controls.fired(fault)).toBe(1);
      expect(outcome).toMatchObject({ result: 'fault', fault: { kind: 'unknown' } });
      await bench.settled();
      const found = await connection.readers.accounts.findByLogin(account.login);
      if (found === 'absent') throw new Error('the probe found nothing');
      const [again] = await bench.writersOf(connection).accounts.create([account]);
      expect(again).toMatchObject({ result: 'conflict', found: { id: found.accountId, matchKey: account.matchKey } });
      expect(await bench.target.controls.countByMatchKey(account.matchKey)).toBe(1);
    }
  }, 60_000);

  it('calls a create unknown whose answer was lost before the effect, and never sends it twice by itself', async () => {
    const connection = bench.connect();
    for (const kind of ['answer-lost', 'server-error'] as const) {
      const account = bench.newAccount();
      const fault = await bench.target.controls.fault({ on: 'create-account', kind });
      const [outcome] = await bench.writersOf(connection).accounts.create([account]);
      expect(await bench.target.controls.fired(fault)).toBe(1);
      expect(outcome).toMatchObject({ result: 'fault', fault: { kind: 'unknown' } });
      expect(await bench.target.controls.countByMatchKey(account.matchKey)).toBe(0);
    }
  }, 60_000);

  it('tells a login of somebody else by the correlation key that was found', async () => {
    const connection = bench.connect();
    const account = bench.newAccount();
    await bench.writersOf(connection).accounts.create([account]);
    const [outcome] = await bench.writersOf(connection).accounts.create([{ ...bench.newAccount(), login: account.login }]);
    expect(outcome).toMatchObject({ result: 'conflict', found: { matchKey: account.matchKey } });
  }, 60_000);

  it('sends only what its sender still stands by, asked when the request is about to leave', async () => {
    const connection = bench.connect();
    const ids = [await bench.create(connection), await bench.create(connection), await bench.create(connection)];
    const { name: field, values } = bench.target.attribute;
    const asked: number[] = [];
    const mayBeSent = (index: number): Promise<boolean> => {
      asked.push(index);
      return Promise.resolve(index !== 1);
    };
    const changes = ids.map((accountId) => ({ accountId, values: { [field]: values[0] } }));
    const outcomes = await bench.writersOf(connection).accounts.set(changes, { mayBeSent });
    expect(outcomes.map(({ result }) => result)).toEqual(['done', 'withheld', 'done']);
    expect(new Set(asked)).toEqual(new Set([0, 1, 2]));
    const group = { kind: 'group', id: bench.target.groupId } as const;
    const granted = await bench.writersOf(connection).entitlements.grant(
      group,
      ids.map((id) => ({ kind: 'account', id }) as const),
      { mayBeSent },
    );
    expect(granted.map(({ result }) => result)).toEqual(['done', 'withheld', 'done']);
    await bench.settled();
    expect(await connection.readers.accounts.getAccount(ids[1]!)).not.toMatchObject({ profile: { [field]: values[0] } });
  }, 60_000);

  it('has no writer at all while it observes', () => {
    expect(bench.connect('observe').writers).toBeUndefined();
    expect(bench.connect('live').writers).toBeDefined();
  });
};
