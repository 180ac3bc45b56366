import { describe, expect, it } from '@jest/globals';
import type { RecordedEvent } from '../port.ts';
import { noted, ns, until, type PortContext } from './port-context.ts';

/** Catch-up subscriptions against a store that stays up. */
export const describeSubscriptions = (context: PortContext): void => {
  describe('a subscription', () => {
    it('gives history, says when it has caught up, and goes on live, in order, with checkpoints to come back to', async () => {
      const [a, b] = [context.fresh(), context.fresh()];
      const from = await context.store.headPosition();
      await context.store.append(a, [noted(1), noted(2)], 'none');
      const got: RecordedEvent[] = [];
      const checkpoints: string[] = [];
      let caughtUp = 0;
      const subscription = context.store.subscribe({
        from,
        prefixes: [a, b],
        onBatch: async (events, checkpoint) => {
          got.push(...events);
          checkpoints.push(checkpoint);
        },
        onCaughtUp: () => caughtUp++,
      });
      await until(() => caughtUp > 0);
      expect(ns(got)).toEqual([1, 2]);
      await context.store.append(context.fresh(), [noted(99)], 'none');
      await context.store.append(b, [noted(3)], 'none');
      await context.store.append(a, [noted(4)], 1);
      await until(() => got.length === 4);
      expect(ns(got)).toEqual([1, 2, 3, 4]);
      expect(caughtUp).toBe(1);
      await subscription.stop();
      expect(checkpoints.at(-1)).toBe(got.at(-1)?.position);
      const rest: RecordedEvent[] = [];
      const second = context.store.subscribe({
        from: got[1]?.position ?? '',
        prefixes: [a, b],
        onBatch: async (events) => void rest.push(...events),
      });
      await until(() => rest.length === 2);
      await second.stop();
      expect(ns(rest)).toEqual([3, 4]);
    });

    it('gives what has piled up while the handler worked as one batch, and never two at once', async () => {
      const stream = context.fresh();
      const from = await context.store.headPosition();
      const sizes: number[] = [];
      let running = 0;
      const subscription = context.store.subscribe({
        from,
        prefixes: [stream],
        onBatch: async (events) => {
          expect(++running).toBe(1);
          sizes.push(events.length);
          await new Promise((resolve) => setTimeout(resolve, 100));
          running--;
        },
      });
      for (let n = 0; n < 30; n++) await context.store.append(stream, [noted(n)], 'any');
      await until(() => sizes.reduce((sum, size) => sum + size, 0) === 30);
      await subscription.stop();
      expect(sizes.length).toBeLessThan(15);
    });

    it('gives the same events again when the handler fails', async () => {
      const stream = context.fresh();
      const from = await context.store.headPosition();
      await context.store.append(stream, [noted(1), noted(2)], 'none');
      const batches: unknown[][] = [];
      const errors: unknown[] = [];
      const subscription = context.store.subscribe({
        from,
        prefixes: [stream],
        onBatch: async (events) => {
          batches.push(ns(events));
          if (batches.length < 3) throw new Error(`no ${batches.length}`);
        },
        onError: (error) => errors.push((error as Error).message),
      });
      await until(() => batches.length === 3);
      await subscription.stop();
      expect(batches).toEqual([
        [1, 2],
        [1, 2],
        [1, 2],
      ]);
      expect(errors).toEqual(['no 1', 'no 2']);
    });

    it('stops after the batch that is being handled', async () => {
      const stream = context.fresh();
      const from = await context.store.headPosition();
      await context.store.append(stream, [noted(1)], 'none');
      let handled = 0;
      let began = false;
      const subscription = context.store.subscribe({
        from,
        prefixes: [stream],
        onBatch: async () => {
          began = true;
          await new Promise((resolve) => setTimeout(resolve, 150));
          handled++;
        },
      });
      await until(() => began);
      await subscription.stop();
      expect(handled).toBe(1);
      await context.store.append(stream, [noted(2)], 0);
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(handled).toBe(1);
    });

    it('loses nothing and keeps the order of 3,000 events under a slow start', async () => {
      const stream = context.fresh();
      const from = await context.store.headPosition();
      const got: number[] = [];
      const subscription = context.store.subscribe({
        from,
        prefixes: [stream],
        onBatch: async (events) => void got.push(...events.map(({ revision }) => revision)),
      });
      for (let n = 0; n < 10; n++)
        await context.store.append(
          stream,
          Array.from({ length: 300 }, (_, i) => noted(i)),
          'any',
        );
      await until(() => got.length === 3_000, 20_000);
      await subscription.stop();
      expect(got).toEqual(Array.from({ length: 3_000 }, (_, n) => n));
    }, 40_000);
  });
};
