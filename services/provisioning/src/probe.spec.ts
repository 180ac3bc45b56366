import { describe, expect, it } from '@jest/globals';
import type { AccountReader, Aspect, HeldEntitlements, ObservedAccount, Readers } from '@muster/connector';
import type { Command } from '@muster/contracts';
import { probeCreate, probeEffect } from './probe.ts';

const command = (wanted: Pick<Command, 'action'> & Partial<Command>): Command => ({
  commandId: 'c1',
  connection: 'okta-main',
  object: { kind: 'account', id: 'a1' },
  valueHmac: 'h',
  generation: 0,
  lane: 'live',
  provenance: {},
  ...wanted,
});

const account = (id: string, change: Partial<ObservedAccount> & { key?: string; login?: string } = {}): ObservedAccount => ({
  connection: 'okta-main',
  accountId: id,
  profile: { login: change.login ?? 'ada@example.com', employeeNumber: change.key ?? '1001', ...change.profile },
  status: 'ACTIVE',
  enabled: change.enabled ?? true,
  aspects: ['profile', 'status'],
  ...(change.managerAccountId === undefined ? {} : { managerAccountId: change.managerAccountId }),
});

/** A directory as its readers show it. */
const directory = (shown: {
  byKey?: ObservedAccount[];
  byLogin?: ObservedAccount;
  byId?: ObservedAccount;
  held?: Partial<HeldEntitlements>;
}) => {
  const accounts = {
    findByMatchKey: () => Promise.resolve(shown.byKey ?? []),
    findByLogin: () => Promise.resolve(shown.byLogin ?? 'absent'),
    getAccount: () => Promise.resolve(shown.byId ?? 'absent'),
  } as unknown as AccountReader;
  const held: HeldEntitlements = { items: [], startedAt: '', aspects: ['groups'] satisfies Aspect[], incompleteBecause: [], ...shown.held };
  return { accounts, entitlements: { entitlementsOf: () => Promise.resolve(held) } } as unknown as Readers;
};

describe('the probe of a create', () => {
  const attributes = { login: 'login', matchKey: 'employeeNumber' };
  const create = command({ action: 'create', profile: { login: 'Ada@example.com', employeeNumber: '1001' } });
  const probe = (shown: Parameters<typeof directory>[0]) => probeCreate(create, { accounts: directory(shown).accounts, attributes }, {});

  it('finds the account by its key, and by its login where the key is not shown yet', async () => {
    expect(await probe({ byKey: [account('a1')] })).toEqual({ result: 'there', accountId: 'a1' });
    expect(await probe({ byLogin: account('a2') })).toEqual({ result: 'there', accountId: 'a2' });
  });

  it('takes of several with the key the one with the login, and asks a person if none has it', async () => {
    const others = [account('a8', { login: 'x@example.com' }), account('a9', { login: 'y@example.com' })];
    expect(await probe({ byKey: [...others, account('a1')] })).toEqual({ result: 'there', accountId: 'a1' });
    expect(await probe({ byKey: others })).toEqual({ result: 'foreign' });
  });

  it('tells an account with the login and the key of somebody else', async () => {
    expect(await probe({ byLogin: account('a3', { key: '9999' }) })).toEqual({ result: 'foreign' });
  });

  it('finds nothing where nothing is', async () => {
    expect(await probe({})).toEqual({ result: 'absent' });
  });
});

describe('the probe of a write', () => {
  const probe = async (
    wanted: Pick<Command, 'action'> & Partial<Command>,
    shown: Parameters<typeof directory>[0],
    managerByReference = true,
  ) => (await probeEffect(command(wanted), 'a1', { readers: directory(shown), managerByReference }, {})).result;

  it('compares the attribute, null with what is empty', async () => {
    const byId = account('a1', { profile: { title: 'Chief', city: '' } });
    expect(await probe({ action: 'set', field: 'title', value: 'Chief' }, { byId })).toBe('there');
    expect(await probe({ action: 'set', field: 'title', value: 'Engineer' }, { byId })).toBe('absent');
    expect(await probe({ action: 'set', field: 'city', value: null }, { byId })).toBe('there');
  });

  it('compares the manager as a reference or as an attribute', async () => {
    const manager = { action: 'set', field: 'manager', value: 'boss' } as const;
    expect(await probe(manager, { byId: account('a1', { managerAccountId: 'boss' }) })).toBe('there');
    expect(await probe(manager, { byId: account('a1', { managerAccountId: null }) })).toBe('absent');
    expect(await probe(manager, { byId: account('a1', { profile: { manager: 'boss' } }) }, false)).toBe('there');
  });

  it('compares whether the owner can sign in', async () => {
    const off = { byId: account('a1', { enabled: false }) };
    expect([await probe({ action: 'disable' }, off), await probe({ action: 'enable' }, off)]).toEqual(['there', 'absent']);
    expect(await probe({ action: 'disable' }, {})).toBe('absent');
  });

  it('looks for the group among what the account holds', async () => {
    const entitlement = { kind: 'group', id: 'g1' } as const;
    const held = {
      items: [{ connection: 'okta-main', holder: { kind: 'account' as const, id: 'a1' }, entitlement, via: 'direct' as const }],
    };
    expect([await probe({ action: 'grant', entitlement }, { held }), await probe({ action: 'revoke', entitlement }, { held })]).toEqual([
      'there',
      'absent',
    ]);
    expect([await probe({ action: 'grant', entitlement }, {}), await probe({ action: 'revoke', entitlement }, {})]).toEqual([
      'absent',
      'there',
    ]);
  });

  it('says nothing from a list that is not whole', async () => {
    const entitlement = { kind: 'group', id: 'g1' } as const;
    await expect(probe({ action: 'revoke', entitlement }, { held: { aspects: [] } })).rejects.toMatchObject({ kind: 'transient' });
  });

  it('never sees ended sessions', async () => {
    expect(await probe({ action: 'revokeSessions' }, { byId: account('a1') })).toBe('absent');
  });
});
