import type { RunHeld, RunReleased } from '@muster/contracts';
import { allowedBy, type ConnectionLimits, type Limit, type LimitName } from './limits.ts';
import type { RunCount } from './run.ts';

/** What a run has to draw before it may leave. */
export interface Draw {
  readonly connection: string;
  readonly limit: LimitName;
  readonly people: number;
  readonly allowed: number;
  readonly perMs: number;
}

export interface Verdict {
  readonly draws: readonly Draw[];
  readonly parts: RunReleased['parts'];
  /** Empty: nothing waits for a person. */
  readonly because: RunHeld['because'];
}

export interface Judging {
  readonly limits: (connection: string) => ConnectionLimits;
  /** People whom other runs drew of a limit in its time. */
  readonly used: (connection: string, name: LimitName, limit: Limit) => number;
}

const reasonOf = ({ connection, limit, people, share }: RunCount, allowed: number, left: number): RunHeld['because'][number] => ({
  code: allowed === 0 ? 'limit.approval_needed' : 'limit.exceeded',
  connection,
  limit,
  people,
  share,
  allowed,
  left,
});

/**
 * Judges what a sealed run counted. What has a limit of nobody always waits for a person and holds nothing else. If anything else is more than its
 * limit leaves, the whole run is held: a cause that takes too much from one system is not to take a little from another.
 */
export const judgeRun = (counts: readonly RunCount[], { limits, used }: Judging): Verdict => {
  const draws: Draw[] = [];
  const parts: RunReleased['parts'] = [];
  const because: RunHeld['because'] = [];
  for (const count of counts) {
    const { connection, limit: name, people, linked } = count;
    const limit = limits(connection)[name];
    if (limit === undefined) {
      parts.push({ connection, limit: name });
      continue;
    }
    const allowed = allowedBy(limit, linked);
    const left = Math.max(0, allowed - used(connection, name, limit));
    if (people > left) because.push(reasonOf(count, allowed, left));
    else {
      parts.push({ connection, limit: name });
      draws.push({ connection, limit: name, people, allowed, perMs: limit.perMs });
    }
  }
  const isExceeded = because.some(({ code }) => code === 'limit.exceeded');
  return isExceeded ? { draws: [], parts: [], because } : { draws, parts, because };
};
