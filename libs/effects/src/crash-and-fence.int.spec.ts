import { describe, expect, it } from '@jest/globals';
import { SendingRows } from './index.ts';
import { openBench } from './testing/bench.ts';
import { command, create, OnePerson } from './testing/one-person.ts';
import { Crash } from './testing/toy-vendor.ts';

const bench = openBench();

describe('a create whose sender dies', () => {
  it.each(['crash-after', 'lost-after'] as const)('is found and not made again when it had its effect (%s)', async (mishap) => {
    await bench.person.release([create()]);
    bench.vendor.mishaps.push(mishap);
    await bench.person.pass().catch((error: unknown) => expect(error).toBeInstanceOf(Crash));
    expect(await bench.person.rows()).toMatchObject([{ attempts: 1, lost_at: expect.any(Date) }]);
    expect(await bench.person.pass()).toEqual({});
    expect(bench.vendor.count('create')).toBe(1);
    expect(await bench.person.results()).toEqual(['create sent', 'create found']);
    expect((await bench.person.provisioning()).created['toy-main']).toMatchObject({ accountId: 'toy-1', result: 'found' });
    expect(await bench.person.rows()).toEqual([]);
  });

  it.each(['crash-before', 'lost-before'] as const)('is made once, after settle time, when it had none (%s)', async (mishap) => {
    await bench.person.release([create()]);
    bench.vendor.mishaps.push(mishap);
    await bench.person.pass().catch((error: unknown) => expect(error).toBeInstanceOf(Crash));
    const { next } = await bench.person.pass();
    expect(next?.getTime()).toBeGreaterThan(Date.now());
    expect(bench.vendor.count('create')).toBe(0);
    await bench.settled();
    expect(await bench.person.pass()).toEqual({});
    expect(bench.vendor.count('create')).toBe(1);
    expect(await bench.person.results()).toEqual(['create sent', 'create done']);
  });

  it('is not made again behind a replica that does not show it yet', async () => {
    await bench.person.release([create()]);
    bench.vendor.lagMs = bench.settleMs - 100;
    bench.vendor.mishaps.push('crash-after');
    await expect(bench.person.pass()).rejects.toBeInstanceOf(Crash);
    expect((await bench.person.pass()).next).toBeDefined();
    expect(await bench.person.results()).toEqual(['create sent']);
    await bench.settled();
    await bench.person.pass();
    expect(bench.vendor.count('create')).toBe(1);
    expect(await bench.person.results()).toEqual(['create sent', 'create found']);
  });

  it('is not made again when it died between the record and the row', async () => {
    class Dying extends SendingRows {
      override remove(commandIds: readonly string[]): Promise<void> {
        return commandIds.length > 0 ? Promise.reject(new Crash()) : Promise.resolve();
      }
    }
    await bench.person.release([create()]);
    await expect(bench.person.pass({ rows: new Dying(bench.person.database) })).rejects.toBeInstanceOf(Crash);
    expect(await bench.person.rows()).toHaveLength(1);
    expect(await bench.person.pass()).toEqual({});
    expect(bench.vendor.calls).toEqual(['create']);
    expect(bench.vendor.probes).toEqual([]);
    expect(await bench.person.results()).toEqual(['create done']);
    expect(await bench.person.rows()).toEqual([]);
  });

  it('is looked for, not made again, when all rows are lost with it', async () => {
    await bench.person.release([create()]);
    bench.vendor.mishaps.push('crash-after');
    await expect(bench.person.pass()).rejects.toBeInstanceOf(Crash);
    const rebuilt = await OnePerson.begin(bench.store, bench.databaseUrl, bench.vendor);
    Object.assign(rebuilt, { identityId: bench.person.identityId });
    await bench.person.close();
    bench.person = rebuilt;
    expect(await bench.person.pass()).toEqual({});
    expect(bench.vendor.count('create')).toBe(1);
    expect(await bench.person.results()).toEqual(['create found']);
  });

  it('is closed by a probe, not dropped, when nobody wants it any more', async () => {
    await bench.person.release([create()]);
    bench.vendor.mishaps.push('crash-after');
    await expect(bench.person.pass()).rejects.toBeInstanceOf(Crash);
    await bench.person.release([]);
    await bench.person.pass();
    expect(await bench.person.results()).toEqual(['create sent', 'create found']);
    expect(bench.vendor.count('create')).toBe(1);
  });
});

