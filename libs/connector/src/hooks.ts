import type { CallOptions, Hint } from './reading.ts';

/** A hook or subscription at the vendor, as it was left the last time. */
export interface KnownHook {
  /** What it tells of: `log` for a whole org, `users`, `groups` for a tenant. */
  of: string;
  /** The vendor's id. */
  id: string;
  /** Proves that it carries the present secret, without being it. */
  print: string;
  state: KeptHook['state'];
}

/** A hook or subscription after it was looked after. */
export interface KeptHook {
  of: string;
  /**
   * `active`: the vendor calls us. In every other state changes are found by polling alone: `unverified` the vendor could not reach us or was not
   * answered as it has to be; `refused` it may not be made (permission, quota); `switched-off` somebody else switched it off, and so it stays.
   */
  state: 'active' | 'unverified' | 'refused' | 'switched-off';
  id?: string;
  print?: string;
  expiresAt?: string;
  /** Why it is not active; for people. */
  because?: string;
  /** It was made or mended just now: what happened before may not have been told. */
  renewed: boolean;
}

/** Keeps the vendor's hooks as the connection file wants them. Every call may write at the vendor; there is one only where the file says so. */
export interface HookKeeper {
  /**
   * Makes what is missing, mends what differs, renews what expires. Safe to repeat: what stands as it should is left alone, and what somebody else switched
   * off stays so. A hook that cannot be had is an answer; throws Fault where a later try may help.
   *
   * @param known what the last call gave; nothing known is safe, too
   * @param renew ids that the vendor wants renewed now
   */
  keep(
    known: readonly KnownHook[],
    options?: CallOptions & { renew?: readonly string[] },
  ): Promise<{ hooks: KeptHook[]; againInMs: number }>;
}

/** What a vendor wants to be done about a subscription of ours. */
export interface SubscriptionNews {
  id: string;
  /** `removed`: it is gone; `missed`: something was not told; `renew`: it stops unless it is renewed. */
  what: 'removed' | 'missed' | 'renew';
}

/** One thing that a vendor told us over its hook. It is believed to have come from there only if `secret`, where the vendor sends one inside, is ours. */
export interface Told {
  /** The vendor's own id of this event, the same when it is told again. */
  once?: string;
  secret?: string;
  /** What to look at; never what is true there. A deletion is looked for in the log, which alone proves it. */
  hints: Hint[];
  /** Something seems to be deleted. */
  deletion?: boolean;
  subscription?: SubscriptionNews;
}
