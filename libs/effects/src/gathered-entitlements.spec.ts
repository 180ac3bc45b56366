import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { EntitlementRef, EntitlementWriter, HolderRef, Lane, Outcome, WriteOptions } from '@muster/connector';
import { GatheredEntitlements } from './gathered-entitlements.ts';

const group = { kind: 'group', id: 'g1' } as const;
const holder = (number: number): HolderRef => ({ kind: 'account', id: `a${number}` });
const people = (count: number): HolderRef[] => Array.from({ length: count }, (_, number) => holder(number));

interface Left {
  readonly action: string;
  readonly group: string;
  readonly lane: Lane | undefined;
  readonly members: string[];
}

/** A vendor whose requests take twenty members, all or none, and that narrows a refused one down. */
class Vendor implements EntitlementWriter {
  readonly travelTogether = 20;
  readonly left: Left[] = [];
  /** Who cannot be a member. */
  readonly bad = new Set<string>();
  /** Requests wait here for their budget. */
  budget: Promise<unknown> = Promise.resolve();
  /** Requests that have left wait here for their answer. */
  answer: Promise<unknown> = Promise.resolve();

  grant(what: EntitlementRef, to: HolderRef[], options: WriteOptions = {}): Promise<Outcome[]> {
    return this.#send('grant', what, { to, options, first: 0 });
  }

  revoke(what: EntitlementRef, from: HolderRef[], options: WriteOptions = {}): Promise<Outcome[]> {
    return this.#send('revoke', what, { to: from, options, first: 0 });
  }

