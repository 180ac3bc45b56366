import { Fault } from './fault.ts';
import type { Outcome } from './writing.ts';

/** Thrown where a request was about to leave and its sender said no. */
export class Withheld extends Error {
  constructor() {
    super('withheld by the sender');
    this.name = 'Withheld';
  }
}

/** Runs one piece of work for each item, a few at a time; results in the order of the items. The first bug ends it; faults are results. */
export const mapFew = async <I, O>(items: readonly I[], atOnce: number, work: (item: I, index: number) => Promise<O>): Promise<O[]> => {
  const results: O[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next;
      next += 1;
      results[index] = await work(items[index] as I, index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results;
};

/** The outcome behind an error of a write. Bugs are thrown on. */
export const outcomeOf = (error: unknown, sentAt: string | undefined): Outcome => {
  if (error instanceof Withheld) return { result: 'withheld' };
  if (!(error instanceof Fault)) throw error;
  return { result: 'fault', fault: error, ...(sentAt === undefined ? {} : { sentAt }), at: new Date().toISOString() };
};
