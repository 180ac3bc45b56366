import { setTimeout as sleep } from 'node:timers/promises';

/** Waits; ends early, without throwing, when the signal aborts. */
export const pause = async (milliseconds: number, signal: AbortSignal): Promise<void> => {
  await sleep(milliseconds, undefined, { signal }).catch(() => {});
};
