import { describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { AppendTooLarge, WrongRevision } from '../errors.ts';
import { comparePositions } from '../positions.ts';
import { collect, metadata, noted, ns, type PortContext } from './port-context.ts';

/** Appends and what refuses them. */
export const describeAppends = (context: PortContext): void => {
  describe('an append', () => {
    it('answers with revision and position of its last event', async () => {
      const stream = context.fresh();
      const first = await context.store.append(stream, [noted(1), noted(2)], 'none');
      const second = await context.store.append(stream, [noted(3)], 1);
      expect([first.revision, second.revision]).toEqual([1, 2]);
      expect(comparePositions(first.position, second.position)).toBeLessThan(0);
      const events = await collect(context.store.readStream(stream));
      expect(events.map(({ position }) => position)[1]).toBe(first.position);
      expect(events.at(-1)?.position).toBe(second.position);
    });

    it('keeps data and metadata as they were given', async () => {
      const stream = context.fresh();
      const data = {
        text: 'Zoë 漢字 \u{1f600}',
        zero: 0,
        empty: '',
        none: null,
        list: [1, { a: [] }],
        big: 9_007_199_254_740_991,
        float: 0.1,
      };
      await context.store.append(stream, [{ type: 'Noted', data, metadata: { ...metadata, causationId: 'why' } }], 'none');
      const [event] = await collect(context.store.readStream(stream));
      expect(event).toMatchObject({ type: 'Noted', stream, revision: 0, data, metadata: { ...metadata, causationId: 'why' } });
      expect(Math.abs(Date.parse(event?.recordedAt ?? '') - Date.now())).toBeLessThan(60_000);
    });

    it.each([
      ['none on a stream that exists', 'none' as const, 1],
      ['a revision behind the end', 0, 1],
      ['a revision ahead of the end', 7, 1],
    ])('is refused at %s, and nothing of it is written', async (_, expected, actual) => {
      const stream = context.fresh();
      await context.store.append(stream, [noted(1), noted(2)], 'none');
      const failure = await context.store.append(stream, [noted(3), noted(4)], expected).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(WrongRevision);
      expect(failure).toMatchObject({ stream, expected, actual, code: 'store.revision_conflict' });
      expect(String(failure)).toContain(stream);
      expect(await collect(context.store.readStream(stream))).toHaveLength(2);
    });

    it('is refused at a revision of a stream that does not exist', async () => {
      const stream = context.fresh();
      await expect(context.store.append(stream, [noted(1)], 0)).rejects.toMatchObject({ actual: -1 });
      expect(await collect(context.store.readStream(stream))).toEqual([]);
    });

    it('with the same ids at the same revision changes nothing and answers as the first time', async () => {
      const stream = context.fresh();
      const events = [noted(1), noted(2)].map((event) => ({ ...event, id: randomUUID() }));
      const first = await context.store.append(stream, events, 'none');
      await context.store.append(stream, [noted(3)], 1);
      expect(await context.store.append(stream, events, 'none')).toEqual(first);
      expect(ns(await collect(context.store.readStream(stream)))).toEqual([1, 2, 3]);
    });

    it('at any revision goes behind whatever is there', async () => {
      const stream = context.fresh();
      const answers = await Promise.all([1, 2, 3, 4, 5].map((n) => context.store.append(stream, [noted(n)], 'any')));
      expect(answers.map(({ revision }) => revision).toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4]);
    });

    it('over a mebibyte is refused before it is sent', async () => {
      const stream = context.fresh();
      await expect(context.store.append(stream, [noted(1, { text: 'x'.repeat(1024 * 1024) })], 'none')).rejects.toThrow(AppendTooLarge);
      await context.store.append(stream, [noted(1, { text: 'x'.repeat(1024 * 1024 - 1_000) })], 'none');
    });

    it('of nothing is a mistake of the caller', async () => {
      await expect(context.store.append(context.fresh(), [], 'none')).rejects.toThrow(TypeError);
    });

    it('runs beside hundreds of others, each answered for itself', async () => {
      const answers = await Promise.all(
        Array.from({ length: 400 }, (_, n) => context.store.append(context.fresh(), [noted(n), noted(n)], 'none')),
      );
      expect(answers.every(({ revision }) => revision === 1)).toBe(true);
      expect(new Set(answers.map(({ position }) => position)).size).toBe(400);
    });
  });
};
