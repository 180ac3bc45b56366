import { describe, expect, it } from '@jest/globals';
import { comparePositions } from '../positions.ts';
import { collect, noted, ns, type PortContext } from './port-context.ts';

/** Reads of one stream and of all, personal fields among them. */
export const describeReads = (context: PortContext): void => {
  describe('a read of one stream', () => {
    const five = async (): Promise<string> => {
      const stream = context.fresh();
      await context.store.append(
        stream,
        [0, 1, 2, 3, 4].map((n) => noted(n)),
        'none',
      );
      return stream;
    };

    it('of a stream that does not exist gives nothing', async () => {
      expect(await collect(context.store.readStream(context.fresh()))).toEqual([]);
      expect(await collect(context.store.readStream(context.fresh(), { backwards: true }))).toEqual([]);
      expect(await collect(context.store.readStream(context.fresh(), { from: 3 }))).toEqual([]);
    });

    it.each([
      [{}, [0, 1, 2, 3, 4]],
      [{ from: 2 }, [2, 3, 4]],
      [{ from: 5 }, []],
      [{ from: 1, max: 2 }, [1, 2]],
      [{ max: 0 }, []],
      [{ backwards: true }, [4, 3, 2, 1, 0]],
      [{ backwards: true, from: 2 }, [2, 1, 0]],
      [{ backwards: true, max: 1 }, [4]],
      [{ until: { revision: 2 } }, [0, 1, 2]],
      [{ from: 1, until: { revision: 1 } }, [1]],
    ])('with %j gives %j', async (options, expected) => {
      expect(ns(await collect(context.store.readStream(await five(), options)))).toEqual(expected);
    });

    it('until a time gives what was recorded by then', async () => {
      const stream = context.fresh();
      await context.store.append(stream, [noted(1)], 'none');
      await new Promise((resolve) => setTimeout(resolve, 20));
      await context.store.append(stream, [noted(2)], 0);
      const [first, second] = await collect(context.store.readStream(stream));
      const time = first?.recordedAt ?? '';
      expect(ns(await collect(context.store.readStream(stream, { until: { time } })))).toEqual([1]);
      expect(
        ns(await collect(context.store.readStream(stream, { until: { time: new Date(Date.parse(time) - 1).toISOString() } }))),
      ).toEqual([]);
      expect(ns(await collect(context.store.readStream(stream, { until: { time: second?.recordedAt ?? '' } })))).toEqual([1, 2]);
      expect(ns(await collect(context.store.readStream(stream, { backwards: true, until: { time } })))).toEqual([1]);
    });

    it('may be left early, again and again, without using up the connection', async () => {
      const stream = context.fresh();
      for (let n = 0; n < 3; n++)
        await context.store.append(
          stream,
          Array.from({ length: 500 }, (_, i) => noted(i)),
          'any',
        );
      for (let n = 0; n < 150; n++) {
        for await (const event of context.store.readStream(stream)) if (event.revision === 1) break;
      }
      expect(await collect(context.store.readStream(stream))).toHaveLength(1_500);
    }, 30_000);
  });

  describe('a read of all streams', () => {
    it('gives events of the prefixes in store order, behind a position, up to another', async () => {
      const before = await context.store.headPosition();
      const [a, b] = [context.fresh(), context.fresh()];
      await context.store.append(a, [noted(1)], 'none');
      await context.store.append(b, [noted(2)], 'none');
      const { position: third } = await context.store.append(a, [noted(3)], 0);
      await context.store.append(b, [noted(4)], 0);
      const all = await collect(context.store.readAll({ from: before, prefixes: [a, b] }));
      expect(ns(all)).toEqual([1, 2, 3, 4]);
      expect(ns(await collect(context.store.readAll({ from: before, prefixes: [b] })))).toEqual([2, 4]);
      expect(ns(await collect(context.store.readAll({ from: before, until: third, prefixes: [a, b] })))).toEqual([1, 2, 3]);
      expect(ns(await collect(context.store.readAll({ from: all[0]?.position ?? '', max: 2, prefixes: [a, b] })))).toEqual([2, 3]);
      expect(all.map(({ position }) => position)).toEqual(all.map(({ position }) => position).toSorted(comparePositions));
    });

    it('knows the position of the last event', async () => {
      const { position } = await context.store.append(context.fresh(), [noted(1)], 'none');
      expect(comparePositions(await context.store.headPosition(), position)).toBeGreaterThanOrEqual(0);
      expect(comparePositions((await context.store.checkHealth()).position, position)).toBeGreaterThanOrEqual(0);
    });
  });

  describe('personal fields', () => {
    it('come back in place', async () => {
      const stream = context.fresh();
      await context.store.append(stream, [noted(1, { name: 'Ada', mail: ['a@example.test'] })], 'none');
      expect((await collect(context.store.readStream(stream)))[0]?.data).toEqual({ n: 1, name: 'Ada', mail: ['a@example.test'] });
    });

    it('of a destroyed key are absent, and the event says so', async () => {
      const stream = context.fresh();
      await context.store.append(stream, [noted(1, { name: 'Ada' }), noted(2)], 'none');
      await context.ring.destroy(stream);
      context.store.personalFields.forgetKeys();
      const [first, second] = await collect(context.store.readStream(stream));
      expect(first).toMatchObject({ data: { n: 1 }, erased: true });
      expect(JSON.stringify(first)).not.toContain('Ada');
      expect(second).not.toHaveProperty('erased');
    });
  });
};
