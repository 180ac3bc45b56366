import { describe, expect, it } from '@jest/globals';
import { type Command, streamOf } from '@muster/contracts';
import { openBench } from './testing/bench.ts';
import { command, create } from './testing/one-person.ts';
import { Crash, type ToyVendor } from './testing/toy-vendor.ts';

const bench = openBench();
const group = { kind: 'group', id: 'g1' } as const;
const set = (field: string, value: string, more: Partial<Command> = {}): Command =>
  command({ action: 'set', field, value, object: { kind: 'account', id: 'toy-1' }, ...more });

describe('what a plan wants', () => {
  it('is done in order: the account, then what hangs on it; each end names the plan that asked for it', async () => {
    const made = create();
    await bench.person.release([command({ action: 'grant', entitlement: group, value: true, after: [made.commandId] }), made]);
    expect(await bench.person.pass()).toEqual({});
    expect(bench.vendor.calls).toEqual(['create', 'grant g1']);
    expect(await bench.person.results()).toEqual(['create done', 'grant done']);
    expect((await bench.person.provisioning()).created['toy-main']).toMatchObject({ accountId: 'toy-1', result: 'done', enabled: true });
    const plan = await bench.store.readStream(streamOf.plan(bench.person.identityId))[Symbol.asyncIterator]().next();
    for await (const event of bench.store.readStream(streamOf.provisioning(bench.person.identityId)))
      expect(event.metadata).toMatchObject({
        causationId: plan.value?.id,
        correlationId: plan.value?.metadata.correlationId,
        actor: 'service:test',
      });
    expect(await bench.person.rows()).toEqual([]);
  });

  it('changes attributes of one account in one call, and does nothing the second time', async () => {
    await bench.employ();
    await bench.person.release([set('title', 'Chief'), set('department', 'Engines')]);
    await bench.person.pass();
    await bench.person.pass();
    expect(bench.vendor.calls).toEqual(['set title,department']);
    expect(await bench.person.results()).toEqual(['create done', 'set title done', 'set department done']);
  });

  it('is not held up by one value that is refused', async () => {
    await bench.employ();
    bench.vendor.poison = 'bad';
    await bench.person.release([set('title', 'Chief'), set('department', 'bad'), set('city', 'London')]);
    expect(await bench.person.pass()).toEqual({});
    expect((await bench.person.results()).slice(1).toSorted()).toEqual(['set city done', 'set department refused', 'set title done']);
    expect(bench.vendor.accounts.get('toy-1')?.profile).toMatchObject({ title: 'Chief', city: 'London' });
    expect(await bench.person.rows()).toEqual([]);
  });

  it('waits while the connection may not be written', async () => {
    await bench.person.release([create()]);
    const { next } = await bench.person.pass({ live: false });
    expect(next?.getTime()).toBeGreaterThan(Date.now());
    expect(bench.vendor.calls).toEqual([]);
  });

  it('waits for a manager whose account is younger than a replica may be, and is refused for one that is not there', async () => {
    await bench.employ();
    await bench.settled();
    const manager = set('manager', 'toy-boss');
    await bench.person.release([manager]);
    expect((await bench.person.pass()).next?.getTime()).toBeGreaterThan(Date.now());
    expect(await bench.person.results()).toEqual(['create done']);
    await bench.person.observe('toy-boss', true);
    await bench.person.pass();
    expect(await bench.person.results()).toEqual(['create done', 'set manager refused']);
  });

  it('waits for an account that a young replica does not show yet', async () => {
    await bench.employ();
    await bench.person.release([set('title', 'Chief', { object: { kind: 'account', id: 'toy-none' } })]);
    const { next, fault } = await bench.person.pass();
    expect(fault).toBeUndefined();
    expect(next?.getTime()).toBeGreaterThan(Date.now());
    expect(await bench.person.results()).toEqual(['create done']);
    await bench.settled();
    await bench.person.pass();
    expect(await bench.person.results()).toEqual(['create done', 'set title refused']);
  });
});

