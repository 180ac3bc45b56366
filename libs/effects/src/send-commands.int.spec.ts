import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Command, streamOf } from '@muster/contracts';
import { spawnEventNode, type SpawnedEventNode } from '@muster/event-node/testing';
import { EventStore } from '@muster/event-store';
import { InMemoryKeyRing } from '@muster/event-store/testing';
import { startTemporaryPostgres } from '@muster/read-store/testing';
import { SendingRows } from './index.ts';
import { command, create, OnePerson } from './testing/one-person.ts';
import { Crash, ToyVendor } from './testing/toy-vendor.ts';

const SETTLE_MS = 400;

let folder: string;
let postgres: Awaited<ReturnType<typeof startTemporaryPostgres>>;
let node: SpawnedEventNode;
let store: EventStore;
let vendor: ToyVendor;
let person: OnePerson;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'muster-effects-'));
  [postgres, node] = await Promise.all([startTemporaryPostgres(), spawnEventNode({ dataDir: folder })]);
  store = EventStore.connect({ connectionString: node.connectionString, keyRing: new InMemoryKeyRing() });
}, 60_000);

afterAll(async () => {
  await store.close();
  await node.stop();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}, 30_000);

beforeEach(async () => {
  vendor = new ToyVendor(SETTLE_MS, () => new Date());
  person = await OnePerson.begin(store, postgres.url, vendor);
});
afterEach(() => person.close());

const settled = (): Promise<void> => sleep(SETTLE_MS + 50);
const group = { kind: 'group', id: 'g1' } as const;

/** An account of ours, as a first plan made it; its writes are commands of later plans. */
const employed = async (): Promise<void> => {
  await person.release([create()]);
  await person.pass();
  vendor.calls.length = 0;
};
const set = (field: string, value: string, more: Partial<Command> = {}): Command =>
  command({ action: 'set', field, value, object: { kind: 'account', id: 'toy-1' }, ...more });

describe('what a plan wants', () => {
  it('is done in order: the account, then what hangs on it; each end names the plan that asked for it', async () => {
    const made = create();
    await person.release([command({ action: 'grant', entitlement: group, value: true, after: [made.commandId] }), made]);
    expect(await person.pass()).toEqual({});
    expect(vendor.calls).toEqual(['create', 'grant g1']);
    expect(await person.results()).toEqual(['create done', 'grant done']);
    expect((await person.provisioning()).created['toy-main']).toMatchObject({ accountId: 'toy-1', result: 'done', enabled: true });
    const plan = await store.readStream(streamOf.plan(person.identityId))[Symbol.asyncIterator]().next();
    for await (const event of store.readStream(streamOf.provisioning(person.identityId)))
      expect(event.metadata).toMatchObject({
        causationId: plan.value?.id,
        correlationId: plan.value?.metadata.correlationId,
        actor: 'service:test',
      });
    expect(await person.rows()).toEqual([]);
  });

  it('changes attributes of one account in one call, and does nothing the second time', async () => {
    await employed();
    await person.release([set('title', 'Chief'), set('department', 'Engines')]);
    await person.pass();
    await person.pass();
    expect(vendor.calls).toEqual(['set title,department']);
    expect(await person.results()).toEqual(['create done', 'set title done', 'set department done']);
  });

  it('is not held up by one value that is refused', async () => {
    await employed();
    vendor.poison = 'bad';
    await person.release([set('title', 'Chief'), set('department', 'bad'), set('city', 'London')]);
    expect(await person.pass()).toEqual({});
    expect((await person.results()).slice(1).toSorted()).toEqual(['set city done', 'set department refused', 'set title done']);
    expect(vendor.accounts.get('toy-1')?.profile).toMatchObject({ title: 'Chief', city: 'London' });
    expect(await person.rows()).toEqual([]);
  });

  it('waits while the connection may not be written', async () => {
    await person.release([create()]);
    const { next } = await person.pass({ live: false });
    expect(next?.getTime()).toBeGreaterThan(Date.now());
    expect(vendor.calls).toEqual([]);
  });

  it('waits for an account that a young replica does not show yet', async () => {
    await employed();
    await person.release([set('title', 'Chief', { object: { kind: 'account', id: 'toy-none' } })]);
    const { next, fault } = await person.pass();
    expect(fault).toBeUndefined();
    expect(next?.getTime()).toBeGreaterThan(Date.now());
    expect(await person.results()).toEqual(['create done']);
    await settled();
    await person.pass();
    expect(await person.results()).toEqual(['create done', 'set title refused']);
  });
});

