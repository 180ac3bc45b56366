import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { RecordedEvent } from '@muster/event-store';
import type { Axes } from './axes.ts';
import { personAsOf } from './person-as-of.ts';
import { Hire, type Stated } from './testing/hire.ts';

const ada = new Hire(1);
const day = (number: number): string => new Date(Date.UTC(2026, 2, 1 + number)).toISOString();
const RECORDED = Date.UTC(2026, 2, 1);

/** As a store would give it back: one event an hour, revisions by stream. */
const stored = (stated: readonly Stated[], recordedHours = stated.map((_, index) => index)): RecordedEvent[] => {
  const revisions = new Map<string, number>();
  return stated.map(({ stream, type, data, occurredAt }, index) => {
    const revision = (revisions.get(stream) ?? -1) + 1;
    revisions.set(stream, revision);
    return {
      id: `event-${index}`,
      type,
      stream,
      revision,
      position: String(index + 1),
      recordedAt: new Date(RECORDED + (recordedHours[index] ?? 0) * 3_600_000).toISOString(),
      data: data as unknown as Record<string, unknown>,
      metadata: { correlationId: 'c', occurredAt, schema: 'muster:test/test.v1', actor: 'test' },
    };
  });
};

const FOREVER = '2099-01-01T00:00:00.000Z';

describe('a person at a point on both time axes', () => {
  it('has what HR stated for that day, though it was decided or learnt later', () => {
    const events = stored(
      [ada.stated('Engineer', '2026-03-02', 1), ...ada.joined('Engineer', day(1)), ada.stated('Lead', '2026-03-05', 2)],
      [0, 24, 24, 24, 24, 500],
    );
    expect(personAsOf(events, { asOf: day(10), knownAt: FOREVER }).attributes).toMatchObject({ title: 'Lead' });
    expect(personAsOf(events, { asOf: day(10), knownAt: day(10) }).attributes).toMatchObject({ title: 'Engineer' });
  });

  it('has the account from its beginning, though the link was found later', () => {
    const events = stored([ada.seen('Engineer', day(2)), ...ada.joined('Engineer', day(8)), ada.linked(day(9))]);
    expect(personAsOf(events, { asOf: day(3), knownAt: FOREVER }).accounts).toHaveLength(1);
    expect(personAsOf(events, { asOf: day(3), knownAt: new Date(RECORDED + 3_600_000).toISOString() }).accounts).toEqual([]);
  });

  it('has a wrongly linked account until the link is taken apart', () => {
    const unlinked: Stated = {
      stream: ada.identity,
      type: 'AccountUnlinked',
      data: { identityId: ada.identityId, connection: 'okta-main', accountId: ada.accountId, reason: 'person' },
      occurredAt: day(9),
    };
    const events = stored([...ada.joined('Engineer', day(1)), ada.linked(day(2)), ada.seen('Engineer', day(2)), unlinked]);
    expect(personAsOf(events, { asOf: day(5), knownAt: FOREVER }).accounts).toHaveLength(1);
    expect(personAsOf(events, { asOf: day(10), knownAt: FOREVER }).accounts).toEqual([]);
  });

  it('says when HR states another lifecycle for that day than Muster had recorded', () => {
    const events = stored([ada.stated('Engineer', '2026-02-01', 1), ...ada.joined('Engineer', day(1))]);
    const { lifecycle, notes } = personAsOf(events, { asOf: '2026-03-02T12:00:00.000Z', knownAt: FOREVER });
    expect({ lifecycle, notes }).toEqual({ lifecycle: 'active', notes: [] });
    const left: Stated = {
      stream: ada.identity,
      type: 'IdentityLifecycleChanged',
      data: {
        identityId: ada.identityId,
        state: 'left',
        startsOn: '2026-03-02',
        timeZone: 'UTC',
        cause: { stream: ada.worker, revision: 0 },
      },
      occurredAt: day(3),
    };
    expect(
      personAsOf(stored([ada.stated('Engineer', '2026-02-01', 1), ...ada.joined('Engineer', day(1)), left]), {
        asOf: day(5),
        knownAt: FOREVER,
      }).notes,
    ).toEqual([expect.stringContaining('"left"')]);
  });
});

interface Expected {
  readonly title: unknown;
  readonly login: unknown;
  readonly account: { readonly title: unknown; readonly status: string; readonly groups: number } | undefined;
}

