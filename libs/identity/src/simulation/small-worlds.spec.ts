import { describe, expect, it } from '@jest/globals';
import { play } from './play.ts';

describe('small worlds', () => {
  it('try', () => {
    const N = Number(process.env['MUSTER_WORLDS'] ?? 50);
    const S = Number(process.env['MUSTER_SEED'] ?? 1);
    const all: string[] = [];
    const t = performance.now();
    let steps = 0;
    const ops: Record<string, number> = {};
    for (let i = 0; i < N; i += 1) {
      const p = play({
        seed: S + i,
        people: 1 + (i % 3),
        changesEach: 5,
        connections: i % 2 === 0 ? 1 : 2,
        faults: Number(process.env['F'] ?? 0),
        outside: Number(process.env['O'] ?? 0),
        hold: { removals: 'send', disables: 'send' },
      });
      steps += p.world.clock.steps;
      for (const side of p.outcome.sides)
        for (const j of side.journal) ops[`${j.op} ${j.effective}`] = (ops[`${j.op} ${j.effective}`] ?? 0) + 1;
      for (const e of p.outcome.events) {
        const k = e.type + (e.type === 'CommandEnded' ? String(e.data['result']) : '');
        ops[k] = (ops[k] ?? 0) + 1;
      }
      for (const [k, n] of p.fired) ops[k] = (ops[k] ?? 0) + n;
      for (const v of p.violations) all.push(`${S + i}: ${v.invariant} ${v.message}`);
    }
    console.log(
      `${N} worlds ${(performance.now() - t) | 0} ms ${steps} steps`,
      all.length,
      JSON.stringify(ops),
      all.slice(0, 30).join('\n'),
    );
    expect(1).toBe(1);
  });
});
