import type { Command } from '@muster/contracts';

const ranks: Record<Command['action'], number> = { create: 0, disable: 1, enable: 1, revokeSessions: 2, set: 3, grant: 5, revoke: 6 };
const MANAGER_RANK = 4;

/** Whether a command writes a reference to another account by a call of its own. */
export const isReference = ({ action, field }: Command, managerByReference: boolean): boolean =>
  action === 'set' && field === 'manager' && managerByReference;

/**
 * The order in which a person's commands leave: the account first, then whether its owner can sign in, open sessions, attributes, the manager, what is
 * given, what is taken away. Attributes of one account travel in one call; what is given at once, and what is taken away, do not wait for each other.
 */
export const arrange = (commands: readonly Command[], { managerByReference }: { managerByReference: boolean }): Command[][][] => {
  const rankOf = (command: Command): number => (isReference(command, managerByReference) ? MANAGER_RANK : ranks[command.action]);
  const ordered = commands.toSorted((a, b) => rankOf(a) - rankOf(b));
  const stages = Map.groupBy(ordered, (command) =>
    isSideBySide(command) ? command.action : `${rankOf(command)} ${callKey(command, rankOf(command))}`,
  );
  return [...stages.values()].map((stage) => [...Map.groupBy(stage, (command) => callKey(command, rankOf(command))).values()]);
};

const isSideBySide = ({ action }: Command): boolean => action === 'grant' || action === 'revoke';

const callKey = ({ object, commandId }: Command, rank: number): string =>
  rank === ranks.set ? `set ${object.id ?? ''}` : `alone ${commandId}`;
