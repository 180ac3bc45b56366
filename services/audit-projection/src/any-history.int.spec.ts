import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Holders } from './show-holders.ts';
import type { AsOf } from './show-as-of.ts';
import type { Diff } from './show-diff.ts';
import { anyHistory, castOf, type Cast, CONNECTION, dayOf } from './testing/any-history.ts';
import { record, type Stated } from './testing/hire.ts';
import { holdersThen, personOf, type Point, type StoredEvent, worldAt } from './testing/oracle.ts';
import { RunningAudit } from './testing/running-audit.ts';

const HISTORIES = Number(process.env['MUSTER_WORLDS'] ?? 12);
const QUESTIONS = 25;
const seed = Number(process.env['MUSTER_SEED'] ?? Date.now() % 1_000_000);

let audit: RunningAudit;

beforeAll(async () => {
  audit = await RunningAudit.start();
}, 60_000);

afterAll(() => audit.stop(), 30_000);

const ask = async <T>(path: string, query: Record<string, string>): Promise<T> => {
  const { status, body } = await audit.ask(path, query);
  if (status !== 200) throw new Error(`${path} answered ${status}: ${JSON.stringify(body)}`);
  return body as T;
};

const namesOf = (cast: Cast): string[] => [...cast.identities, ...cast.accounts, ...cast.groups, ...cast.apps];

async function eventsOf(cast: Cast): Promise<StoredEvent[]> {
  const names = namesOf(cast);
  const events: StoredEvent[] = [];
  for await (const event of audit.platform.store.readAll())
    if (names.some((name) => event.stream.endsWith(name))) events.push(event as unknown as StoredEvent);
  return events;
}

/** Everybody and everything is known from the first day on, so that it can be asked for at every point; one group is in another, with somebody in it, and somebody's account is deleted soon. */
const introduced = (cast: Cast): Stated[] => {
  const read = { readId: 'first', kind: 'fetch' as const, startedAt: dayOf(-1) };
  const connection = CONNECTION;
  const [member = ''] = cast.accounts;
  const deleted = cast.accounts.at(-1) ?? '';
  const [owner = ''] = cast.identities;
  const [inner = '', outer = ''] = cast.groups;
  const joins = (kind: 'account' | 'group', id: string, groupId: string): Stated => ({
    stream: `${kind}-${connection}.${id}`,
    type: 'EntitlementObserved',
    data: { connection, holder: { kind, id }, entitlement: { kind: 'group', id: groupId }, via: 'direct', read },
    occurredAt: dayOf(-1),
  });
  return [
    ...cast.identities.map((identityId): Stated => ({
      stream: `identity-${identityId}`,
      type: 'IdentityCreated',
      data: { identityId, source: { connection: 'hr-main', stream: 'worker-hr-main.nobody' } },
      occurredAt: dayOf(-1),
    })),
    ...cast.groups.map((groupId): Stated => ({
      stream: `group-${connection}.${groupId}`,
      type: 'GroupObserved',
      data: { connection, groupId, name: groupId, groupKind: 'OKTA_GROUP', writable: true, read },
      occurredAt: dayOf(-1),
    })),
    ...cast.apps.map((appId): Stated => ({
      stream: `app-${connection}.${appId}`,
      type: 'AppObserved',
      data: { connection, appId, name: appId, status: 'ACTIVE', read },
      occurredAt: dayOf(-1),
    })),
    joins('group', inner, outer),
    joins('account', member, inner),
    {
      stream: `identity-${owner}`,
      type: 'AccountLinked',
      data: { identityId: owner, connection, accountId: deleted, by: 'match-key' },
      occurredAt: dayOf(-1),
    },
    {
      stream: `account-${connection}.${deleted}`,
      type: 'AccountDeleted',
      data: { connection, accountId: deleted, evidence: 'log', read: { ...read, startedAt: dayOf(2) } },
      occurredAt: dayOf(2),
    },
  ];
};

interface Met {
  members: number;
  nested: number;
  holders: number;
  access: number;
  deleted: number;
  believedOtherwise: number;
  differences: number;
}

