import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ReadRef } from '@muster/contracts';
import type { RecordedEvent } from '@muster/event-store';
import { LIES, shuffled } from './tampering.ts';
import { type Observer, Rig, until } from './rig.ts';
import { PAGE_KINDS, type Vendor } from './vendor.ts';

const ABSENCES = ['AccountDeleted', 'GroupDeleted', 'AppDeleted', 'EntitlementGone'];
const startOf = (event: RecordedEvent): number => Date.parse((event.data as { read: ReadRef }).read.startedAt);

/** What the tests of one vendor alone are given. */
export interface Given {
  /** Of no test before the first one. */
  readonly rig: () => Rig;
  /** Stopped after the test. */
  readonly observe: (settings?: Parameters<Rig['observer']>[0]) => Observer;
  /** A person that no other test touches. */
  readonly someone: () => string;
}

/** What reading a connection promises, on real parts, and whatever holds for this vendor alone. */
export function ingestionSuite(vendor: Vendor, ownTests: (given: Given) => void): void {
  let rig: Rig;
  let people: string[];
  let taken = 0;
  const observers: Observer[] = [];

  beforeAll(async () => {
    rig = await Rig.build(vendor);
    people = await rig.people();
  }, 90_000);
  afterEach(async () => {
    await Promise.all(observers.splice(0).map((observer) => observer.stop()));
    await rig.clearFaults();
    await vendor.permission(rig.sandbox, true);
  }, 30_000);
  afterAll(() => rig.tearDown(), 60_000);

  const observe = (settings?: Parameters<Rig['observer']>[0]): Observer => {
    const observer = rig.observer(settings);
    observers.push(observer);
    return observer;
  };
  /** A person that no other test touches. */
  const someone = (): string => {
    taken += 1;
    const id = people[taken];
    if (id === undefined) throw new Error('the company is too small');
    return id;
  };
  const edit = (id: string, title: string): Promise<unknown> => vendor.edit(rig.sandbox, id, title);

  ownTests({ rig: () => rig, observe, someone });

  describe(`a full read of ${vendor.name}`, () => {
    it('makes a stream of everything there is and ends with the proof that it was complete', async () => {
      const observer = await observe().settle();
      const end = await observer.ended(1);
      expect(end.data).toMatchObject({ complete: true, missingPermissions: [], counts: { users: people.length } });
      expect((end.data as { permissions: string[] }).permissions).not.toHaveLength(0);
      const seen = await observer.facts('AccountObserved');
      expect(new Set(seen.map(({ stream }) => stream)).size).toBe(people.length);
      for (const type of ['GroupObserved', 'AppObserved', 'EntitlementObserved']) expect(await observer.facts(type)).not.toHaveLength(0);
    }, 60_000);

    it('that is cut off goes on behind the last committed page, in another process', async () => {
      const observer = observe();
      await rig.fault({ method: 'GET', path: vendor.paths.users, kind: 'status', status: 503, skip: 1 });
      await vendor.emptyPage(rig.sandbox);
      observer.start();
      await until('a page is committed', async () => (await observer.reads('PageCommitted'))[0]);
      await sleep(200);
      await observer.stop();
      await rig.clearFaults();
      const cutOff = await observer.reads();
      const asked = observer.asked.length;
      expect(cutOff.map(({ type }) => type)).not.toContain('ReadCompleted');
      observer.start();
      const end = await observer.ended(1);
      const [place] = cutOff.filter(({ type }) => type === 'PageCommitted').map(({ data }) => data as { cursor: string });
      expect(observer.asked.slice(asked).find(({ kind }) => kind === 'users')).toEqual({ kind: 'users', from: place?.cursor });
      const readId = (end.data as { read: ReadRef }).read.readId;
      const pages = (await observer.reads('PageCommitted')).map(({ data }) => data as { readId: string; scope: string; page: number });
      expect(pages.filter((page) => page.readId === readId && page.scope === 'users').map(({ page }) => page)).toEqual([0, 1]);
      expect(end.data).toMatchObject({ complete: true, counts: { users: people.length } });
      expect(cutOff.filter(({ type }) => type === 'ReadStarted').map(({ data }) => (data as { read: ReadRef }).read.readId)).toEqual([
        readId,
      ]);
    }, 60_000);

    it('that is cut off remembers what its lists could not vouch for', async () => {
      const observer = observe();
      const doubt = { code: 'connection.item_repeated', scope: 'users' as const, message: 'an item came twice in one list' };
      observer.tampering = {
        page: (kind, page) => (kind === 'users' && page.complete ? { ...page, complete: false, incompleteBecause: [doubt] } : page),
      };
      await rig.fault({ method: 'GET', path: vendor.paths.groups, kind: 'status', status: 503 });
      observer.start();
      await until('a page is committed', async () => (await observer.reads('PageCommitted'))[0]);
      await observer.stop();
      observer.tampering = {};
      await rig.clearFaults();
      observer.start();
      expect((await observer.ended(1)).data).toMatchObject({ complete: false, incompleteBecause: [doubt] });
    }, 60_000);

    it('of a system that has not changed records nothing but that it was read, in whatever order rows come', async () => {
      const observer = await observe().settle();
      const before = await observer.facts();
      observer.tampering = { page: (_kind, page) => shuffled(page) };
      const end = await observer.readAgain();
      expect(end.data).toMatchObject({ complete: true, differences: { created: 0, changed: 0, gone: 0 } });
      expect(await observer.facts()).toHaveLength(before.length);
    }, 60_000);

    it('takes no absence from pages that are empty, short, repeated or trimmed, of any list', async () => {
      const observer = await observe({ incrementalMs: 60_000 }).settle();
      const before = await observer.facts();
      for (const [name, lie] of Object.entries(LIES)) {
        for (const kind of PAGE_KINDS) {
          observer.tampering = { page: (of, page) => (of === kind ? lie(page) : page) };
          await observer.readAgain();
          const after = await observer.facts();
          expect({ name, kind, said: after.slice(before.length).map(({ type }) => type) }).toEqual({ name, kind, said: [] });
        }
      }
      observer.tampering = {};
      expect((await observer.readAgain()).data).toMatchObject({ complete: true, differences: { created: 0, changed: 0, gone: 0 } });
    }, 170_000);

    it('has an object that it did not show fetched before it is recorded as deleted', async () => {
      const observer = await observe({ incrementalMs: 600_000 }).settle();
      const id = someone();
      await vendor.remove(rig.sandbox, id);
      const fetchesBefore = await rig.calls(vendor.paths.user(id));
      await rig.fault({ method: 'GET', path: vendor.paths.user(id), kind: 'status', status: 503 });
      const reading = observer.readAgain();
      await until('it was looked for', async () => ((await rig.calls(vendor.paths.user(id))) > fetchesBefore ? true : undefined));
      expect(await observer.facts(...ABSENCES)).toEqual([]);
      await rig.clearFaults();
      await reading;
      const deleted = await until('it is recorded as deleted', async () => (await observer.factsOf(id, 'AccountDeleted'))[0]);
      expect(deleted.data).toMatchObject({ evidence: 'full-read', read: { kind: 'fetch' } });
      const proof = (await observer.ends()).at(-1);
      expect(deleted.metadata).toMatchObject({ causationId: proof?.id, correlationId: proof?.metadata.correlationId });
      expect((await observer.facts('AccountDeleted')).length).toBe(1);
    }, 60_000);
  });

  describe(`a hint of ${vendor.name}`, () => {
    it('leads to a fetch, whose absence alone deletes nothing', async () => {
      const observer = await observe().settle();
      const id = someone();
      await rig.fault({ method: 'GET', path: vendor.paths.user(id), kind: 'status', status: 404, body: {} });
      const before = await rig.calls(vendor.paths.user(id));
      await edit(id, 'Unseen');
      await until('it was looked for, and once more', async () =>
        (await rig.calls(vendor.paths.user(id))) > before + 1 ? true : undefined,
      );
      await observer.quiet();
      expect(await observer.factsOf(id, 'AccountDeleted')).toEqual([]);
      await rig.clearFaults();
      await edit(id, 'Seen');
      await observer.recorded(id, 'Seen');
    }, 60_000);

    it('that comes while its object is being fetched is kept', async () => {
      const observer = await observe({ settleMs: 60_000 }).settle();
      const id = someone();
      let release: () => void = () => undefined;
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      observer.tampering = { beforeAccount: (fetched) => (fetched === id ? held : Promise.resolve()) };
      const fetches = await rig.calls(vendor.paths.user(id));
      await edit(id, 'First');
      await until('it is being fetched', async () => ((await rig.calls(vendor.paths.user(id))) > fetches ? true : undefined));
      const asks = (await observer.asks(id)) ?? 0;
      await edit(id, 'Second');
      await until('the second hint is there', async () => (((await observer.asks(id)) ?? 0) > asks ? true : undefined));
      release();
      await observer.recorded(id, 'Second', 10_000);
      expect((await observer.factsOf(id, 'AccountObserved')).length).toBeGreaterThan(2);
    }, 60_000);

    it('moves the watermark; where nothing happens, it stays', async () => {
      const observer = await observe().settle();
      const settled = async (): Promise<number> => {
        await sleep(600);
        return (await observer.reads('WatermarkAdvanced')).length;
      };
      let marks = await settled();
      await until('nothing comes any more', async () => {
        const before = marks;
        marks = await settled();
        return marks === before ? true : undefined;
      });
      expect(marks).toBeGreaterThan(0);
      await sleep(1000);
      expect(await observer.reads('WatermarkAdvanced')).toHaveLength(marks);
      await edit(someone(), 'Moved');
      await until('the watermark moves', async () => ((await observer.reads('WatermarkAdvanced')).length > marks ? true : undefined));
    }, 60_000);

    it('that was missed because the place in the log is too old is found by a full read', async () => {
      const observer = await observe().settle();
      const id = someone();
      await observer.stop();
      await edit(id, 'Missed');
      await vendor.expireChanges(rig.sandbox);
      const started = (await observer.reads('ReadStarted')).length;
      observer.start();
      await until('a full read begins', async () => ((await observer.reads('ReadStarted')).length > started ? true : undefined));
      await observer.recorded(id, 'Missed');
      await edit(id, 'Heard');
      await observer.recorded(id, 'Heard');
    }, 60_000);

    it('stays open while a permission is missing, whose return starts a full read', async () => {
      const observer = await observe({ incrementalMs: 2000 }).settle();
      const id = someone();
      await vendor.permission(rig.sandbox, false);
      const ends = (await observer.ends()).length;
      const last = await observer.readAgain();
      expect(last.type === 'ReadFailed' || (last.data as { complete: boolean }).complete === false).toBe(true);
      await edit(id, 'Hidden');
      await until('it is open', async () => ((await observer.isOpen(id)) ? true : undefined));
      await sleep(1500);
      expect(await observer.isOpen(id)).toBe(true);
      expect(await observer.facts(...ABSENCES)).toEqual([]);
      const started = (await observer.reads('ReadStarted')).length;
      await vendor.permission(rig.sandbox, true);
      await until('a full read begins', async () => ((await observer.reads('ReadStarted')).length > started ? true : undefined), 45_000);
      await until('a full read is complete', async () =>
        (await observer.ends()).slice(ends).find(({ data }) => (data as { complete?: boolean }).complete === true),
      );
      await observer.recorded(id, 'Hidden');
      await until('the hint is closed', async () => ((await observer.isOpen(id)) ? undefined : true));
      expect(await observer.facts(...ABSENCES)).toEqual([]);
    }, 90_000);
  });

  describe(`a write of ours to ${vendor.name}`, () => {
    it('is settled by the first fetch that starts after settle time, though nothing changed', async () => {
      const observer = await observe({ settleMs: 1500 }).settle();
      const id = someone();
      const before = await observer.factsOf(id);
      const written = await observer.wrote(id);
      const from = Date.parse((written.data as { answeredAt: string }).answeredAt) + 1500;
      // A hint in between has the account fetched too early.
      const confirmed = await until('it is confirmed', async () => (await observer.factsOf(id, 'AccountConfirmed'))[0]);
      expect(startOf(confirmed)).toBeGreaterThanOrEqual(from);
      expect(confirmed.metadata).toMatchObject({ causationId: written.id, correlationId: written.metadata.correlationId });
      expect(confirmed.data).toMatchObject({ aspects: expect.arrayContaining(['profile']), read: { kind: 'fetch' } });
      await sleep(500);
      await observer.quiet();
      expect(await observer.factsOf(id)).toHaveLength(before.length + 1);
    }, 60_000);

    it('is not settled by a fetch that comes too early', async () => {
      const observer = await observe({ settleMs: 3000 }).settle();
      const id = someone();
      const written = await observer.wrote(id);
      const from = Date.parse((written.data as { answeredAt: string }).answeredAt) + 3000;
      await edit(id, 'Ours');
      await observer.fetchNow(id);
      await observer.recorded(id, 'Ours', 2500);
      const early = (await observer.factsOf(id, 'AccountObserved')).at(-1);
      expect(early?.metadata.causationId).toBeUndefined();
      expect(await observer.factsOf(id, 'AccountConfirmed')).toEqual([]);
      const confirmed = await until('it is confirmed', async () => (await observer.factsOf(id, 'AccountConfirmed'))[0]);
      expect(startOf(confirmed)).toBeGreaterThanOrEqual(from);
    }, 60_000);
  });
}
