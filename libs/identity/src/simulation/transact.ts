import type { StreamCategory } from '../category.ts';
import type { Proc } from './clock.ts';
import { WrongRevision } from './store.ts';
import type { World } from './world.ts';

type Shape = { type: string; data: object };

const MOST_RETRIES = 20;

/**
 * Read, decide, append by the exact revision; on a conflict read and decide again. Sometimes time passes between reading and appending, so that
 * others may come first.
 */
export function* transact<S, E extends Shape>(
  world: World,
  { category, stream }: { category: StreamCategory<S, E>; stream: string },
  decide: (state: S, revision: number) => E[],
): Proc<{ events: E[]; state: S }> {
  for (let attempt = 0; attempt < MOST_RETRIES; attempt += 1) {
    const { state, revision } = world.store.load(category, stream);
    const events = decide(state, revision);
    if (world.random.chance(world.hesitation)) yield world.latency(800);
    if (events.length === 0) return { events, state };
    try {
      world.store.append(stream, events, revision);
      return { events, state: world.store.load(category, stream).state };
    } catch (error) {
      if (!(error instanceof WrongRevision)) throw error;
      world.faults.note('revision conflict');
    }
  }
  throw new Error(`No end of conflicts on ${stream}`);
}
