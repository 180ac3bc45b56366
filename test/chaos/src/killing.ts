import { setTimeout as sleep } from 'node:timers/promises';
import type { Hiring } from './hiring.ts';
import { shuffled } from './random.ts';
import { total, type Unacknowledged, type Victim } from './victims.ts';

/** Each component dies so often at least, each time with work that it had not acknowledged. */
export const KILLS_EACH = 3;

const CATCH_WITHIN_MS = 12_000;
const STIR_EVERY_MS = 700;
const LOOK_EVERY_MS = 4;
const ROUND_PAUSE_MS = 600;
/** How much longer than asked it may take until everybody was caught at work three times. */
const EXTRA_MS = 180_000;

export interface Kill {
  readonly victim: string;
  /** What it had not acknowledged at the last look before the kill. */
  readonly had: Unacknowledged;
  /** Milliseconds from the kill until it was back. */
  readonly backAfterMs: number;
}

export interface Killing {
  readonly victims: readonly Victim[];
  readonly hiring: Hiring;
  readonly hires: number;
  readonly forMs: number;
  readonly random: () => number;
  readonly signal: AbortSignal;
  onKill(kill: Kill): void;
}

/**
 * Rounds of kills in a drawn order, each only when the victim's own counter shows unacknowledged work; hires are spread over the first rounds. Goes on
 * for `forMs`, and longer for components that were not caught at work three times.
 */
export async function killAll(killing: Killing): Promise<Kill[]> {
  const { victims, hiring, hires, forMs, random, signal } = killing;
  const kills: Kill[] = [];
  const share = Math.ceil((hires - hiring.hired.length) / (victims.length * KILLS_EACH));
  const end = performance.now() + forMs;
  const missing = (): Victim[] => victims.filter(({ name }) => kills.filter((kill) => kill.victim === name).length < KILLS_EACH);
  for (;;) {
    const now = performance.now();
    const due = now < end ? victims : missing();
    if (due.length === 0 || now > end + EXTRA_MS) break;
    for (const victim of shuffled(due, random)) {
      signal.throwIfAborted();
      if (performance.now() > end && !missing().includes(victim)) continue;
      await hiring.hire(Math.min(share, hires - hiring.hired.length));
      const kill = await catchAtWork(victim, killing);
      if (kill) {
        kills.push(kill);
        killing.onKill(kill);
      }
      await sleep(random() * ROUND_PAUSE_MS);
    }
  }
  await hiring.hire(hires - hiring.hired.length);
  return kills;
}

/** Looks until the victim has something unacknowledged, and kills it then. Undefined: it had nothing in time. */
async function catchAtWork(victim: Victim, { hiring, signal }: Killing): Promise<Kill | undefined> {
  const end = performance.now() + CATCH_WITHIN_MS;
  let stirAt = performance.now() + STIR_EVERY_MS;
  let stirring: Promise<unknown> = Promise.resolve();
  try {
    while (performance.now() < end && !signal.aborted) {
      const had = await victim.look().catch((): Unacknowledged => ({}));
      if (total(had) > 0) {
        const died = performance.now();
        await victim.kill();
        await victim.untilBack();
        return { victim: victim.name, had, backAfterMs: Math.round(performance.now() - died) };
      }
      if (performance.now() > stirAt) {
        stirAt = performance.now() + STIR_EVERY_MS;
        stirring = stirring.then(() => hiring.stir()).catch(() => undefined);
      }
      await sleep(LOOK_EVERY_MS);
    }
    return undefined;
  } finally {
    await stirring;
  }
}
