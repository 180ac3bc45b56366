import { isDatabaseTrouble } from '@muster/read-store';
import { reactionTo, type WorkFault } from './retry.ts';
import { buryWork, type Claimed, countFailure, retryWork } from './rows.ts';
import type { ThrownFault, WorkersOptions } from './workers-options.ts';

/** The first; those after it grow. */
const QUARANTINE_MS = 15_000;

const databaseTrouble: ThrownFault = {
  code: 'database.unavailable',
  kind: 'transient',
  message: 'The database could not be reached, or undid the work in favour of other work',
};

/** The one place that turns an error into what becomes of the row: it waits, its connection is quarantined, or it is buried. */
export async function reactToFailure(options: WorkersOptions, claimed: Claimed, error: unknown): Promise<void> {
  const { store, timeFactor = 1, log } = options;
  const thrown = isDatabaseTrouble(error) ? databaseTrouble : options.faultOf(error);
  const fault = stated(error, thrown, claimed.kind);
  if (fault.kind === 'bug')
    log.error({ err: error, kind: claimed.kind, key: claimed.key }, 'work failed for a reason that nobody expected');
  if (isOfTheConnection(thrown)) await countFailure(store.db, claimed.connection, { fault, pauseMs: QUARANTINE_MS / timeFactor });
  const waitMs = waitAfter(fault, thrown, { attempts: claimed.attempts, timeFactor });
  if (waitMs === undefined) await buryWork(store, claimed, fault);
  else await retryWork(store.db, claimed, { due: new Date(Date.now() + waitMs), fault });
}

/** undefined: no further attempt. */
function waitAfter(
  fault: WorkFault,
  thrown: ThrownFault | undefined,
  { attempts, timeFactor }: { attempts: number; timeFactor: number },
): number | undefined {
  const told = thrown?.retryAfter;
  const reaction = reactionTo(fault, { attempts, random: Math.random(), ...(told === undefined ? {} : { retryAfterMs: told }) });
  if (reaction.do === 'bury') return undefined;
  // What the other side asked for is in its own time already.
  return told === undefined ? reaction.afterMs / timeFactor : reaction.afterMs;
}

const isOfTheConnection = (thrown: ThrownFault | undefined): boolean =>
  thrown !== undefined && thrown !== databaseTrouble && (thrown.kind === 'transient' || thrown.kind === 'unauthorised');

/** A fault as an edge states it; everything else is a defect of ours, whose text may quote input and is not kept. */
function stated(error: unknown, thrown: ThrownFault | undefined, kind: string): WorkFault {
  if (!thrown)
    return {
      code: 'internal.bug',
      kind: 'bug',
      message: `${error instanceof Error ? error.name : 'An unknown error'} while working on ${kind}`,
    };
  const { code, kind: faultKind, message, remedy } = thrown;
  return { code, kind: faultKind, message, ...(remedy === undefined ? {} : { remedy }) };
}
