import type { Recorded, StreamCategory } from '../category.ts';
import { accountCategory } from '../account.ts';
import { caseCategory } from '../case.ts';
import { claimCategory } from '../claim.ts';
import { identityCategory } from '../identity.ts';
import { planCategory } from '../plan.ts';
import { provisioningCategory } from '../provisioning.ts';
import { readCategory } from '../read.ts';
import { workerCategory } from '../worker.ts';

type Shape = { type: string; data: object };

export type StoredEvent = Shape & Recorded & { readonly stream: string; readonly position: number; readonly at: number };

export class WrongRevision extends Error {}

/** Every category by the name before the first hyphen of its streams. */
const categories: Readonly<Record<string, { initial: unknown; types: readonly string[]; evolve(state: never, event: never): unknown }>> = {
  worker: workerCategory,
  account: accountCategory,
  claim: claimCategory,
  identity: identityCategory,
  plan: planCategory,
  provisioning: provisioningCategory,
  case: caseCategory,
  read: readCategory,
};

const categoryOf = (stream: string) => {
  const category = categories[stream.slice(0, stream.indexOf('-'))];
  if (category === undefined) throw new RangeError(`No category for ${stream}`);
  return category;
};

/** Folds one more event, whatever its category. */
export const evolveAny = (state: unknown, event: StoredEvent): unknown => {
  const category = categoryOf(event.stream);
  return category.evolve((state ?? category.initial) as never, event as never);
};

/** The event store of the simulated world: appends by exact revision, keeps everything, tells subscribers. */
export class SimStore {
  readonly log: StoredEvent[] = [];
  /** Off: a safeguard is broken on purpose, every append succeeds. */
  checkRevisions = true;
  onAppend: () => void = () => undefined;
  readonly #states = new Map<string, { state: unknown; revision: number }>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  load<S, E extends Shape>(category: StreamCategory<S, E>, stream: string): { state: S; revision: number } {
    const known = this.#states.get(stream);
    return known === undefined ? { state: category.initial, revision: -1 } : { state: known.state as S, revision: known.revision };
  }

  append(stream: string, events: readonly Shape[], expected: number): void {
    const before = this.#states.get(stream) ?? { state: undefined, revision: -1 };
    if (this.checkRevisions && before.revision !== expected) throw new WrongRevision(stream);
    let { state, revision } = before;
    for (const event of events) {
      revision += 1;
      const at = this.#now();
      const stored: StoredEvent = {
        ...event,
        stream,
        revision,
        position: this.log.length,
        id: `e${this.log.length}`,
        at,
        recordedAt: new Date(at).toISOString(),
      };
      this.log.push(stored);
      state = evolveAny(state, stored);
    }
    this.#states.set(stream, { state, revision });
    if (events.length > 0) this.onAppend();
  }
}