type Last = (...types: string[]) => RecordedEvent | undefined;

/** Each statement replaces those that would begin with it or later; of what is left, the latest day that has begun holds. */
function statedTitle(counted: readonly RecordedEvent[]): unknown {
  let statements: { from: string; title: unknown }[] = [];
  for (const { type, data } of counted) {
    if (type !== 'WorkerRecorded') continue;
    const from = data['effectiveFrom'] as string;
    statements = [...statements.filter((one) => one.from < from), { from, title: (data['record'] as { title: unknown }).title }];
  }
  return statements.at(-1)?.title;
}

function expectedAccount(last: Last): Expected['account'] {
  const existence = last('AccountObserved', 'AccountDeleted');
  if (existence === undefined) return undefined;
  const deleted = existence.type === 'AccountDeleted';
  const member = last('EntitlementObserved', 'EntitlementGone')?.type === 'EntitlementObserved';
  const profile = last('AccountObserved')?.data['profile'] as { title?: unknown } | undefined;
  return { title: profile?.title, status: deleted ? 'deleted' : 'ACTIVE', groups: member && !deleted ? 1 : 0 };
}

/** The same question answered the slow way: take what counts, one event after the other, last word wins. */
function bruteForce(events: readonly RecordedEvent[], { asOf, knownAt }: Axes): Expected {
  const known = events.filter(({ recordedAt }) => new Date(recordedAt) <= new Date(knownAt));
  const counted = known.filter(({ metadata }) => new Date(metadata.occurredAt) <= new Date(asOf));
  const last: Last = (...types) => counted.findLast(({ type }) => types.includes(type));
  const decided = last('IdentityAttributesChanged')?.data['attributes'] as { title: unknown } | undefined;
  const owned = known.some(({ type }) => type === 'AccountLinked');
  return {
    title: statedTitle(counted) ?? decided?.title,
    login: last('LoginAssigned')?.data['login'],
    account: owned ? expectedAccount(last) : undefined,
  };
}

describe('any history at any point', () => {
  const DAYS = 30;
  const date = fc.integer({ min: 0, max: DAYS });
  const title = fc.constantFrom('Engineer', 'Lead', 'Manager');
  const event: fc.Arbitrary<Stated> = fc.oneof(
    fc
      .tuple(title, date, fc.integer({ min: 1, max: 99 }))
      .map(([said, from, version]) => ada.stated(said, day(from).slice(0, 10), version)),
    fc.tuple(title, date).map(([said, at]) => ada.decided(said, day(at))),
    date.map((at) => ada.joined('Engineer', day(at))[3] as Stated),
    date.map((at) => ada.linked(day(at))),
    fc.tuple(title, date).map(([said, at]) => ada.seen(said, day(at))),
    date.map((at) => ada.seenMember(day(at))),
    date.map((at) => ({ ...ada.seenMember(day(at)), type: 'EntitlementGone' }) as Stated),
    date.map((at) => ada.gone(day(at))[0] as Stated),
    date.map((at) => ada.confirmed(day(at))),
  );
  const history = fc
    .array(fc.tuple(event, fc.integer({ min: 0, max: 72 })), { maxLength: 40 })
    // The store's clock never runs backwards.
    .map((steps) => {
      let hour = 0;
      return stored(
        steps.map(([stated]) => stated),
        steps.map(([, after]) => (hour += after)),
      );
    });

  it('is what taking one event after the other says', () => {
    const met = { known: 0, account: 0, deleted: 0, member: 0 };
    fc.assert(
      fc.property(history, date, date, (events, asOfDay, knownDay) => {
        const axes = { asOf: day(asOfDay), knownAt: day(knownDay * 3) };
        const { attributes, login, accounts } = personAsOf(events, axes);
        const expected = bruteForce(events, axes);
        const [account] = accounts;
        expect({
          title: attributes['title'],
          login,
          account: account && { title: account.profile['title'], status: account.status, groups: account.entitlements.length },
        }).toEqual(expected);
        if (expected.title !== undefined) met.known += 1;
        if (expected.account) met.account += 1;
        if (expected.account?.status === 'deleted') met.deleted += 1;
        if (expected.account?.groups) met.member += 1;
      }),
      { numRuns: 2_000 },
    );
    for (const times of Object.values(met)) expect(times).toBeGreaterThan(20);
  });
});
