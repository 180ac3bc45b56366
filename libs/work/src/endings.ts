import type { Database } from '@muster/read-store';
import { type Ended, type Ending, endWorks } from './claims.ts';

interface Waiting {
  ending: Ending;
  resolve: (ended: Ended) => void;
  reject: (error: unknown) => void;
}

/** Ends claims that come to an end while others are being ended in one statement. */
export class Endings {
  readonly #db: Database;
  #waiting: Waiting[] = [];
  #busy = false;

  constructor(db: Database) {
    this.#db = db;
  }

  /** As `endWorks`. */
  end(ending: Ending): Promise<Ended> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ending, resolve, reject });
      if (!this.#busy) void this.#endAll();
    });
  }

  async #endAll(): Promise<void> {
    this.#busy = true;
    while (this.#waiting.length > 0) {
      const taken = this.#waiting.splice(0);
      try {
        const ended = await endWorks(
          this.#db,
          taken.map(({ ending }) => ending),
        );
        for (const [index, { resolve }] of taken.entries()) resolve(ended[index] ?? { held: false, soon: false });
      } catch (error) {
        for (const { reject } of taken) reject(error);
      }
    }
    this.#busy = false;
  }
}