  async #send(
    action: string,
    what: EntitlementRef,
    { to, options, first }: { to: HolderRef[]; options: WriteOptions; first: number },
  ): Promise<Outcome[]> {
    await this.budget;
    const allowed = await Promise.all(to.map((_, index) => options.mayBeSent?.(first + index) ?? Promise.resolve(true)));
    const leaving = to.filter((_, index) => allowed[index]);
    if (leaving.length > 0) this.left.push({ action, group: what.id, lane: options.lane, members: leaving.map(({ id }) => id) });
    await this.answer;
    if (to.length > 1 && leaving.some(({ id }) => this.bad.has(id))) {
      const middle = Math.ceil(to.length / 2);
      return [
        ...(await this.#send(action, what, { to: to.slice(0, middle), options, first })),
        ...(await this.#send(action, what, { to: to.slice(middle), options, first: first + middle })),
      ];
    }
    return to.map(({ id }, index) => {
      if (allowed[index] !== true) return { result: 'withheld' };
      return { result: this.bad.has(id) ? 'conflict' : 'done', id, sentAt: 'then', at: 'now' };
    });
  }
}

const gather = (vendor: Vendor) => new GatheredEntitlements(vendor, { idleMs: { live: 5, batch: 5 }, fillMs: 60 });
const grantEach = (writer: EntitlementWriter, holders: HolderRef[], options: (index: number) => WriteOptions = () => ({ lane: 'batch' })) =>
  Promise.all(holders.map((one, index) => writer.grant(group, [one], options(index)).then(([outcome]) => outcome)));

describe('what many senders want of one group', () => {
  it('leaves twenty at a time, and each sender hears of its own', async () => {
    const vendor = new Vendor();
    const outcomes = await grantEach(gather(vendor), people(45));
    expect(vendor.left.map(({ members }) => members.length)).toEqual([20, 20, 5]);
    expect(outcomes.map((outcome) => outcome && 'id' in outcome && outcome.id)).toEqual(people(45).map(({ id }) => id));
  });

  it('fills up while a request is under way, though not for ever', async () => {
    const vendor = new Vendor();
    const answered = Promise.withResolvers<void>();
    vendor.answer = answered.promise;
    const writer = gather(vendor);
    const all = [grantEach(writer, people(1))];
    await sleep(20);
    all.push(grantEach(writer, people(3)));
    await sleep(20);
    all.push(grantEach(writer, people(4)));
    expect(vendor.left.map(({ members }) => members.length)).toEqual([1]);
    await sleep(100);
    expect(vendor.left.map(({ members }) => members.length)).toEqual([1, 7]);
    answered.resolve();
    await Promise.all(all);
  });

  it('keeps groups, directions and lanes apart', async () => {
    const vendor = new Vendor();
    const writer = gather(vendor);
    await Promise.all([
      writer.grant(group, [holder(1)], { lane: 'batch' }),
      writer.grant({ kind: 'group', id: 'g2' }, [holder(1)], { lane: 'batch' }),
      writer.revoke(group, [holder(2)], { lane: 'batch' }),
      writer.grant(group, [holder(3)], { lane: 'live' }),
    ]);
    expect(vendor.left.map(({ members }) => members.length)).toEqual([1, 1, 1, 1]);
  });

  it('goes at once for a leaver', async () => {
    const vendor = new Vendor();
    const writer = new GatheredEntitlements(vendor, { idleMs: { live: 10_000, batch: 10_000 } });
    await writer.revoke(group, [holder(1)], { lane: 'leaver' });
    expect(vendor.left).toMatchObject([{ action: 'revoke', lane: 'leaver', members: ['a1'] }]);
  });
});

describe('one of twenty', () => {
  it('that is withdrawn just before the request leaves stays behind alone', async () => {
    const vendor = new Vendor();
    const granted = Promise.withResolvers<void>();
    vendor.budget = granted.promise;
    const wanted = people(20).map(() => true);
    const all = grantEach(gather(vendor), people(20), (index) => ({ lane: 'batch', mayBeSent: async () => wanted[index] === true }));
    await sleep(20);
    wanted[7] = false;
    granted.resolve();
    const outcomes = await all;
    expect(vendor.left.map(({ members }) => members)).toEqual([
      people(20)
        .map(({ id }) => id)
        .filter((id) => id !== 'a7'),
    ]);
    expect(outcomes.filter((outcome) => outcome?.result === 'withheld')).toHaveLength(1);
    expect(outcomes[7]).toEqual({ result: 'withheld' });
  });

  it('that is refused blocks nobody, and everybody is asked again before each part', async () => {
    const vendor = new Vendor();
    vendor.bad.add('a13');
    const asked = new Map<number, number>();
    const outcomes = await grantEach(gather(vendor), people(20), (index) => ({
      lane: 'batch',
      mayBeSent: async () => {
        asked.set(index, (asked.get(index) ?? 0) + 1);
        return true;
      },
    }));
    expect(outcomes.map((outcome) => outcome?.result).filter((result) => result === 'done')).toHaveLength(19);
    expect(outcomes[13]?.result).toBe('conflict');
    expect(vendor.left.length).toBeLessThanOrEqual(40);
    const parts = (number: number): number => vendor.left.filter(({ members }) => members.includes(`a${number}`)).length;
    expect([...asked].every(([index, times]) => times === parts(index))).toBe(true);
  });

  it('whose sender gives up leaves without the others noticing, and not once its fence was asked', async () => {
    const vendor = new Vendor();
    const granted = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    vendor.budget = granted.promise;
    vendor.answer = answered.promise;
    const [early, late] = [new AbortController(), new AbortController()];
    const signals = new Map([
      [2, early.signal],
      [3, late.signal],
    ]);
    const writer = gather(vendor);
    const all = people(5).map((one, index) => {
      const signal = signals.get(index);
      return writer.grant(group, [one], { lane: 'batch', ...(signal ? { signal } : {}) });
    });
    await sleep(20);
    early.abort(new Error('given up'));
    await expect(all[2]).rejects.toThrow('given up');
    granted.resolve();
    await sleep(20);
    late.abort(new Error('too late'));
    answered.resolve();
    expect(vendor.left.map(({ members }) => members)).toEqual([['a0', 'a1', 'a3', 'a4']]);
    expect(await all[3]).toMatchObject([{ result: 'done' }]);
  });
});
