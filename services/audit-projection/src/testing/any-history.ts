import { type EventData, type EventType, streamOf } from '@muster/contracts';
import fc from 'fast-check';
import type { Stated } from './hire.ts';

export const CONNECTION = 'okta-main';
const DAYS = 20;

/** A name of its own for each history, so that one store holds many. */
export interface Cast {
  readonly identities: readonly string[];
  readonly accounts: readonly string[];
  readonly groups: readonly string[];
  readonly apps: readonly string[];
}

export const castOf = (number: number): Cast => {
  const digits = String(number).padStart(4, '0');
  return {
    identities: [1, 2].map((one) => `7d1f3c52-9a44-5b0e-8f6d-${digits}0e9b000${one}`),
    accounts: [1, 2, 3, 4].map((one) => `00u${digits}.${one}`),
    groups: [1, 2, 3, 4].map((one) => `00g${digits}.${one}`),
    apps: [1, 2].map((one) => `0oa${digits}.${one}`),
  };
};

export const dayOf = (number: number): string => new Date(Date.UTC(2026, 2, 1 + number, 12)).toISOString();

const event = <T extends EventType>(stream: string, type: T, data: EventData[T], at: number): Stated =>
  ({ stream, type, data, occurredAt: dayOf(at) }) as Stated;

/** Facts in any order: most come in time, others late, some correct what was said before. */
export function anyHistory(cast: Cast): fc.Arbitrary<Stated[]> {
  const connection = CONNECTION;
  const at = fc.integer({ min: 0, max: DAYS });
  const read = (day: number) => ({ readId: `read-${day}`, kind: 'fetch' as const, startedAt: dayOf(day) });
  const account = fc.constantFrom(...cast.accounts);
  const group = fc.constantFrom(...cast.groups);
  const app = fc.constantFrom(...cast.apps);
  const identity = fc.constantFrom(...cast.identities);
  const holder = fc.oneof(
    { weight: 3, arbitrary: account.map((id) => ({ kind: 'account' as const, id, stream: streamOf.account(connection, id) })) },
    { weight: 3, arbitrary: group.map((id) => ({ kind: 'group' as const, id, stream: streamOf.group(connection, id) })) },
  );
  const entitlement = fc.oneof(
    { weight: 3, arbitrary: group.map((id) => ({ kind: 'group' as const, id })) },
    { weight: 1, arbitrary: app.map((id) => ({ kind: 'app' as const, id })) },
  );
  const holding = fc.record({ holder, entitlement, at }).map((one) => ({
    stream: one.holder.stream,
    data: { connection, holder: { kind: one.holder.kind, id: one.holder.id }, entitlement: one.entitlement, read: read(one.at) },
    at: one.at,
  }));
  const observed = fc.record({
    accountId: account,
    status: fc.constantFrom('ACTIVE', 'SUSPENDED'),
    title: fc.constantFrom('Engineer', 'Lead', null),
    aspects: fc.constantFrom<('profile' | 'status')[]>(['profile', 'status'], ['profile'], ['status']),
    at,
  });
  return fc.array(
    fc.oneof(
      {
        weight: 10,
        arbitrary: holding.map(({ stream, data, at: day }) => event(stream, 'EntitlementObserved', { ...data, via: 'direct' }, day)),
      },
      {
        weight: 3,
        arbitrary: holding.map(({ stream, data, at: day }) => event(stream, 'EntitlementGone', { ...data, evidence: 'fetch' }, day)),
      },
      {
        weight: 3,
        arbitrary: observed.map(({ accountId, status, title, aspects, at: day }) =>
          event(
            streamOf.account(connection, accountId),
            'AccountObserved',
            { connection, accountId, status, enabled: status === 'ACTIVE', profile: { title }, aspects, read: read(day) },
            day,
          ),
        ),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(account, at)
          .map(([accountId, day]) =>
            event(
              streamOf.account(connection, accountId),
              'AccountDeleted',
              { connection, accountId, evidence: 'log', read: read(day) },
              day,
            ),
          ),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(account, at)
          .map(([accountId, day]) =>
            event(streamOf.account(connection, accountId), 'AccountRestored', { connection, accountId, read: read(day) }, day),
          ),
      },
      {
        weight: 2,
        arbitrary: fc
          .tuple(group, fc.constantFrom('Sales', 'Field'), at)
          .map(([groupId, name, day]) =>
            event(
              streamOf.group(connection, groupId),
              'GroupObserved',
              { connection, groupId, name: `${name} ${groupId}`, groupKind: 'OKTA_GROUP', writable: true, read: read(day) },
              day,
            ),
          ),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(group, at)
          .map(([groupId, day]) =>
            event(streamOf.group(connection, groupId), 'GroupDeleted', { connection, groupId, evidence: 'log', read: read(day) }, day),
          ),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(group, at)
          .map(([groupId, day]) =>
            event(streamOf.group(connection, groupId), 'GroupRestored', { connection, groupId, read: read(day) }, day),
          ),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(app, at)
          .map(([appId, day]) =>
            event(
              streamOf.app(connection, appId),
              'AppObserved',
              { connection, appId, name: `App ${appId}`, status: 'ACTIVE', read: read(day) },
              day,
            ),
          ),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(app, at)
          .map(([appId, day]) =>
            event(streamOf.app(connection, appId), 'AppDeleted', { connection, appId, evidence: 'log', read: read(day) }, day),
          ),
      },
      {
        weight: 3,
        arbitrary: fc
          .tuple(identity, account, at)
          .map(([identityId, accountId, day]) =>
            event(streamOf.identity(identityId), 'AccountLinked', { identityId, connection, accountId, by: 'match-key' }, day),
          ),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(identity, account, fc.constantFrom('person' as const, 'deleted' as const), at)
          .map(([identityId, accountId, reason, day]) =>
            event(streamOf.identity(identityId), 'AccountUnlinked', { identityId, connection, accountId, reason }, day),
          ),
      },
      {
        weight: 2,
        arbitrary: fc
          .tuple(identity, fc.constantFrom('Engineer', 'Lead'), fc.constantFrom('Sales', 'Field'), at)
          .map(([identityId, title, department, day]) =>
            event(
              streamOf.identity(identityId),
              'IdentityAttributesChanged',
              { identityId, attributes: { title, department }, changed: ['title', 'department'], provenance: {} },
              day,
            ),
          ),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(identity, fc.constantFrom('active' as const, 'left' as const), at)
          .map(([identityId, state, day]) =>
            event(
              streamOf.identity(identityId),
              'IdentityLifecycleChanged',
              { identityId, state, startsOn: '2026-03-02', timeZone: 'UTC', cause: { stream: streamOf.identity(identityId), revision: 0 } },
              day,
            ),
          ),
      },
    ),
    { minLength: 25, maxLength: 60 },
  );
}
