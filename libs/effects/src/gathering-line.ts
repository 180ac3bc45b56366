import type { Outcome, WriteOptions } from '@muster/connector';

interface LineOptions<T> {
  readonly most: number;
  readonly idleMs: number;
  readonly fillMs: number;
  send(items: T[], options: WriteOptions): Promise<Outcome[]>;
  /** Nobody waits and nothing is under way: the line can be forgotten. */
  onEmpty(): void;
}

/** One item that waits for company or travels. */
interface Rider<T> {
  readonly item: T;
  /** Whether its sender still wants it to leave. */
  mayBeSent(): Promise<boolean>;
  take(outcome: Outcome): void;
  refuse(reason: unknown): void;
  /** Its fence was asked: from here on only the answer ends it. */
  asked: boolean;
  /** Its sender has given it up. */
  gone: boolean;
}

/** Those whose wishes may travel in one request. */
export class GatheringLine<T> {
  readonly #options: LineOptions<T>;
  readonly #waiting: Rider<T>[] = [];
  /** Requests that have not left, or have left a moment ago. */
  #holding = 0;
  #underWay = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LineOptions<T>) {
    this.#options = options;
  }

  /** The outcome of one item; `index` is what its sender calls it. Rejects with the reason of a signal that aborts before the fence was asked. */
  join(item: T, index: number, { signal, mayBeSent }: WriteOptions): Promise<Outcome> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise<Outcome>((resolve, reject) => {
      const leave = (): void => this.#leave(rider, signal?.reason);
      const rider: Rider<T> = {
        item,
        mayBeSent: () => mayBeSent?.(index) ?? Promise.resolve(true),
        take: (outcome) => {
          signal?.removeEventListener('abort', leave);
          resolve(outcome);
        },
        refuse: (reason) => {
          signal?.removeEventListener('abort', leave);
          reject(reason);
        },
        asked: false,
        gone: false,
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.#waiting.push(rider);
      if (this.#waiting.length >= this.#options.most) this.#depart();
      else this.#waitForMore();
    });
  }

  #leave(rider: Rider<T>, reason: unknown): void {
    if (rider.asked) return;
    rider.gone = true;
    const place = this.#waiting.indexOf(rider);
    if (place >= 0) this.#waiting.splice(place, 1);
    rider.refuse(reason);
    this.#forgetIfEmpty();
  }

  /** What is not full waits a moment, and as long as another request may still let it fill up. */
  #waitForMore(): void {
    clearTimeout(this.#timer);
    if (this.#holding > 0 || this.#waiting.length === 0) return;
    this.#timer = setTimeout(() => this.#depart(), this.#options.idleMs);
  }

  #depart(): void {
    clearTimeout(this.#timer);
    const riders = this.#waiting.splice(0, this.#options.most);
    if (riders.length > 0) void this.#travel(riders);
    this.#waitForMore();
  }

  async #travel(riders: readonly Rider<T>[]): Promise<void> {
    this.#underWay += 1;
    const letGo = this.#hold();
    const asked = async (rider: Rider<T> | undefined): Promise<boolean> => {
      letGo.soon();
      if (rider === undefined || rider.gone) return false;
      rider.asked = true;
      return rider.mayBeSent();
    };
    try {
      const outcomes = await this.#options.send(
        riders.map(({ item }) => item),
        { mayBeSent: (index) => asked(riders[index]) },
      );
      riders.forEach((rider, index) => rider.take(outcomes[index] ?? { result: 'withheld' }));
    } catch (error) {
      for (const rider of riders) rider.refuse(error);
    } finally {
      letGo.now();
      this.#underWay -= 1;
      this.#forgetIfEmpty();
    }
  }

  /** Lets later ones gather until this request has ended, or has left some while ago. */
  #hold(): { soon(): void; now(): void } {
    this.#holding += 1;
    let timer: NodeJS.Timeout | undefined;
    let held = true;
    const now = (): void => {
      clearTimeout(timer);
      if (!held) return;
      held = false;
      this.#holding -= 1;
      this.#waitForMore();
    };
    return { now, soon: () => (timer ??= setTimeout(now, this.#options.fillMs)) };
  }

  #forgetIfEmpty(): void {
    if (this.#underWay === 0 && this.#waiting.length === 0) this.#options.onEmpty();
  }
}
