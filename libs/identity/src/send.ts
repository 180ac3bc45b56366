import type { AccountDisablementTraced, Command, CommandEnded } from '@muster/contracts';
import { isBefore, latest, later } from './instants.ts';

/** What the sender's own row knows of a command. A row that was rebuilt has `lostAt` = when it was rebuilt: it may have been sent. */
export interface SendRow {
  readonly attempts: number;
  /** Start of the last call whose answer is not known; absent: no call may have had an effect. */
  readonly lostAt?: string;
}

/** Read from the store immediately before every send, repeats included. */
export interface Fence {
  /** The command has a recorded end. */
  readonly ended: boolean;
  /** The plan in force wants the command. */
  readonly wanted: boolean;
  /** Lifecycle revision under which that plan was made. */
  readonly plannedUnder: number;
  /** Lifecycle revision of the identity now. */
  readonly lifecycle: number;
  /** The lease taken at the claim is still ours. */
  readonly leaseHeld: boolean;
  /** The connection may be written. */
  readonly live: boolean;
}

/** What a look at the vendor found. `there`: the effect of the command; for a create: an account with this person's match key. */
export interface Probe {
  readonly startedAt: string;
  readonly result: 'there' | 'absent' | 'foreign';
  readonly accountId?: string;
}

/** Who turned the account off, for an enable. */
export interface DisablementInput {
  /** Asked in this attempt; older answers are not to be passed. */
  readonly trace?: Pick<AccountDisablementTraced, 'by' | 'askedAt'>;
  /** Start of the last write of ours to the status, unanswered ones included. */
  readonly lastOwnWrite?: string;
  /** When the status was last seen to change. */
  readonly lastSeenChange?: string;
  /** The account was made by a command of ours. */
  readonly createdByUs: boolean;
}

export interface SendInput {
  readonly command: Command;
  readonly row: SendRow;
  readonly fence: Fence;
  readonly now: string;
  readonly settleMs: number;
  readonly logLagMs: number;
  /** Whether all commands of `after` ended well. */
  readonly dependencies: 'met' | 'waiting';
  readonly probe?: Probe;
  readonly disablement?: DisablementInput;
}

export type SendStep =
  /** Make the call. `repeat`: an earlier one may have had its effect. */
  | { readonly do: 'send'; readonly repeat: boolean }
  /** Look for the effect at the vendor and decide again with what was found. */
  | { readonly do: 'probe' }
  /** Ask the vendor's log who turned the account off, and decide again with the answer. */
  | { readonly do: 'trace' }
  | {
      readonly do: 'wait';
      readonly until: string;
      readonly because: 'plan-outdated' | 'not-before' | 'dependency' | 'settle-time' | 'log-lag' | 'not-live';
    }
  /** Record this end. */
  | { readonly do: 'end'; readonly result: CommandEnded['result']; readonly probed: boolean; readonly accountId?: string }
  /** Leave it: it has ended, or it is not ours any more. */
  | { readonly do: 'drop'; readonly because: 'ended' | 'lease-lost' };

const PLAN_PATIENCE = 1000;
const DEPENDENCY_PATIENCE = 1000;
const LIVE_PATIENCE = 60_000;

const wait = (input: SendInput, ms: number, because: (SendStep & { do: 'wait' })['because']): SendStep => ({
  do: 'wait',
  until: later(input.now, ms),
  because,
});

const end = (result: CommandEnded['result'], probe?: Probe): SendStep => ({
  do: 'end',
  result,
  probed: probe !== undefined,
  ...(probe?.accountId === undefined ? {} : { accountId: probe.accountId }),
});

/** Repeating these changes nothing that a first call did not change. */
const isIdempotent = ({ action }: Command): boolean => action !== 'create' && action !== 'enable';

/** An old replica answers anything: a probe counts from settle time on. A create that is found is there, whenever that is seen. */
const probeCounts = ({ command }: SendInput, probe: Probe, settled: string): boolean =>
  (command.action === 'create' && probe.result === 'there') || !isBefore(probe.startedAt, settled);

/** What a probe that counts says. */
const afterProbe = (input: SendInput, probe: Probe): SendStep => {
  if (probe.result === 'there') return end('found', probe);
  if (probe.result === 'foreign') return end('case', probe);
  return input.fence.wanted ? fresh(input, true) : end('superseded', probe);
};

/** A call may have had its effect: it is closed by a probe, or repeated where that is harmless. */
const afterLoss = (input: SendInput, lostAt: string): SendStep => {
  const { command, fence, probe, now, settleMs } = input;
  const settled = later(lostAt, settleMs);
  if (probe !== undefined && probeCounts(input, probe, settled)) return afterProbe(input, probe);
  if (fence.wanted && isIdempotent(command)) return fresh(input, true);
  const mayLookNow = command.action === 'create' && probe === undefined;
  return mayLookNow || !isBefore(now, settled) ? { do: 'probe' } : { do: 'wait', until: settled, because: 'settle-time' };
};

/**
 * Nobody but us may have turned the account off: asked of the vendor's own log, no earlier than its lag after the last write of ours and the
 * last change that was seen.
 */
const enableCheck = ({ disablement, now, logLagMs }: SendInput): SendStep | undefined => {
  const { trace, lastOwnWrite, lastSeenChange, createdByUs } = disablement ?? { createdByUs: false };
  const lastTouched = latest(lastOwnWrite, lastSeenChange);
  const askFrom = lastTouched === undefined ? undefined : later(lastTouched, logLagMs);
  if (askFrom !== undefined && isBefore(now, askFrom)) return { do: 'wait', until: askFrom, because: 'log-lag' };
  if (trace === undefined || isBefore(trace.askedAt, askFrom)) return { do: 'trace' };
  const ours = trace.by === 'us' || (trace.by === 'nobody' && createdByUs);
  return ours ? undefined : end('locked');
};

/** No call that may have had an effect is open. */
const fresh = (input: SendInput, repeat: boolean): SendStep => {
  const { command, fence, now } = input;
  if (!fence.wanted) return end('superseded');
  if (!fence.live) return wait(input, LIVE_PATIENCE, 'not-live');
  if (fence.plannedUnder !== fence.lifecycle) return wait(input, PLAN_PATIENCE, 'plan-outdated');
  if (isBefore(now, command.notBefore)) return { do: 'wait', until: command.notBefore ?? now, because: 'not-before' };
  if (input.dependencies === 'waiting') return wait(input, DEPENDENCY_PATIENCE, 'dependency');
  const hindered = command.action === 'enable' ? enableCheck(input) : undefined;
  return hindered ?? { do: 'send', repeat };
};

/**
 * The next step for one command. To be asked with a fence read from the store just now, again after every probe and trace, and again before every
 * repeat. A command once sent is never given up unprobed.
 */
export const nextStep = (input: SendInput): SendStep => {
  const { fence, row } = input;
  if (fence.ended) return { do: 'drop', because: 'ended' };
  if (!fence.leaseHeld) return { do: 'drop', because: 'lease-lost' };
  return row.lostAt === undefined ? fresh(input, false) : afterLoss(input, row.lostAt);
};