describe('a create whose sender dies', () => {
  it.each(['crash-after', 'lost-after'] as const)('is found and not made again when it had its effect (%s)', async (mishap) => {
    await person.release([create()]);
    vendor.mishaps.push(mishap);
    await person.pass().catch((error: unknown) => expect(error).toBeInstanceOf(Crash));
    expect(await person.rows()).toMatchObject([{ attempts: 1, lost_at: expect.any(Date) }]);
    expect(await person.pass()).toEqual({});
    expect(vendor.count('create')).toBe(1);
    expect(await person.results()).toEqual(['create sent', 'create found']);
    expect((await person.provisioning()).created['toy-main']).toMatchObject({ accountId: 'toy-1', result: 'found' });
    expect(await person.rows()).toEqual([]);
  });

  it.each(['crash-before', 'lost-before'] as const)('is made once, after settle time, when it had none (%s)', async (mishap) => {
    await person.release([create()]);
    vendor.mishaps.push(mishap);
    await person.pass().catch((error: unknown) => expect(error).toBeInstanceOf(Crash));
    const { next } = await person.pass();
    expect(next?.getTime()).toBeGreaterThan(Date.now());
    expect(vendor.count('create')).toBe(0);
    await settled();
    expect(await person.pass()).toEqual({});
    expect(vendor.count('create')).toBe(1);
    expect(await person.results()).toEqual(['create sent', 'create done']);
  });

  it('is not made again behind a replica that does not show it yet', async () => {
    await person.release([create()]);
    vendor.lagMs = SETTLE_MS - 100;
    vendor.mishaps.push('crash-after');
    await expect(person.pass()).rejects.toBeInstanceOf(Crash);
    expect((await person.pass()).next).toBeDefined();
    expect(await person.results()).toEqual(['create sent']);
    await settled();
    await person.pass();
    expect(vendor.count('create')).toBe(1);
    expect(await person.results()).toEqual(['create sent', 'create found']);
  });

  it('is not made again when it died between the record and the row', async () => {
    class Dying extends SendingRows {
      override remove(commandIds: readonly string[]): Promise<void> {
        return commandIds.length > 0 ? Promise.reject(new Crash()) : Promise.resolve();
      }
    }
    await person.release([create()]);
    await expect(person.pass({ rows: new Dying(person.database) })).rejects.toBeInstanceOf(Crash);
    expect(await person.rows()).toHaveLength(1);
    expect(await person.pass()).toEqual({});
    expect(vendor.calls).toEqual(['create']);
    expect(vendor.probes).toEqual([]);
    expect(await person.results()).toEqual(['create done']);
    expect(await person.rows()).toEqual([]);
  });

  it('is looked for, not made again, when all rows are lost with it', async () => {
    await person.release([create()]);
    vendor.mishaps.push('crash-after');
    await expect(person.pass()).rejects.toBeInstanceOf(Crash);
    const rebuilt = await OnePerson.begin(store, postgres.url, vendor);
    Object.assign(rebuilt, { identityId: person.identityId });
    await person.close();
    person = rebuilt;
    expect(await person.pass()).toEqual({});
    expect(vendor.count('create')).toBe(1);
    expect(await person.results()).toEqual(['create found']);
  });

  it('is closed by a probe, not dropped, when nobody wants it any more', async () => {
    await person.release([create()]);
    vendor.mishaps.push('crash-after');
    await expect(person.pass()).rejects.toBeInstanceOf(Crash);
    await person.release([]);
    await person.pass();
    expect(await person.results()).toEqual(['create sent', 'create found']);
    expect(vendor.count('create')).toBe(1);
  });
});

describe('a lost answer', () => {
  it('to a write that is harmless to repeat has it repeated without a look', async () => {
    await employed();
    await person.release([set('title', 'Chief')]);
    vendor.mishaps.push('lost-after');
    expect((await person.pass()).fault).toMatchObject({ kind: 'unknown' });
    expect(await person.pass()).toEqual({});
    expect(vendor.calls).toEqual(['set title', 'set title']);
    expect(vendor.probes).toEqual([]);
    expect(await person.results()).toEqual(['create done', 'set title sent', 'set title done']);
  });

  it('keeps nothing else of the person waiting', async () => {
    await employed();
    await person.release([
      set('title', 'Chief'),
      command({ action: 'grant', entitlement: group, value: true, object: { kind: 'account', id: 'toy-1' } }),
    ]);
    vendor.mishaps.push('lost-before');
    await person.pass();
    expect(vendor.calls).toEqual(['grant g1']);
  });

  it('of a throttled connection stops the pass and says when to go on', async () => {
    await employed();
    await person.release([
      set('title', 'Chief'),
      command({ action: 'grant', entitlement: group, value: true, object: { kind: 'account', id: 'toy-1' } }),
    ]);
    vendor.mishaps.push('throttled');
    expect((await person.pass()).fault).toMatchObject({ kind: 'throttled', retryAfter: 700 });
    expect(vendor.calls).toEqual([]);
    expect(await person.rows()).toMatchObject([{ attempts: 1, lost_at: null }]);
    await person.pass();
    expect(vendor.calls).toEqual(['set title', 'grant g1']);
  });
});

