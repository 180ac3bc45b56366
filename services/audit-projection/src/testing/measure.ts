/**
 * Measures the projection at the size of a company: `node dist/testing/measure.js` from the package. 10,000 people with an account each, 200 groups, one of them
 * of 3,000, 60,000 memberships. Prints what writing them took and how long questions take.
 */
import { messagingTables } from '@muster/messaging';
import type { Message } from '@muster/messaging';
import { openReadStore, type ReadStore } from '@muster/read-store';
import { startTemporaryPostgres } from '@muster/read-store/testing';
import { sql } from 'kysely';
import { indexers } from '../index-facts.ts';
import { personThen } from '../show-as-of.ts';
import { holdersOf } from '../holders.ts';
import { showHolders } from '../show-holders.ts';
import { auditTables } from '../tables.ts';

const PEOPLE = 10_000;
const GROUPS = 200;
const MEMBERSHIPS = 60_000;
const BIG = 3_000;
const BATCH = 500;
const AT = '2026-03-01T12:00:00.000Z';
const CONNECTION = 'okta-main';

const identityOf = (number: number): string => `7d1f3c52-9a44-5b0e-8f6d-${String(number).padStart(12, '0')}`;
const accountOf = (number: number): string => `00u${number}`;

let position = 0;
const revisions = new Map<string, number>();

function message(topic: Message['topic'], stream: string, type: string, data: object): Message {
  const revision = (revisions.get(stream) ?? -1) + 1;
  revisions.set(stream, revision);
  position += 1;
  const recordedAt = new Date(Date.parse(AT) + position).toISOString();
  return {
    topic,
    key: stream,
    stream,
    revision,
    position: String(position),
    id: `event-${position}`,
    type,
    occurredAt: AT,
    recordedAt,
    correlationId: 'measure',
    data: data as Record<string, unknown>,
  };
}

const SOURCE = 'muster.source.events.v1';
const IDENTITY = 'muster.identity.events.v1';
const read = { readId: 'full-1', kind: 'full', startedAt: AT };
const profileOf = (number: number) =>
  Object.fromEntries(Array.from({ length: 15 }, (_, field) => [`attribute${field}`, `value ${field} of ${number}`]));

/** Members of a group that gets as many as its turn: the first is the big one. */
function* memberships(): Iterable<Message> {
  const member = (number: number, group: number): Message =>
    message(SOURCE, `account-${CONNECTION}.${accountOf(number)}`, 'EntitlementObserved', {
      connection: CONNECTION,
      holder: { kind: 'account', id: accountOf(number) },
      entitlement: { kind: 'group', id: `00g${group}` },
      via: 'direct',
      read,
    });
  for (let number = 0; number < BIG; number += 1) yield member(number, 0);
  for (let one = 0; one < MEMBERSHIPS - BIG; one += 1)
    yield member((one * 7) % PEOPLE, 1 + ((one + Math.floor(one / PEOPLE)) % (GROUPS - 1)));
}

function* people(): Iterable<Message> {
  for (let number = 0; number < PEOPLE; number += 1) {
    const identityId = identityOf(number);
    const stream = `identity-${identityId}`;
    yield message(IDENTITY, stream, 'IdentityCreated', {
      identityId,
      source: { connection: 'hr-main', stream: `worker-hr-main.${number}` },
    });
    const attributes = {
      ...profileOf(number),
      displayName: `Person ${number}`,
      employeeNumber: `E${number}`,
      department: `D${number % 40}`,
    };
    yield message(IDENTITY, stream, 'IdentityAttributesChanged', {
      identityId,
      attributes,
      changed: Object.keys(attributes),
      provenance: {},
    });
    yield message(IDENTITY, stream, 'AccountLinked', { identityId, connection: CONNECTION, accountId: accountOf(number), by: 'created' });
  }
}

function* accounts(): Iterable<Message> {
  for (let group = 0; group < GROUPS; group += 1)
    yield message(SOURCE, `group-${CONNECTION}.00g${group}`, 'GroupObserved', {
      connection: CONNECTION,
      groupId: `00g${group}`,
      name: `Group ${group}`,
      groupKind: 'OKTA_GROUP',
      writable: true,
      read,
    });
  for (let number = 0; number < PEOPLE; number += 1)
    yield message(SOURCE, `account-${CONNECTION}.${accountOf(number)}`, 'AccountObserved', {
      connection: CONNECTION,
      accountId: accountOf(number),
      status: 'ACTIVE',
      enabled: true,
      profile: profileOf(number),
      aspects: ['profile', 'status'],
      read,
    });
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function write(database: ReadStore, what: string, messages: Iterable<Message>): Promise<void> {
  const all = [...messages];
  const started = performance.now();
  for (let start = 0; start < all.length; start += BATCH) {
    const batch = all.slice(start, start + BATCH);
    const index = indexers[(batch[0] as Message).topic as keyof typeof indexers];
    await database.transaction((transaction) => index(transaction, batch));
  }
  const seconds = (performance.now() - started) / 1000;
  print(`${what}: ${all.length} facts in ${seconds.toFixed(1)} s, ${Math.round(all.length / seconds)} a second`);
}

async function time(what: string, times: number, ask: (number: number) => Promise<unknown>): Promise<void> {
  for (let warm = 0; warm < 20; warm += 1) await ask(warm);
  const taken: number[] = [];
  for (let number = 0; number < times; number += 1) {
    const started = performance.now();
    await ask(number);
    taken.push(performance.now() - started);
  }
  const sorted = taken.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.min(times - 1, Math.floor(times * share))] as number).toFixed(2);
  print(`${what}: median ${at(0.5)} ms, p99 ${at(0.99)} ms, worst ${at(1)} ms (${times} times)`);
}

const postgres = await startTemporaryPostgres();
const database = await openReadStore({ url: postgres.url, schema: 'measured', migrations: [...messagingTables, ...auditTables] });
try {
  await write(database, 'groups and accounts', accounts());
  await write(database, 'people', people());
  await write(database, 'memberships', memberships());
  await sql`analyze`.execute(database.db);
  const axes = { asOf: '2026-06-01T00:00:00.000Z', knownAt: '2026-06-01T00:00:00.000Z' };
  const big = { connection: CONNECTION, kind: 'group', id: '00g0', existence: 'there' as const };
  await time(`the query for members of a group of ${BIG}`, 200, () => holdersOf(database.db, big, axes));
  await time(`members of a group of ${BIG}`, 200, () => showHolders(database.db, { kind: 'group', name: 'Group 0' }, axes));
  await time('members of a group of about 290', 200, (number) =>
    showHolders(database.db, { kind: 'group', name: `Group ${1 + (number % 199)}` }, axes),
  );
  await time('a person', 1_000, (number) => personThen(database.db, identityOf((number * 37) % PEOPLE), axes));
  const { rows } = await sql<{ rows: number; size: string }>`
    select (select count(*) from held) as rows, pg_size_pretty(pg_total_relation_size('held')) as size`.execute(database.db);
  print(`held: ${rows[0]?.rows} rows, ${rows[0]?.size} with indexes`);
} finally {
  await database.close();
  await postgres.stop();
}
