import { setTimeout as sleep } from 'node:timers/promises';

interface Asked<Q, A> {
  readonly question: Q;
  readonly answer: (answer: A) => void;
  readonly refuse: (reason: unknown) => void;
}

/**
 * Answers questions together: what is asked while one lot is being answered becomes the next lot. Alone, a question waits for nobody. An answer is made from
 * what was true after its question was asked.
 */
export class NaturalBatch<Q, A> {
  readonly #most: number;
  readonly #lingerMs: number;
  readonly #answerAll: (questions: readonly Q[]) => Promise<readonly A[]>;
  #waiting: Asked<Q, A>[] = [];
  #running = false;

  /** `answerAll` gives one answer for each question, in order; where it fails all of that lot fail. `lingerMs`: a lot waits so long for company. */
  constructor(
    answerAll: (questions: readonly Q[]) => Promise<readonly A[]>,
    { most = 500, lingerMs = 0 }: { most?: number; lingerMs?: number } = {},
  ) {
    this.#answerAll = answerAll;
    this.#most = most;
    this.#lingerMs = lingerMs;
  }

  ask(question: Q): Promise<A> {
    return new Promise<A>((answer, refuse) => {
      this.#waiting.push({ question, answer, refuse });
      if (!this.#running) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    // Whoever asks in the same turn of the event loop comes along.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      if (this.#lingerMs > 0) await sleep(this.#lingerMs);
      await this.#answer(this.#waiting.splice(0, this.#most));
    }
    this.#running = false;
  }

  async #answer(lot: readonly Asked<Q, A>[]): Promise<void> {
    try {
      const answers = await this.#answerAll(lot.map(({ question }) => question));
      if (answers.length !== lot.length) throw new TypeError(`${lot.length} questions got ${answers.length} answers`);
      lot.forEach(({ answer }, index) => answer(answers[index] as A));
    } catch (error) {
      for (const { refuse } of lot) refuse(error);
    }
  }
}
