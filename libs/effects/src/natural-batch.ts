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
  readonly #answerAll: (questions: readonly Q[]) => Promise<readonly A[]>;
  #waiting: Asked<Q, A>[] = [];
  #running = false;

  /** `answerAll` gives one answer for each question, in order; where it fails all of that lot fail. */
  constructor(answerAll: (questions: readonly Q[]) => Promise<readonly A[]>, { most = 500 }: { most?: number } = {}) {
    this.#answerAll = answerAll;
    this.#most = most;
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
    while (this.#waiting.length > 0) await this.#answer(this.#waiting.splice(0, this.#most));
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
