import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Rig } from './testing/rig.ts';

let rig: Rig;

beforeAll(async () => {
  rig = await Rig.build(50);
  await rig.start();
}, 90_000);
afterAll(() => rig.tearDown(), 60_000);

describe('the worker report', () => {
  it('becomes one fact a worker, page by page, with a proof', async () => {
    expect(await rig.ended(0)).toMatchObject({
      complete: true,
      counts: { users: 50 },
      differences: { created: 50, changed: 0, gone: 0 },
      pages: 3,
    });
    const facts = await rig.facts();
    expect(facts).toHaveLength(50);
    expect(new Set(facts.map(({ stream }) => stream)).size).toBe(50);
  }, 40_000);
});