describe('any history, asked at any point of both time axes', () => {
  const met: Met = { members: 0, nested: 0, holders: 0, access: 0, deleted: 0, believedOtherwise: 0, differences: 0 };

  async function asksHolders(events: readonly StoredEvent[], point: Point, object: { kind: 'group' | 'app'; id: string }): Promise<void> {
    const path = object.kind === 'group' ? 'members' : 'who-has';
    const { objects } = await ask<Holders>(`/${path}/${object.id}`, { at: point.asOf, known: point.knownAt });
    const holders = objects[0]?.holders ?? [];
    const expected = holdersThen(worldAt(events, point), CONNECTION, object);
    expect({ object, point, holders: holders.map(({ accountId }) => accountId) }).toEqual({ object, point, holders: expected });
    if (expected.length > 0) met[object.kind === 'group' ? 'members' : 'holders'] += 1;
    if (holders.some(({ via }) => via.some(({ through }) => through.length > 0))) met.nested += 1;
    const later = holdersThen(worldAt(events, { ...point, knownAt: '2099-01-01T00:00:00Z' }), CONNECTION, object);
    if (JSON.stringify(later) !== JSON.stringify(expected)) met.believedOtherwise += 1;
  }

  async function asksPerson(events: readonly StoredEvent[], point: Point, identityId: string): Promise<void> {
    const then = await ask<AsOf>(`/as-of/${identityId}`, { date: point.asOf, known: point.knownAt });
    const expected = personOf(worldAt(events, point), CONNECTION, identityId);
    const accounts = then.accounts.map(({ accountId, status, enabled, profile, entitlements }) => ({
      accountId,
      status,
      enabled,
      profile,
      has: entitlements.map(({ kind, id }) => `${kind} ${id}`).toSorted(),
    }));
    expect({ point, lifecycle: then.lifecycle, login: then.login, attributes: then.attributes, accounts }).toEqual({ point, ...expected });
    if (expected.accounts.some(({ has }) => has.length > 0)) met.access += 1;
    if (expected.accounts.some(({ status }) => status === 'deleted')) met.deleted += 1;
  }

  async function asksDiff(events: readonly StoredEvent[], point: Point, { to, group }: { to: string; group: string }): Promise<void> {
    const { differences } = await ask<Diff>(`/diff/group:${group}`, { from: point.asOf, to, known: point.knownAt });
    const [before, after] = [point.asOf, to].map((asOf) =>
      holdersThen(worldAt(events, { ...point, asOf }), CONNECTION, { kind: 'group', id: group }),
    ) as [string[], string[]];
    expect({
      gained: differences.filter(({ change }) => change === 'gained').map(({ accountId }) => accountId),
      lost: differences.filter(({ change }) => change === 'lost').map(({ accountId }) => accountId),
    }).toEqual({ gained: after.filter((one) => !before.includes(one)), lost: before.filter((one) => !after.includes(one)) });
    if (differences.length > 0) met.differences += 1;
  }

  it(`is answered as a fold of the whole store answers it (MUSTER_SEED=${seed})`, async () => {
    const random = fc.sample(fc.integer({ min: 0, max: 1_000_000 }), { numRuns: HISTORIES * QUESTIONS * 8, seed });
    const draw = <T>(of: readonly T[]): T => of[(random.pop() as number) % of.length] as T;
    for (let number = 0; number < HISTORIES; number += 1) {
      const cast = castOf(number);
      const [history] = fc.sample(anyHistory(cast), { numRuns: 1, seed: seed + number }) as [Stated[]];
      await record(audit.platform.store, [...introduced(cast), ...history]);
      const events = await eventsOf(cast);
      await audit.caughtUpWith((history.at(-1) as Stated).stream);
      for (let question = 0; question < QUESTIONS; question += 1) {
        const asOf = dayOf((random.pop() as number) % 22);
        const point = { asOf, knownAt: draw([...events.slice(-history.length), events.at(-1) as StoredEvent]).recordedAt };
        await asksHolders(events, point, { kind: 'group', id: draw(cast.groups) });
        await asksHolders(events, point, { kind: 'app', id: draw(cast.apps) });
        await asksPerson(events, point, draw(cast.identities));
        await asksDiff(events, point, { to: dayOf((random.pop() as number) % 22), group: draw(cast.groups) });
      }
    }
    for (const [name, times] of Object.entries(met)) expect({ name, often: times > 10 }).toEqual({ name, often: true });
  }, 170_000);
});
