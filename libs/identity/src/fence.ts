import type { Command } from '@muster/contracts';
import type { Account } from './account.ts';
import { lifecycleRevision, type Identity } from './identity.ts';
import { isBefore, latest } from './instants.ts';
import { wantedCommand, type Plan } from './plan.ts';
import { accountIdOf } from './planning.ts';
import { hasEnded, wishKey, type Provisioning, type Write } from './provisioning.ts';
import type { DisablementInput, Fence, SendRow } from './send.ts';

/** What the sender reads from the store immediately before every send. */
export interface SendFacts {
  readonly identity: Identity;
  readonly plan: Plan;
  readonly provisioning: Provisioning;
}

/** The fence of a command, from facts read just now. */
export const fenceOf = (command: Command, facts: SendFacts, shell: Pick<Fence, 'leaseHeld' | 'live'>): Fence => ({
  ...shell,
  ended: hasEnded(facts.provisioning, command),
  wanted: wantedCommand(facts.plan, command.commandId) !== undefined,
  plannedUnder: facts.plan.released?.lifecycleRevision ?? -1,
  lifecycle: lifecycleRevision(facts.identity),
});

const endedWell = ({ wishes, created }: Provisioning, commandId: string): boolean =>
  Object.values(created).some((made) => made.commandId === commandId) ||
  Object.values(wishes).some(({ last }) => last?.commandId === commandId && (last.result === 'done' || last.result === 'found'));

/** Whether everything that a command waits for has ended well, and the account that it is for is known. */
export const dependenciesOf = (command: Command, { identity, provisioning }: SendFacts): 'met' | 'waiting' => {
  const known = command.action === 'create' || (command.object.id ?? accountIdOf(identity, provisioning, command.connection)) !== undefined;
  return known && (command.after ?? []).every((commandId) => endedWell(provisioning, commandId)) ? 'met' : 'waiting';
};

/** The account that a call goes to; undefined for a create. */
export const targetOf = (command: Command, { identity, provisioning }: SendFacts): string | undefined =>
  command.action === 'create' ? undefined : (command.object.id ?? accountIdOf(identity, provisioning, command.connection));

/**
 * When the status was last seen to change. A read that contradicts our last answered write saw a change too, even if the value is the one that was
 * recorded before that write.
 */
const lastSeenChange = ({ enabled }: Account, last: Write | undefined): string | undefined => {
  if (enabled === undefined || last?.answeredAt === undefined) return enabled?.changedAt;
  const contradicts = enabled.value !== last.value && !isBefore(enabled.readAt, last.answeredAt);
  return contradicts ? latest(enabled.changedAt, enabled.readAt) : enabled.changedAt;
};

/** What is known of the status of an account, for an enable: our own writes, unanswered ones included, and what reads saw. */
export const disablementOf = (
  { connection }: Pick<Command, 'connection'>,
  { provisioning, account, row }: { readonly provisioning: Provisioning; readonly account: Account; readonly row: SendRow },
): Omit<DisablementInput, 'trace'> => {
  const key = wishKey({ connection, action: 'enable' });
  const writes = provisioning.writes[key] ?? [];
  const own = [
    ...writes.flatMap(({ sentAt, answeredAt }) => [sentAt, answeredAt]),
    provisioning.wishes[key]?.last?.answeredAt,
    row.lostAt,
  ].reduce(latest, undefined);
  const change = lastSeenChange(account, writes.at(-1));
  return {
    createdByUs: provisioning.created[connection]?.result === 'done' && provisioning.created[connection].accountId === account.accountId,
    ...(own === undefined ? {} : { lastOwnWrite: own }),
    ...(change === undefined ? {} : { lastSeenChange: change }),
  };
};
