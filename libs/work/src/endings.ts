import type { Database } from '@muster/read-store';
import { completeWorks, type Ending } from './claims.ts';

interface Waiting {
  ending: Ending;
  resolve: (held: boolean) => void;
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

  /** As `completeWork`. */
  end(ending: Ending): Promise<boolean> {
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
        const held = await completeWorks(
          this.#db,
          taken.map(({ ending }) => ending),
        );
        for (const [index, { resolve }] of taken.entries()) resolve(held[index] === true);
      } catch (error) {
        for (const { reject } of taken) reject(error);
      }
    }
    this.#busy = false;
  }
}
