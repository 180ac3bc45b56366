import { sameJson } from '@muster/identity';
import type { Database } from '@muster/read-store';
import { sql } from 'kysely';
import { type Access, accessOf, peopleOf } from './access-then.ts';
import type { Axes } from './axes.ts';
import type { Person } from './find-person.ts';
import { type Holder, holdersOf } from './holders.ts';
import { findObjects, objectKey, objectsAt } from './objects.ts';
import { personThen } from './show-as-of.ts';
import { unreadNotes, type UnreadNote } from './unread.ts';
import { projectedUpTo, type UpTo } from './up-to.ts';

export interface Difference {
  readonly change: 'gained' | 'lost' | 'changed';
  /** `member`: of the group or department that was asked for; `holder`: of the app; `access`: what a person has. */
  readonly of: 'attribute' | 'account' | 'access' | 'member' | 'holder';
  /** Attribute, `account`, or `kind:id`. */
  readonly what: string;
  readonly name?: string;
  readonly connection?: string;
  readonly accountId?: string;
  readonly identityId?: string;
  readonly displayName?: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

export interface Diff {
  readonly upTo: UpTo;
  readonly subject: string;
  readonly from: string;
  readonly to: string;
  readonly knownAt: string;
  readonly differences: readonly Difference[];
  readonly notes: readonly (UnreadNote & { readonly at: string })[];
}

/** Two dates, both as known at one time. */
export interface Span {
  readonly from: string;
  readonly to: string;
  readonly knownAt: string;
}

export type Subject =
  | { readonly kind: 'person'; readonly person: Person }
  | { readonly kind: 'group' | 'app'; readonly name: string; readonly connection?: string | undefined }
  | { readonly kind: 'department'; readonly name: string };

const ends = ({ from, to, knownAt }: Span): readonly [Axes, Axes] => [
  { asOf: from, knownAt },
  { asOf: to, knownAt },
];

/** What one side has and the other has not, by key. */
function gainedAndLost<T>(before: readonly T[], after: readonly T[], keyOf: (one: T) => string): { change: 'gained' | 'lost'; one: T }[] {
  const had = new Set(before.map(keyOf));
  const has = new Set(after.map(keyOf));
  return [
    ...before.filter((one) => !has.has(keyOf(one))).map((one) => ({ change: 'lost' as const, one })),
    ...after.filter((one) => !had.has(keyOf(one))).map((one) => ({ change: 'gained' as const, one })),
  ];
}

const accessKey = ({ identityId, connection, accountId, kind, id }: Access): string =>
  [identityId, connection, accountId, kind, id].join(' ');

const accessDifference = ({ change, one }: { change: 'gained' | 'lost'; one: Access }): Difference => ({
  change,
  of: 'access',
  what: `${one.kind}:${one.id}`,
  connection: one.connection,
  accountId: one.accountId,
  identityId: one.identityId,
  ...(one.name === undefined ? {} : { name: one.name }),
});

function valueDifferences(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
  more: Partial<Difference> = {},
): Difference[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
  return names
    .filter((name) => !sameJson(before[name], after[name]))
    .map((name) => ({ change: 'changed', of: 'attribute', what: name, before: before[name] ?? null, after: after[name] ?? null, ...more }));
}

type PersonThen = Awaited<ReturnType<typeof personThen>>;
type AccountThen = PersonThen['accounts'][number];

const flat = ({ lifecycle, login, attributes }: PersonThen) => ({ ...attributes, lifecycle, ...(login === undefined ? {} : { login }) });
const accountKey = ({ connection, accountId }: AccountThen): string => `${connection} ${accountId}`;

function accountDifferences(before: PersonThen, after: PersonThen): Difference[] {
  const then = new Map(before.accounts.map((account) => [accountKey(account), account]));
  return [
    ...gainedAndLost(before.accounts, after.accounts, accountKey).map(({ change, one: { connection, accountId } }): Difference => ({
      change,
      of: 'account',
      what: 'account',
      connection,
      accountId,
    })),
    ...after.accounts.flatMap(({ connection, accountId, status, enabled, profile }) => {
      const was = then.get(`${connection} ${accountId}`);
      return was === undefined
        ? []
        : valueDifferences(
            { ...was.profile, status: was.status, enabled: was.enabled },
            { ...profile, status, enabled },
            { connection, accountId },
          );
    }),
  ];
}

const accessIn = ({ accounts }: PersonThen, identityId: string): Access[] =>
  accounts.flatMap(({ connection, accountId, entitlements }) => entitlements.map((one) => ({ ...one, identityId, connection, accountId })));

async function diffPerson(db: Database, { identityId }: Person, span: Span): Promise<Difference[]> {
  const [first, second] = ends(span);
  const before = await personThen(db, identityId, first);
  const after = await personThen(db, identityId, second);
  return [
    ...valueDifferences(flat(before), flat(after)),
    ...accountDifferences(before, after),
    ...gainedAndLost(accessIn(before, identityId), accessIn(after, identityId), accessKey).map(accessDifference),
  ];
}

const holderDifference =
  (of: 'member' | 'holder', object: { kind: string; id: string }) =>
  ({ change, one }: { change: 'gained' | 'lost'; one: Holder }): Difference => {
    const { connection, accountId, identityId, displayName } = one;
    return {
      change,
      of,
      what: `${object.kind}:${object.id}`,
      connection,
      accountId,
      ...(identityId === undefined ? {} : { identityId }),
      ...(displayName === undefined ? {} : { displayName }),
    };
  };

async function diffObject(db: Database, asked: Exclude<Subject, { kind: 'person' | 'department' }>, span: Span): Promise<Difference[]> {
  const [first, second] = ends(span);
  const found = await findObjects(db, asked, second);
  const earlier = await objectsAt(db, found, first);
  const differences: Difference[] = [];
  for (const object of found) {
    const was = earlier.get(objectKey(object)) ?? { ...object, existence: 'unknown' as const };
    const [before, after] = [await holdersOf(db, was, first), await holdersOf(db, object, second)];
    const of = object.kind === 'group' ? 'member' : 'holder';
    differences.push(...gainedAndLost(before, after, ({ accountId }) => accountId).map(holderDifference(of, object)));
  }
  return differences;
}

async function diffDepartment(db: Database, name: string, span: Span): Promise<Difference[]> {
  const [first, second] = ends(span);
  const [before, after] = [await peopleOf(db, name, first), await peopleOf(db, name, second)];
  const people = [...new Set([...before, ...after])];
  const access = gainedAndLost(await accessOf(db, people, first), await accessOf(db, people, second), accessKey);
  const moved = gainedAndLost(before, after, (id) => id).map(({ change, one }): Difference => ({
    change,
    of: 'member',
    what: `department:${name}`,
    identityId: one,
  }));
  return withNames(db, [...moved, ...access.map(accessDifference)]);
}

/** Puts today's names beside ids of people. */
async function withNames(db: Database, differences: readonly Difference[]): Promise<Difference[]> {
  const ids = [...new Set(differences.flatMap(({ identityId }) => identityId ?? []))];
  const { rows } = await sql<{ identity_id: string; display_name: string | null }>`
    select identity_id, display_name from person where identity_id = any(${ids}::uuid[])`.execute(db);
  const names = new Map(rows.map((row) => [row.identity_id, row.display_name]));
  return differences.map((one) => {
    const displayName = one.identityId === undefined ? null : (names.get(one.identityId) ?? null);
    return displayName === null ? one : { ...one, displayName };
  });
}

const differencesOf = (db: Database, subject: Subject, span: Span): Promise<Difference[]> => {
  switch (subject.kind) {
    case 'person':
      return diffPerson(db, subject.person, span);
    case 'group':
    case 'app':
      return diffObject(db, subject, span);
    case 'department':
      return diffDepartment(db, subject.name, span);
  }
};

const wordFor = (subject: Subject): string => (subject.kind === 'person' ? subject.person.identityId : `${subject.kind}:${subject.name}`);

/** What was gained, lost and changed between two dates, as known at one time. */
export async function showDiff(
  db: Database,
  subject: Subject,
  { span, directories }: { span: Span; directories: readonly string[] },
): Promise<Diff> {
  const upTo = await projectedUpTo(db);
  const differences = await differencesOf(db, subject, span);
  const connections = [...directories, ...differences.flatMap(({ connection }) => connection ?? [])];
  const notes = await Promise.all(
    ends(span).map(async (axes) => (await unreadNotes(db, connections, axes)).map((note) => ({ ...note, at: axes.asOf }))),
  );
  return { upTo, subject: wordFor(subject), ...span, differences, notes: notes.flat() };
}
