import { describe, expect, it } from '@jest/globals';
import { printCauses } from './print.ts';

const at = { oldest: '2026-01-05T08:00:00.000Z', newest: '2026-01-06T08:00:00.000Z' };

describe('the causes of dead letters', () => {
  it('are printed with the most frequent first, each with how many, since when and what to do', () => {
    const causes = [
      { service: 'reconciliation', code: 'internal.bug', count: 1, ...at },
      { service: 'provisioning', code: 'target.value_refused', count: 1200, ...at, remedy: 'Mend it.' },
    ];
    const [first, remedy, second] = printCauses({ causes });
    expect(first).toMatch(/^target\.value_refused {2}provisioning {2}1200 {2}from 2026-01-05.* to 2026-01-06/);
    expect(remedy).toBe('  remedy: Mend it.');
    expect(second).toMatch(/^internal\.bug/);
  });
});
