import { type Database, type Lease, LeaseLost, requireLease } from '@muster/read-store';
import { type Claimed, holdsClaims } from '@muster/work';

interface Asked {
  readonly lease: Lease;
  readonly claimed: Claimed;
  readonly answer: (holds: boolean) => void;
  readonly refuse: (reason: unknown) => void;
}

/** The leases of connections and the claims of rows, all that are asked about in one transaction by one question. */
export class Standing {
  readonly #lots = new WeakMap<Database, Asked[]>();

  /** The lease of the connection and the claim of the row, both still ours. */
  holds(transaction: Database, lease: Lease, claimed: Claimed): Promise<boolean> {
    return new Promise<boolean>((answer, refuse) => {
      const lot = this.#lots.get(transaction) ?? this.#open(transaction);
      lot.push({ lease, claimed, answer, refuse });
    });
  }

  /** Whoever asks in the same turn of the event loop comes along. */
  #open(transaction: Database): Asked[] {
    const lot: Asked[] = [];
    this.#lots.set(transaction, lot);
    queueMicrotask(() => {
      this.#lots.delete(transaction);
      void this.#answer(transaction, lot);
    });
    return lot;
  }

  async #answer(transaction: Database, lot: readonly Asked[]): Promise<void> {
    try {
      const leases = new Set<Lease>();
      for (const lease of new Set(lot.map((one) => one.lease))) if (await stillHeld(transaction, lease)) leases.add(lease);
      const claims = await holdsClaims(
        transaction,
        lot.map(({ claimed }) => claimed),
      );
      lot.forEach(({ lease, answer }, index) => answer(leases.has(lease) && claims[index] === true));
    } catch (error) {
      for (const { refuse } of lot) refuse(error);
    }
  }
}

async function stillHeld(transaction: Database, lease: Lease): Promise<boolean> {
  try {
    await requireLease(transaction, lease);
    return true;
  } catch (error) {
    if (error instanceof LeaseLost) return false;
    throw error;
  }
}
