import type { Database } from '@muster/read-store';
import { renewClaim } from './claims.ts';
import type { Claimed } from './rows.ts';

/** Keeps a claim alive while its row is worked on, and knows when it is lost: when somebody else has it, or when it could not be renewed in time. */
export class Claim {
  readonly #lost = new AbortController();
  readonly #renewal: NodeJS.Timeout;
  /** By our own clock, from before the last successful request: it may be somebody else's afterwards. */
  #heldSince = performance.now();

  constructor(db: Database, claimed: Claimed, leaseMs: number) {
    this.#renewal = setInterval(() => void this.#renew(db, claimed, leaseMs), leaseMs / 3);
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  end(): void {
    clearInterval(this.#renewal);
  }

  async #renew(db: Database, claimed: Claimed, leaseMs: number): Promise<void> {
    const asked = performance.now();
    if (asked - this.#heldSince >= leaseMs) this.#lost.abort();
    const held = await renewClaim(db, claimed, leaseMs).catch(() => undefined);
    if (held === true) this.#heldSince = asked;
    if (held === false) this.#lost.abort();
  }
}