describe('a lost answer', () => {
  it('to a write that is harmless to repeat has it repeated without a look', async () => {
    await bench.employ();
    await bench.person.release([set('title', 'Chief')]);
    bench.vendor.mishaps.push('lost-after');
    expect((await bench.person.pass()).fault).toMatchObject({ kind: 'unknown' });
    expect(await bench.person.pass()).toEqual({});
    expect(bench.vendor.calls).toEqual(['set title', 'set title']);
    expect(bench.vendor.probes).toEqual([]);
    expect(await bench.person.results()).toEqual(['create done', 'set title sent', 'set title done']);
  });

  it('keeps nothing else of the person waiting', async () => {
    await bench.employ();
    await bench.person.release([
      set('title', 'Chief'),
      command({ action: 'grant', entitlement: group, value: true, object: { kind: 'account', id: 'toy-1' } }),
    ]);
    bench.vendor.mishaps.push('lost-before');
    await bench.person.pass();
    expect(bench.vendor.calls).toEqual(['grant g1']);
  });

  it('of a throttled connection stops the pass and says when to go on', async () => {
    await bench.employ();
    await bench.person.release([
      set('title', 'Chief'),
      command({ action: 'grant', entitlement: group, value: true, object: { kind: 'account', id: 'toy-1' } }),
    ]);
    bench.vendor.mishaps.push('throttled');
    expect((await bench.person.pass()).fault).toMatchObject({ kind: 'throttled', retryAfter: 700 });
    expect(bench.vendor.calls).toEqual([]);
    expect(await bench.person.rows()).toMatchObject([{ attempts: 1, lost_at: null }]);
    await bench.person.pass();
    expect(bench.vendor.calls).toEqual(['set title', 'grant g1']);
  });
});

describe('a login that is taken', () => {
  const other = (matchKey: string): void => {
    bench.vendor.accounts.set('toy-0', {
      id: 'toy-0',
      profile: { login: 'ada.byron@example.com', employeeNumber: matchKey },
      enabled: true,
      holds: new Set(),
    });
  };

  it('by an account with this match key is linked', async () => {
    other('1001');
    await bench.person.release([create()]);
    await bench.person.pass();
    expect(await bench.person.results()).toEqual(['create found']);
    expect((await bench.person.provisioning()).created['toy-main']).toMatchObject({ accountId: 'toy-0', result: 'found' });
  });

  it('by anybody else is a case', async () => {
    other('9999');
    await bench.person.release([create()]);
    await bench.person.pass();
    expect(await bench.person.results()).toEqual(['create case']);
    expect((await bench.person.provisioning()).created['toy-main']).toBeUndefined();
  });
});

describe('an enable', () => {
  const disabled = async (by: ToyVendor['disabledBy']): Promise<Command> => {
    await bench.employ();
    const account = bench.vendor.accounts.get('toy-1');
    if (account) account.enabled = false;
    bench.vendor.disabledBy = by;
    await bench.person.observe('toy-1', false);
    const enable = command({ action: 'enable', value: true, object: { kind: 'account', id: 'toy-1' } });
    await bench.person.release([enable]);
    return enable;
  };

  it.each(['other', 'unknown'] as const)('is a lock when the log names %s', async (by) => {
    await disabled(by);
    await bench.person.pass();
    expect(bench.vendor.calls).toEqual([]);
    expect(await bench.person.results()).toEqual(['create done', 'enable locked']);
  });

  it('is sent when the log names us', async () => {
    await disabled('us');
    await bench.person.pass();
    expect(bench.vendor.calls).toEqual(['enable']);
    expect(bench.vendor.accounts.get('toy-1')?.enabled).toBe(true);
  });

  it('is never repeated unprobed', async () => {
    await disabled('us');
    bench.vendor.mishaps.push('crash-after');
    await expect(bench.person.pass()).rejects.toBeInstanceOf(Crash);
    expect((await bench.person.pass()).next).toBeDefined();
    expect(bench.vendor.count('enable')).toBe(1);
    await bench.settled();
    await bench.person.pass();
    expect(bench.vendor.count('enable')).toBe(1);
    expect(await bench.person.results()).toEqual(['create done', 'enable sent', 'enable found']);
  });
});
