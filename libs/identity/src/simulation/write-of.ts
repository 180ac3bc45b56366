import type { Command } from '@muster/contracts';
import type { WriteOp } from './vendor.ts';

const text = (given: unknown): string | null => (typeof given === 'string' ? given : null);

const createOf = ({ profile = {}, value }: Command): WriteOp => {
  const { login, ...rest } = Object.fromEntries(Object.entries(profile).map(([name, given]) => [name, text(given)]));
  return { op: 'create', login: login ?? '', profile: rest, enabled: value === true };
};

/** A command in the vendor's words; undefined while the account is not known. */
export const writeOf = (command: Command, accountId: string | undefined): WriteOp | undefined => {
  const { action, value, entitlement, field = '' } = command;
  if (action === 'create') return createOf(command);
  if (accountId === undefined) return undefined;
  if (action === 'set') return { op: 'set', accountId, field, value: text(value) };
  if (action === 'enable' || action === 'disable') return { op: action, accountId };
  if (action === 'revokeSessions' || entitlement === undefined) return undefined;
  return { op: action, accountId, kind: entitlement.kind === 'app' ? 'app' : 'group', id: entitlement.id };
};
