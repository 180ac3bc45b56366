export interface Written {
  stream: string;
  revision: number;
  position: number;
}

/** The ids of the last events, for appends that name no revision. Bounded: repeats are recognised for a while, as in a real server. */
export class RecentIds {
  readonly #written = new Map<string, Written>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(id: string, written: Written): void {
    this.#written.delete(id);
    this.#written.set(id, written);
    if (this.#written.size > this.#limit) this.#written.delete(this.#written.keys().next().value as string);
  }

  find(id: string, stream: string): Written | undefined {
    const written = this.#written.get(id);
    return written?.stream === stream ? written : undefined;
  }

  clear(): void {
    this.#written.clear();
  }
}
