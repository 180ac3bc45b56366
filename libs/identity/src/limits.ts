import type { Command } from '@muster/contracts';
import type { HeldBecause } from './plan.ts';

/** What may leave without a person's word. */
export interface HoldPolicy {
  /** Taking a group, app, role or licence away. */
  readonly removals: 'hold' | 'send';
  /** Turning an account off. */
  readonly disables: 'hold' | 'send';
}

/** Until thresholds and approvals exist, whatever takes something away waits for a person. */
export const holdEverything: HoldPolicy = { removals: 'hold', disables: 'hold' };

/** Whether a command waits for a person. */
export const mustHold = ({ action }: Pick<Command, 'action'>, policy: HoldPolicy): boolean => {
  switch (action) {
    case 'revoke':
      return policy.removals === 'hold';
    case 'disable':
    case 'revokeSessions':
      return policy.disables === 'hold';
    case 'create':
    case 'set':
    case 'enable':
    case 'grant':
      return false;
  }
};

const because = (code: string, message: string, commands: readonly Command[]): HeldBecause[] =>
  commands.length === 0 ? [] : [{ code, message, commandIds: commands.map((command) => command.commandId) }];

/** Why held commands are held, for the person who has to say. */
export const heldBecause = (held: readonly Command[]): HeldBecause[] => [
  ...because(
    'limit.removal_needs_approval',
    'Something would be taken away',
    held.filter(({ action }) => action === 'revoke'),
  ),
  ...because(
    'limit.disable_needs_approval',
    'An account would be turned off',
    held.filter(({ action }) => action === 'disable' || action === 'revokeSessions'),
  ),
];
