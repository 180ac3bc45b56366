import { describe, expect, it } from '@jest/globals';
import { TooMuchContention } from '../errors.ts';
import type { Category } from '../port.ts';
import { transact } from '../transact.ts';
import { collect, metadata, noted, ns, type PortContext } from './port-context.ts';

type CounterEvent = { type: 'Noted'; data: { n: number } };
const counter: Category<{ sum: number; at: string[] }, CounterEvent> = {
  name: 'test',
  initial: { sum: 0, at: [] },
  types: ['Noted'],
  evolve: (state, { data, recordedAt }) => ({ sum: state.sum + data.n, at: [...state.at, recordedAt] }),
};

const noting = (n: number): CounterEvent => ({ type: 'Noted', data: { n } });

/** Fold, decide, append; again on a conflict. */
export const describeTransactions = (context: PortContext): void => {
  describe('a transaction', () => {
    it('folds, decides, appends and gives the state that a replay gives', async () => {
      const stream = context.fresh();
      const seen: unknown[] = [];
      const decide = (state: { sum: number }, revision: number): CounterEvent[] => {
        seen.push([state.sum, revision]);
        return [
          { type: 'Noted', data: { n: 2 } },
          { type: 'Noted', data: { n: 3 } },
        ];
      };
      await context.store.transact(counter, stream, decide, metadata);
      const { state, revision, events, position } = await context.store.transact(counter, stream, decide, (event) => ({
        ...metadata,
        actor: `n${event.data.n}`,
      }));
      expect(seen).toEqual([
        [0, -1],
        [5, 1],
      ]);
      expect({ sum: state.sum, revision }).toEqual({ sum: 10, revision: 3 });
      expect(events.map(({ metadata: { actor } }) => actor)).toEqual(['n2', 'n3']);
      expect(events.at(-1)?.position).toBe(position);
      expect(await context.store.load(counter, stream)).toEqual({ state, revision });
    });

    it('goes on from what it appended without reading it back, if the fold does not look at when that was', async () => {
      const stream = context.fresh();
      const timeless: Category<number, CounterEvent> = {
        name: 'test',
        initial: 0,
        timeless: true,
        evolve: (sum, { data }) => sum + data.n,
      };
      const once = await context.store.transact(timeless, stream, () => [noting(1), noting(2)], metadata);
      const twice = await context.store.transact(timeless, { stream, ...once }, () => [noting(4)], metadata);
      expect(twice).toMatchObject({ state: 7, revision: 2 });
      const recorded = await collect(context.store.readStream(stream));
      expect([...once.events, ...twice.events].map(({ id, revision }) => [id, revision])).toEqual(
        recorded.map(({ id, revision }) => [id, revision]),
      );
      expect(twice.events.at(-1)?.position).toBe(recorded.at(-1)?.position);
      expect(await context.store.load(timeless, stream)).toEqual({ state: 7, revision: 2 });
    });

    it('that decides on nothing writes nothing', async () => {
      const stream = context.fresh();
      expect(await context.store.transact(counter, stream, () => [], metadata)).toEqual({
        state: counter.initial,
        revision: -1,
        events: [],
      });
      expect(await collect(context.store.readStream(stream))).toEqual([]);
    });

    it('decides on a state that was kept without reading it again, unless it is old', async () => {
      const stream = context.fresh();
      let decisions = 0;
      const addOne = ({ sum }: { sum: number }): CounterEvent[] => {
        decisions++;
        return sum < 3 ? [{ type: 'Noted', data: { n: 1 } }] : [];
      };
      const first = await context.store.transact(counter, stream, addOne, metadata);
      const second = await context.store.transact(counter, { stream, ...first }, addOne, metadata);
      expect([second.state.sum, second.revision, decisions]).toEqual([2, 1, 2]);
      // `first` is old by now: the conflict shows it.
      expect((await context.store.transact(counter, { stream, ...first }, addOne, metadata)).state.sum).toBe(3);
      // "Nothing to do" on an old state is looked at again before it is believed.
      const idle = ({ sum }: { sum: number }): CounterEvent[] => (sum === 3 ? [{ type: 'Noted', data: { n: 10 } }] : []);
      expect((await context.store.transact(counter, { stream, ...first }, idle, metadata)).state.sum).toBe(13);
    });

    it('may be left without reading back what it wrote', async () => {
      const stream = context.fresh();
      const add = (): CounterEvent[] => [{ type: 'Noted', data: { n: 4 } }];
      const { position } = await context.store.decide(counter, stream, add, metadata);
      expect(await context.store.decide(counter, stream, add, metadata)).toMatchObject({ revision: 1 });
      expect(await context.store.decide(counter, stream, () => [], metadata)).toEqual({ revision: 1 });
      expect((await collect(context.store.readStream(stream))).map((event) => event.position)[0]).toBe(position);
    });

    it('goes on from a state that was kept, and skips types that it does not know', async () => {
      const stream = context.fresh();
      await context.store.append(stream, [noted(1), { ...noted(100), type: 'Unheard' }, noted(2)], 'none');
      const { state } = await context.store.load(counter, stream, { state: { sum: 1, at: [] }, revision: 0 });
      expect(state.sum).toBe(3);
    });

    it('decides again on what another writer wrote meanwhile', async () => {
      const stream = context.fresh();
      let sums: number[] = [];
      const results = await Promise.all(
        [1, 2, 3, 4].map((n) =>
          context.store.transact(
            counter,
            stream,
            ({ sum }) => {
              sums = [...sums, sum];
              return [{ type: 'Noted', data: { n } }];
            },
            metadata,
          ),
        ),
      );
      expect((await context.store.load(counter, stream)).state.sum).toBe(10);
      expect(new Set(results.map(({ revision }) => revision))).toEqual(new Set([0, 1, 2, 3]));
      expect(sums.length).toBeGreaterThan(4);
    });

    it('gives up in words when another writer is faster every time, and has written nothing', async () => {
      const stream = context.fresh();
      let interfered = 0;
      const store = {
        readStream: context.store.readStream.bind(context.store),
        append: async (...append: Parameters<typeof context.store.append>) => {
          await context.store.append(stream, [noted(++interfered)], 'any');
          return context.store.append(...append);
        },
      };
      const decide = (): CounterEvent[] => [{ type: 'Noted', data: { n: 1_000 } }];
      const failure = await transact({ store, category: counter, stream, decide, meta: metadata }).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(TooMuchContention);
      expect(String(failure)).toContain(stream);
      expect(ns(await collect(context.store.readStream(stream)))).toEqual(Array.from({ length: interfered }, (_, n) => n + 1));
    });
  });
};
