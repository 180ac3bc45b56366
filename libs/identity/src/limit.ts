import type { AllowanceDrawn } from '@muster/contracts';
import type { EventOf, StreamCategory } from './category.ts';
import { millis } from './instants.ts';

export type LimitEvent = EventOf<'AllowanceDrawn'>;

/** Draws older than this against the newest one are forgotten: no limit counts over a longer time. */
const LONGEST_MS = 31 * 24 * 60 * 60 * 1000;

/** What of one limit of one connection was used up, and when. */
export interface Allowances {
  readonly revision: number;
  readonly draws: readonly Pick<AllowanceDrawn, 'runId' | 'people' | 'at'>[];
}

/** Stream `limit-<connection>.<limit>`. */
export const limitCategory: StreamCategory<Allowances, LimitEvent> = {
  name: 'limit',
  initial: { revision: -1, draws: [] },
  types: ['AllowanceDrawn'],
  evolve: ({ draws }, { revision, data: { runId, people, at } }) => {
    const newest = Math.max(millis(at), ...draws.slice(-1).map((draw) => millis(draw.at)));
    return { revision, draws: [...draws.filter((draw) => millis(draw.at) > newest - LONGEST_MS), { runId, people, at }] };
  },
};

/** Whether a run has drawn already. */
export const hasDrawn = ({ draws }: Allowances, runId: string): boolean => draws.some((draw) => draw.runId === runId);

/** People that other runs drew in the time before `at`. A draw that seems to lie in the future counts: clocks are set back too. */
export const usedBefore = (
  { draws }: Allowances,
  { at, perMs, exceptRun }: { readonly at: string; readonly perMs: number; readonly exceptRun: string },
): number =>
  draws.filter((draw) => draw.runId !== exceptRun && millis(draw.at) > millis(at) - perMs).reduce((used, { people }) => used + people, 0);

/** Draws for a run, once. Yields nothing if the run has drawn, or if more was used meanwhile than leaves room for it. */
export const drawAllowance =
  (draw: AllowanceDrawn, { allowed, perMs }: { readonly allowed: number; readonly perMs: number }) =>
  (state: Allowances): LimitEvent[] => {
    if (hasDrawn(state, draw.runId)) return [];
    const used = usedBefore(state, { at: draw.at, perMs, exceptRun: draw.runId });
    return used + draw.people > allowed ? [] : [{ type: 'AllowanceDrawn', data: draw }];
  };
