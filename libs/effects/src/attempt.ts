import type { Command } from '@muster/contracts';
import {
  type Call,
  dependenciesOf,
  type DisablementInput,
  disablementOf,
  fenceOf,
  nextStep,
  type Probe,
  type SendRow,
  type SendStep,
  targetOf,
  wantedCommand,
} from '@muster/identity';
import type { IdentityFacts, Planned } from './identity-facts.ts';
import type { Sent, Since } from './sending-rows.ts';

/** One command in the hands of the sender, with what was found out about it in this pass. */
export interface Attempt {
  readonly commandId: string;
  readonly sent: Sent;
  readonly probe?: Probe;
  readonly trace?: DisablementInput['trace'];
}

/** What the sender knows beside the facts. */
export interface Shell {
  readonly leaseHeld: boolean;
  readonly live: boolean;
  readonly now: string;
  readonly settleMs: number;
  readonly logLagMs: number;
}

/** A command that no row knows: never sent, or sent by somebody whose rows are lost. */
export const unsent = (facts: IdentityFacts, commandId: string, since: Since): Sent => {
  const open = facts.provisioning.open[commandId];
  const planRevision = facts.planned(commandId)?.revision ?? -1;
  if (facts.wasPlannedBy(commandId, since.position)) return { commandId, planRevision, attempts: open?.attempt ?? 0, lostAt: since.at };
  if (open) return { commandId, planRevision, attempts: open.attempt, lostAt: open.sentAt };
  return { commandId, planRevision, attempts: 0 };
};

/** The command as it is wanted now; one that is not wanted any more as its last plan had it. */
export const currentOf = (facts: IdentityFacts, commandId: string): Command => {
  const command = wantedCommand(facts.plan, commandId) ?? facts.planned(commandId)?.command;
  if (command === undefined) throw new TypeError(`no plan holds the command ${commandId}`);
  return command;
};

/** The command as the last call carried it, if one may have had its effect. */
export const lastSentOf = (facts: IdentityFacts, { commandId, sent }: Attempt): Command =>
  (sent.lostAt === undefined ? undefined : facts.plannedAt(commandId, sent.planRevision)?.command) ?? currentOf(facts, commandId);

export const rowOf = ({ attempts, lostAt }: SendRow): SendRow => ({ attempts, ...(lostAt === undefined ? {} : { lostAt }) });

/** The next step for a command on the facts as they were read last. */
export const stepOf = (facts: IdentityFacts, attempt: Attempt, shell: Shell): SendStep => {
  const command = currentOf(facts, attempt.commandId);
  const row = rowOf(attempt.sent);
  const account = facts.accountAsKnown(targetOf(command, facts) ?? '');
  const { provisioning } = facts;
  return nextStep({
    command,
    row,
    fence: fenceOf(command, facts, shell),
    now: shell.now,
    settleMs: shell.settleMs,
    logLagMs: shell.logLagMs,
    dependencies: dependenciesOf(command, facts),
    disablement: {
      ...disablementOf(command, { provisioning, account, row }),
      ...(attempt.trace === undefined ? {} : { trace: attempt.trace }),
    },
    ...(attempt.probe === undefined ? {} : { probe: attempt.probe }),
  });
};

/** A call as the core is told of it. */
export const callOf = (
  facts: IdentityFacts,
  attempt: Attempt,
  made: { readonly identityId: string; readonly command: Command; readonly sentAt: string; readonly attempts: number },
): Call => {
  const planned: Planned | undefined = facts.planned(attempt.commandId);
  const accountId = targetOf(made.command, facts);
  return { ...made, planId: planned?.planId ?? '', row: rowOf(attempt.sent), ...(accountId === undefined ? {} : { accountId }) };
};
