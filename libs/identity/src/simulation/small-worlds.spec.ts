import { beforeAll, describe, expect, it } from '@jest/globals';
import { faultKinds, type FaultKind } from './faults.ts';
import type { Violation } from './oracle.ts';
import { play } from './play.ts';
import type { WorldSetup } from './world.ts';

const seed = Number(process.env['MUSTER_SEED'] ?? 1);
const worlds = Number(process.env['MUSTER_WORLDS'] ?? 400);

/** Play no further once this invariant is broken: for proofs that the judge sees a broken safeguard. */
const until = process.env['MUSTER_UNTIL'];

/** Every tenth world is held, every tenth has a side that is only observed; the rest sends everything. */
const setupOf = (index: number): WorldSetup => ({
  seed: seed * 1_000_000 + index,
  people: 1 + (index % 3),
  changesEach: 5,
  connections: index % 2 === 0 ? 1 : 2,
  faults: index % 4 === 3 ? 2 : 1,
  outside: 0.7,
  removals: index % 10 === 4 ? 'hold' : 'send',
  observeSecond: index % 10 === 5,
});

const promises: Record<Violation['invariant'], string> = {
  I1: 'an accepted record is never lost',
  I2: 'nobody gets a second account, a second login or the login of another',
  I3: 'what is written to one place leaves in the order in which it was planned',
  I4: 'a command that has ended is never sent again',
  I5: 'a leaver is never created, enabled or granted anything',
  I6: 'a leaver ends turned off and holding nothing',
  I8: 'nothing is taken for deleted that is there, nor for restored that is gone',
  I9: 'in the end every side holds what HR said last',
  I16: 'what is only observed is never written',
  I17: 'what others turned off stays off, and what is not ours is left alone',
  I18: 'what is held is not sent',
  I19: 'when all is quiet, nothing is written',
  bug: 'nothing throws and everything comes to rest',
};

describe(`small worlds, seed ${seed}`, () => {
  const broken = new Map<string, string[]>();
  const fired = new Map<FaultKind, number>();

  beforeAll(() => {
    process.stdout.write(`playing ${worlds} small worlds: MUSTER_SEED=${seed} MUSTER_WORLDS=${worlds}\n`);
    for (let index = 0; index < worlds && !broken.has(until ?? ''); index += 1) {
      const setup = setupOf(index);
      const played = play(setup);
      for (const [kind, count] of played.fired) fired.set(kind, (fired.get(kind) ?? 0) + count);
      for (const { invariant, message } of played.violations)
        broken.set(invariant, [...(broken.get(invariant) ?? []), `world ${setup.seed}: ${message}`]);
    }
  }, 600_000);

  it.each(Object.entries(promises))('%s: %s', (invariant) => {
    expect(broken.get(invariant) ?? []).toEqual([]);
  });

  it('have every kind of fault happen', () => {
    expect(faultKinds.filter((kind) => !fired.has(kind))).toEqual([]);
  });
});

describe(`lagging worlds in which nothing goes wrong, seed ${seed}`, () => {
  it('I19: see one create a side and not one write that changes nothing', () => {
    const needless: string[] = [];
    for (let index = 0; index < worlds / 6; index += 1) {
      const setup: WorldSetup = {
        ...setupOf(index),
        seed: seed * 2_000_000 + index,
        faults: 0,
        outside: 0,
        removals: 'send',
        observeSecond: false,
      };
      const { outcome, violations } = play(setup);
      needless.push(...violations.map(({ invariant, message }) => `world ${setup.seed}: ${invariant} ${message}`));
      for (const { journal } of outcome.sides)
        for (const { op, what, accountId, effective } of journal)
          if (!effective) needless.push(`world ${setup.seed}: ${op} ${what} on ${accountId}`);
    }
    expect(needless).toEqual([]);
  });
});
