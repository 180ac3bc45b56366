/** Why an attempt failed, as it is kept and shown: words for people, without secrets and personal data. */
export interface WorkFault {
  readonly code: string;
  readonly kind: 'transient' | 'throttled' | 'refused' | 'unauthorised' | 'unknown' | 'bug';
  readonly message: string;
  readonly remedy?: string;
}

/** What a failed attempt leads to. */
export type Reaction = { readonly do: 'retry'; readonly afterMs: number } | { readonly do: 'bury' };

const FIRST_MS = 1_000;
const LONGEST_MS = 300_000;
const BUG_TRIES = 3;

/**
 * Retries by class: transient, unknown and unauthorised for ever, after 1 s doubling to 5 min with jitter; throttled as told; refused never; a bug three times
 * in all. `attempts` were made before this one; `random` is from 0 to 1.
 */
export function reactionTo(
  fault: WorkFault,
  { attempts, random, retryAfterMs }: { attempts: number; random: number; retryAfterMs?: number },
): Reaction {
  const doubling = Math.min(FIRST_MS * 2 ** Math.min(attempts, 20), LONGEST_MS) * (0.5 + random / 2);
  switch (fault.kind) {
    case 'refused':
      return { do: 'bury' };
    case 'bug':
      return attempts + 1 >= BUG_TRIES ? { do: 'bury' } : { do: 'retry', afterMs: doubling };
    case 'throttled':
      return { do: 'retry', afterMs: retryAfterMs ?? doubling };
    case 'transient':
    case 'unknown':
    case 'unauthorised':
      return { do: 'retry', afterMs: Math.max(doubling, retryAfterMs ?? 0) };
  }
}
