import { type AccountReader, type CallOptions, Fault, type ObservedAccount, type Readers } from '@muster/connector';
import type { Command, EntitlementRef } from '@muster/contracts';
import { aspectOf, entitlementKey, type Probe, sameValue } from '@muster/identity';
import { isReference } from './arrange.ts';
import { type KeyAttributes, newAccountOf } from './translate.ts';

type Found = Omit<Probe, 'startedAt'>;

const there = (accountId: string): Found => ({ result: 'there', accountId });
const effect = (isThere: boolean): Found => ({ result: isThere ? 'there' : 'absent' });

/**
 * Looks for the account that a create may have made: by its key, then by its login, as either may lag. An account that has the login and another key, and
 * several that carry the key, are somebody's question.
 */
export const probeCreate = async (
  command: Command,
  { accounts, attributes }: { accounts: AccountReader; attributes: KeyAttributes },
  options: CallOptions,
): Promise<Found> => {
  const { login, matchKey } = newAccountOf(command, attributes);
  const byKey = await accounts.findByMatchKey(matchKey, options);
  const own = byKey.find(({ profile }) => String(profile[attributes.login]).toLowerCase() === login.toLowerCase());
  const match = own ?? (byKey.length === 1 ? byKey[0] : undefined);
  if (match) return there(match.accountId);
  const byLogin = await accounts.findByLogin(login, options);
  if (byLogin !== 'absent') return byLogin.profile[attributes.matchKey] === matchKey ? there(byLogin.accountId) : { result: 'foreign' };
  return byKey.length > 1 ? { result: 'foreign' } : { result: 'absent' };
};

const holdsValue = (account: ObservedAccount, command: Command, managerByReference: boolean): boolean => {
  if (isReference(command, managerByReference)) return sameValue(account.managerAccountId, command.value ?? null);
  return command.field !== undefined && sameValue(account.profile[command.field], command.value ?? null);
};

const holdsEntitlement = async (readers: Readers, accountId: string, what: EntitlementRef, options: CallOptions): Promise<boolean> => {
  const aspect = aspectOf(what.kind);
  const held = await readers.entitlements.entitlementsOf({ kind: 'account', id: accountId }, { ...options, aspects: [aspect] });
  const holds = held.items.some(({ entitlement }) => entitlementKey(entitlement) === entitlementKey(what));
  if (holds || held.aspects.includes(aspect)) return holds;
  throw new Fault({
    code: 'target.unavailable',
    kind: 'transient',
    message: `What account ${accountId} holds could not be read whole, so nobody can say whether it holds ${what.kind} ${what.id}`,
    remedy: 'Nothing to do: it is read again. If it lasts, grant the permission that the connection is said to lack.',
  });
};

/** Looks whether a write to an account that is there has had its effect. Of ended sessions nothing can be seen. */
export const probeEffect = async (
  command: Command,
  accountId: string,
  { readers, managerByReference }: { readers: Readers; managerByReference: boolean },
  options: CallOptions,
): Promise<Found> => {
  const { action, entitlement } = command;
  if (action === 'revokeSessions') return effect(false);
  if (entitlement !== undefined) return effect((await holdsEntitlement(readers, accountId, entitlement, options)) === (action === 'grant'));
  const account = await readers.accounts.getAccount(accountId, options);
  if (account === 'absent') return effect(false);
  return effect(action === 'set' ? holdsValue(account, command, managerByReference) : account.enabled === (action === 'enable'));
};