describe('the fence', () => {
  it('stops a command that was withdrawn while it waited for its turn', async () => {
    await bench.person.release([create()]);
    bench.vendor.beforeFence = () => bench.person.release([]);
    await bench.person.pass();
    expect(bench.vendor.calls).toEqual([]);
    expect(await bench.person.results()).toEqual(['create superseded']);
    expect(await bench.person.rows()).toEqual([]);
  });

  it('stops a command whose person changed lifecycle while it waited for its turn', async () => {
    await bench.person.release([create()]);
    bench.vendor.beforeFence = () => bench.person.live('left');
    const { next } = await bench.person.pass();
    expect(bench.vendor.calls).toEqual([]);
    expect(next).toBeDefined();
    expect(await bench.person.results()).toEqual([]);
    expect(await bench.person.rows()).toEqual([]);
  });

  it('has a create leave as the newest plan wants it', async () => {
    const made = create();
    await bench.person.release([made]);
    let renewed = false;
    bench.vendor.beforeFence = async () => {
      if (!renewed) await bench.person.release([{ ...made, valueHmac: 'newer', profile: { ...made.profile, title: 'Chief' } }]);
      renewed = true;
    };
    await bench.person.pass();
    expect(bench.vendor.calls).toEqual(['create']);
    expect(bench.vendor.accounts.get('toy-1')?.profile).toMatchObject({ title: 'Chief' });
  });

  it('stops a worker that lost its claim, and leaves the row to the next', async () => {
    await bench.person.release([create()]);
    bench.vendor.beforeFence = () => Promise.resolve((bench.person.claim.stands = false));
    expect(await bench.person.pass()).toMatchObject({ lost: true });
    expect(bench.vendor.calls).toEqual([]);
    expect(await bench.person.results()).toEqual([]);
  });

  it('reads the store and not its own memory at a repeat', async () => {
    await bench.employ();
    await bench.person.release([command({ action: 'set', field: 'title', value: 'Chief', object: { kind: 'account', id: 'toy-1' } })]);
    bench.vendor.mishaps.push('lost-before');
    await bench.person.pass();
    await bench.person.live('left');
    await bench.person.pass();
    expect(bench.vendor.calls).toEqual([]);
  });
});

describe('a worker that lost its claim while its call was away', () => {
  it('records a real answer all the same', async () => {
    await bench.person.release([create()]);
    bench.vendor.whileAway = () => Promise.resolve(bench.person.takeClaim());
    await bench.person.pass();
    expect(await bench.person.results()).toEqual(['create done']);
    expect(await bench.person.rows()).toEqual([]);
  });

  it('records no lost answer: the next one finds the row', async () => {
    await bench.person.release([create()]);
    bench.vendor.mishaps.push('lost-after');
    bench.vendor.whileAway = () => Promise.resolve(bench.person.takeClaim());
    expect(await bench.person.pass()).toMatchObject({ lost: true });
    expect(await bench.person.results()).toEqual([]);
    bench.vendor.whileAway = () => Promise.resolve();
    await bench.person.pass();
    expect(await bench.person.results()).toEqual(['create sent', 'create found']);
    expect(bench.vendor.count('create')).toBe(1);
  });

  it('records one end with the one who took it over, whoever comes first', async () => {
    await bench.employ();
    const fields = ['title', 'department', 'city', 'company', 'costCenter'];
    for (const [generation, field] of fields.entries()) {
      const arrivals: (() => void)[] = [];
      bench.vendor.whileAway = () =>
        new Promise<void>((resolve) => {
          arrivals.push(resolve);
          if (arrivals.length === 2) for (const arrive of arrivals) arrive();
        });
      await bench.person.release([command({ action: 'set', field, value: `v${generation}`, object: { kind: 'account', id: 'toy-1' } })]);
      await Promise.all([bench.person.pass(), bench.person.pass()]);
    }
    const ends = (await bench.person.results()).filter((line) => !line.endsWith('sent'));
    expect(ends).toEqual(['create done', ...fields.map((field) => `set ${field} done`)]);
  });
});