describe('the fence', () => {
  it('stops a command that was withdrawn while it waited for its turn', async () => {
    await person.release([create()]);
    vendor.beforeFence = () => person.release([]);
    await person.pass();
    expect(vendor.calls).toEqual([]);
    expect(await person.results()).toEqual(['create superseded']);
    expect(await person.rows()).toEqual([]);
  });

  it('stops a command whose person changed lifecycle while it waited for its turn', async () => {
    await person.release([create()]);
    vendor.beforeFence = () => person.live('left');
    const { next } = await person.pass();
    expect(vendor.calls).toEqual([]);
    expect(next).toBeDefined();
    expect(await person.results()).toEqual([]);
    expect(await person.rows()).toEqual([]);
  });

  it('has a create leave as the newest plan wants it', async () => {
    const made = create();
    await person.release([made]);
    let renewed = false;
    vendor.beforeFence = async () => {
      if (!renewed) await person.release([{ ...made, valueHmac: 'newer', profile: { ...made.profile, title: 'Chief' } }]);
      renewed = true;
    };
    await person.pass();
    expect(vendor.calls).toEqual(['create']);
    expect(vendor.accounts.get('toy-1')?.profile).toMatchObject({ title: 'Chief' });
  });

  it('stops a worker that lost its claim, and leaves the row to the next', async () => {
    await person.release([create()]);
    vendor.beforeFence = () => Promise.resolve((person.claim.stands = false));
    expect(await person.pass()).toMatchObject({ lost: true });
    expect(vendor.calls).toEqual([]);
    expect(await person.results()).toEqual([]);
  });

  it('reads the store and not its own memory at a repeat', async () => {
    await employed();
    await person.release([set('title', 'Chief')]);
    vendor.mishaps.push('lost-before');
    await person.pass();
    await person.live('left');
    await person.pass();
    expect(vendor.calls).toEqual([]);
  });
});

describe('a worker that lost its claim while its call was away', () => {
  it('records a real answer all the same', async () => {
    await person.release([create()]);
    vendor.whileAway = () => Promise.resolve(person.takeClaim());
    await person.pass();
    expect(await person.results()).toEqual(['create done']);
    expect(await person.rows()).toEqual([]);
  });

  it('records no lost answer: the next one finds the row', async () => {
    await person.release([create()]);
    vendor.mishaps.push('lost-after');
    vendor.whileAway = () => Promise.resolve(person.takeClaim());
    expect(await person.pass()).toMatchObject({ lost: true });
    expect(await person.results()).toEqual([]);
    vendor.whileAway = () => Promise.resolve();
    await person.pass();
    expect(await person.results()).toEqual(['create sent', 'create found']);
    expect(vendor.count('create')).toBe(1);
  });
});

describe('a login that is taken', () => {
  const other = (matchKey: string): void => {
    vendor.accounts.set('toy-0', {
      id: 'toy-0',
      profile: { login: 'ada.byron@example.com', employeeNumber: matchKey },
      enabled: true,
      holds: new Set(),
    });
  };

  it('by an account with this match key is linked', async () => {
    other('1001');
    await person.release([create()]);
    await person.pass();
    expect(await person.results()).toEqual(['create found']);
    expect((await person.provisioning()).created['toy-main']).toMatchObject({ accountId: 'toy-0', result: 'found' });
  });

  it('by anybody else is a case', async () => {
    other('9999');
    await person.release([create()]);
    await person.pass();
    expect(await person.results()).toEqual(['create case']);
    expect((await person.provisioning()).created['toy-main']).toBeUndefined();
  });
});

describe('an enable', () => {
  const disabled = async (by: ToyVendor['disabledBy']): Promise<Command> => {
    await employed();
    const account = vendor.accounts.get('toy-1');
    if (account) account.enabled = false;
    vendor.disabledBy = by;
    await person.observe('toy-1', false);
    const enable = command({ action: 'enable', value: true, object: { kind: 'account', id: 'toy-1' } });
    await person.release([enable]);
    return enable;
  };

  it.each(['other', 'unknown'] as const)('is a lock when the log names %s', async (by) => {
    await disabled(by);
    await person.pass();
    expect(vendor.calls).toEqual([]);
    expect(await person.results()).toEqual(['create done', 'enable locked']);
  });

  it('is sent when the log names us', async () => {
    await disabled('us');
    await person.pass();
    expect(vendor.calls).toEqual(['enable']);
    expect(vendor.accounts.get('toy-1')?.enabled).toBe(true);
  });

  it('is never repeated unprobed', async () => {
    await disabled('us');
    vendor.mishaps.push('crash-after');
    await expect(person.pass()).rejects.toBeInstanceOf(Crash);
    expect((await person.pass()).next).toBeDefined();
    expect(vendor.count('enable')).toBe(1);
    await settled();
    await person.pass();
    expect(vendor.count('enable')).toBe(1);
    expect(await person.results()).toEqual(['create done', 'enable sent', 'enable found']);
  });
});
