import { describe, expect, it } from '@jest/globals';
import type { Command } from '@muster/contracts';
import { arrange } from './arrange.ts';
import { rowsOf, sendKeyParts } from './rows.ts';
import { keyAttributes, managerOf, matchKeyOf, newAccountOf, valuesOf } from './translate.ts';

let named = 0;
const command = (wanted: Pick<Command, 'action'> & Partial<Command>): Command => ({
  commandId: `c${(named += 1)}`,
  connection: 'entra-main',
  object: { kind: 'account', id: 'a1' },
  valueHmac: 'h',
  generation: 0,
  lane: 'live',
  provenance: {},
  ...wanted,
});
const entra = keyAttributes({ kind: 'entra', matchKey: 'employeeId' });

describe('a create', () => {
  const profile = { userPrincipalName: 'ada@example.com', employeeId: '1001', displayName: 'Ada', jobTitle: null };

  it('gives login and key by their names in the target, and the rest of the profile beside them', () => {
    const account = newAccountOf(command({ action: 'create', value: true, profile }), entra);
    expect(account).toEqual({ login: 'ada@example.com', matchKey: '1001', profile: { displayName: 'Ada', jobTitle: null }, enabled: true });
    const okta = keyAttributes({ kind: 'okta', matchKey: 'employeeNumber' });
    expect(newAccountOf(command({ action: 'create', profile: { login: 'ada', employeeNumber: '1' } }), okta)).toMatchObject({
      login: 'ada',
      matchKey: '1',
    });
  });

  it('makes a disabled account where the plan says so', () => {
    expect(newAccountOf(command({ action: 'create', value: false, profile }), entra).enabled).toBe(false);
  });

  it('is a defect without login or key, whose message names the attribute and no value', () => {
    const without = (name: keyof typeof profile): Command => command({ action: 'create', profile: { ...profile, [name]: '' } });
    expect(() => newAccountOf(without('userPrincipalName'), entra)).toThrow(/userPrincipalName/);
    expect(() => newAccountOf(without('employeeId'), entra)).toThrow(/^(?!.*ada@).*employeeId/);
  });

  it('is the only command that carries a key', () => {
    expect(matchKeyOf(command({ action: 'create', profile }), entra)).toBe('1001');
    expect(matchKeyOf(command({ action: 'set', field: 'employeeId', value: '1001' }), entra)).toBeUndefined();
  });
});

describe('attributes', () => {
  it('travel together under their names; null clears', () => {
    expect(
      valuesOf([command({ action: 'set', field: 'jobTitle', value: 'Chief' }), command({ action: 'set', field: 'city', value: null })]),
    ).toEqual({
      jobTitle: 'Chief',
      city: null,
    });
  });

  it('of a manager are an account or none', () => {
    expect(managerOf(command({ action: 'set', field: 'manager', value: 'boss' }))).toBe('boss');
    expect(managerOf(command({ action: 'set', field: 'manager', value: null }))).toBeNull();
  });
});

describe('the order of calls', () => {
  const grant = command({ action: 'grant', entitlement: { kind: 'group', id: 'g1' } });
  const revoke = command({ action: 'revoke', entitlement: { kind: 'group', id: 'g2' } });
  const manager = command({ action: 'set', field: 'manager', value: 'boss' });
  const [title, city] = [
    command({ action: 'set', field: 'jobTitle', value: 'Chief' }),
    command({ action: 'set', field: 'city', value: 'London' }),
  ];
  const create = command({ action: 'create', object: { kind: 'account' } });
  const disable = command({ action: 'disable' });
  const sessions = command({ action: 'revokeSessions' });

  it('is account, status, sessions, attributes in one call, manager, grants, revokes', () => {
    const calls = arrange([revoke, grant, manager, city, title, sessions, disable, create], { managerByReference: true });
    expect(calls).toEqual([[[create]], [[disable]], [[sessions]], [[city, title]], [[manager]], [[grant]], [[revoke]]]);
  });

  it('has the manager among the attributes where it is one', () => {
    expect(arrange([manager, title], { managerByReference: false })).toEqual([[[manager, title]]]);
  });

  it('keeps attributes of different accounts apart', () => {
    const other = command({ action: 'set', field: 'city', value: 'Paris', object: { kind: 'account', id: 'a2' } });
    expect(arrange([title, other], { managerByReference: true })).toEqual([[[title]], [[other]]]);
  });

  it('lets what is given leave side by side, and what is taken away after it', () => {
    const second = command({ action: 'grant', entitlement: { kind: 'group', id: 'g3' } });
    expect(arrange([grant, revoke, second], { managerByReference: true })).toEqual([[[grant], [second]], [[revoke]]]);
  });
});

describe('the rows of a plan', () => {
  it('are one for each connection, in the lane of its most urgent command', () => {
    const commands = [
      command({ action: 'set', lane: 'batch' }),
      command({ action: 'disable', lane: 'leaver' }),
      command({ action: 'set', lane: 'batch', connection: 'okta-main' }),
    ];
    expect(rowsOf({ identityId: 'p1', commands })).toEqual([
      { kind: 'send', key: 'p1|entra-main', connection: 'entra-main', lane: 'leaver' },
      { kind: 'send', key: 'p1|okta-main', connection: 'okta-main', lane: 'batch' },
    ]);
    expect(sendKeyParts('p1|entra-main')).toEqual({ identityId: 'p1', connection: 'entra-main' });
  });

  it('are due with the first command that has a time, at once if one has none', () => {
    const [early, late] = ['2026-04-01T00:00:00.000Z', '2026-05-01T00:00:00.000Z'];
    const rows = rowsOf({
      identityId: 'p1',
      commands: [command({ action: 'disable', notBefore: late }), command({ action: 'disable', notBefore: early })],
    });
    expect(rows).toMatchObject([{ due: new Date(early) }]);
    const [row] = rowsOf({ identityId: 'p1', commands: [command({ action: 'disable', notBefore: late }), command({ action: 'set' })] });
    expect(row).not.toHaveProperty('due');
  });

  it('are none for a plan that wants nothing, or whose person was erased', () => {
    expect(rowsOf({ identityId: 'p1', commands: [] })).toEqual([]);
    expect(rowsOf({ identityId: 'p1' })).toEqual([]);
  });
});
