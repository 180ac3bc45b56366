import { describe, expect, it } from '@jest/globals';
import { play } from './play.ts';

const seed = Number(process.env['MUSTER_SEED'] ?? 1);
const worlds = Math.max(2, Math.round(Number(process.env['MUSTER_WORLDS'] ?? 400) / 200));

describe(`big worlds, seed ${seed}`, () => {
  it.each(Array.from({ length: worlds }, (_, index) => seed * 1_000_000 + index))(
    'keep every promise with 24 people, 2 connections and over 200 inputs (world %i)',
    (world) => {
      const { violations, script, outcome } = play({
        seed: world,
        people: 24,
        changesEach: 18,
        connections: 2,
        faults: 1,
        outside: 0.5,
        removals: 'send',
      });
      expect(violations).toEqual([]);
      expect(script.deliveries.length + script.edits.length).toBeGreaterThanOrEqual(200);
      expect(outcome.sides).toHaveLength(2);
    },
    120_000,
  );
});
