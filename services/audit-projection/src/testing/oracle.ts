/**
 * The same questions answered the slow way: of all events of the store those that were true and known by the point are folded one after the other, the last
 * word wins. Knows nothing of the projection.
 */

export interface StoredEvent {
  readonly stream: string;
  readonly type: string;
  readonly recordedAt: string;
  readonly data: Record<string, unknown>;
  readonly metadata: { readonly occurredAt: string };
}

export interface Point {
  readonly asOf: string;
  readonly knownAt: string;
}

type Existence = 'there' | 'deleted';

interface Account {
  existence?: Existence;
  status?: unknown;
  enabled?: unknown;
  profile: Record<string, unknown>;
}

interface Decided {
  attributes: Record<string, unknown>;
  login?: unknown;
  lifecycle?: unknown;
}

interface World {
  readonly accounts: Map<string, Account>;
  /** By `connection kind id` of the group or app. */
  readonly objects: Map<string, { existence: Existence; name?: unknown }>;
  /** By `connection holderKind holderId`, what is held, as `kind id`. */
  readonly held: Map<string, Set<string>>;
  readonly owners: Map<string, Set<string>>;
  readonly people: Map<string, Decided>;
}

interface Ref {
  readonly kind: string;
  readonly id: string;
}

const before = (a: string, b: string): boolean => Date.parse(a) <= Date.parse(b);

const into = <K, V>(map: Map<K, V>, key: K, make: () => V): V => {
  const value = map.get(key) ?? make();
  map.set(key, value);
  return value;
};

const emptyWorld = (): World => ({ accounts: new Map(), objects: new Map(), held: new Map(), owners: new Map(), people: new Map() });

type Apply = (world: World, data: Record<string, unknown>) => void;

const account = (world: World, { connection, accountId }: Record<string, unknown>): Account =>
  into<string, Account>(world.accounts, `${String(connection)} ${String(accountId)}`, () => ({ profile: {} }));

const person = (world: World, { identityId }: Record<string, unknown>): Decided =>
  into<string, Decided>(world.people, String(identityId), () => ({ attributes: {} }));

const object = (world: World, data: Record<string, unknown>) => {
  const [kind, id] = data['groupId'] === undefined ? ['app', data['appId']] : ['group', data['groupId']];
  return into(world.objects, `${String(data['connection'])} ${kind} ${String(id)}`, () => ({ existence: 'there' as Existence }));
};

const hold = (world: World, { connection, holder }: Record<string, unknown>): Set<string> =>
  into(world.held, `${String(connection)} ${(holder as Ref).kind} ${(holder as Ref).id}`, () => new Set<string>());

const what = ({ entitlement }: Record<string, unknown>): string => `${(entitlement as Ref).kind} ${(entitlement as Ref).id}`;

const exists =
  (existence: Existence): Apply =>
  (world, data) => {
    object(world, data).existence = existence;
  };

const seenObject: Apply = (world, data) => {
  Object.assign(object(world, data), { existence: 'there', name: data['name'] });
};

const applying: Record<string, Apply> = {
  AccountObserved: (world, data) => {
    const aspects = data['aspects'] as string[];
    const one = account(world, data);
    one.existence = 'there';
    if (aspects.includes('status')) Object.assign(one, { status: data['status'], enabled: data['enabled'] });
    if (aspects.includes('profile')) one.profile = { ...one.profile, ...(data['profile'] as object) };
  },
  AccountDeleted: (world, data) => {
    account(world, data).existence = 'deleted';
  },
  AccountRestored: (world, data) => {
    account(world, data).existence = 'there';
  },
  EntitlementObserved: (world, data) => void hold(world, data).add(what(data)),
  EntitlementGone: (world, data) => void hold(world, data).delete(what(data)),
  GroupObserved: seenObject,
  AppObserved: seenObject,
  GroupDeleted: exists('deleted'),
  AppDeleted: exists('deleted'),
  GroupRestored: exists('there'),
  IdentityAttributesChanged: (world, data) => {
    person(world, data).attributes = data['attributes'] as Record<string, unknown>;
  },
  LoginAssigned: (world, data) => {
    person(world, data).login = data['login'];
  },
  IdentityLifecycleChanged: (world, data) => {
    person(world, data).lifecycle = data['state'];
  },
  AccountLinked: (world, data) =>
    void into(world.owners, `${String(data['connection'])} ${String(data['accountId'])}`, () => new Set<string>()).add(
      String(data['identityId']),
    ),
  AccountUnlinked: (world, data) => {
    if (data['reason'] !== 'deleted')
      world.owners.get(`${String(data['connection'])} ${String(data['accountId'])}`)?.delete(String(data['identityId']));
  },
};

/** The whole world as it stood at a point. A link is true from the beginning, as soon as it is known. */
export function worldAt(events: readonly StoredEvent[], { asOf, knownAt }: Point): World {
  const world = emptyWorld();
  for (const { type, recordedAt, data, metadata } of events) {
    if (!before(recordedAt, knownAt)) continue;
    if (type !== 'AccountLinked' && !before(metadata.occurredAt, asOf)) continue;
    applying[type]?.(world, data);
  }
  return world;
}

const isGone = (world: World, connection: string, thing: string): boolean =>
  world.objects.get(`${connection} ${thing}`)?.existence === 'deleted';

/** Everything that a holder has: by itself, by its groups, by the groups of these; of the latter their memberships only. */
function everythingOf(world: World, connection: string, holder: string): Set<string> {
  const all = new Set<string>();
  const visit = (name: string, depth: number): void => {
    for (const thing of world.held.get(`${connection} ${name}`) ?? []) {
      if (isGone(world, connection, thing)) continue;
      const isGroup = thing.startsWith('group ');
      if (depth > 1 && !isGroup) continue;
      const known = all.has(thing);
      all.add(thing);
      // A group that was met deeper before may lead further from here.
      if (isGroup && (!known || depth === 0)) visit(thing, depth + 1);
    }
  };
  visit(holder, 0);
  return all;
}

/** The ids of the accounts that hold a group or app. */
export function holdersThen(world: World, connection: string, { kind, id }: Ref): string[] {
  if (isGone(world, connection, `${kind} ${id}`)) return [];
  return [...world.held.keys()]
    .filter((key) => key.startsWith(`${connection} account `))
    .map((key) => key.slice(`${connection} account `.length))
    .filter((accountId) => world.accounts.get(`${connection} ${accountId}`)?.existence !== 'deleted')
    .filter((accountId) => everythingOf(world, connection, `account ${accountId}`).has(`${kind} ${id}`))
    .toSorted();
}

export interface ThenPerson {
  readonly lifecycle: unknown;
  readonly login: unknown;
  readonly attributes: Record<string, unknown>;
  readonly accounts: readonly { accountId: string; status: unknown; enabled: boolean; profile: object; has: string[] }[];
}

function accountOf(world: World, connection: string, accountId: string): ThenPerson['accounts'] {
  const { existence, status, enabled, profile } = world.accounts.get(`${connection} ${accountId}`) ?? ({ profile: {} } as Account);
  if (existence === 'deleted') return [{ accountId, status: 'deleted', enabled: false, profile, has: [] }];
  const has = [...everythingOf(world, connection, `account ${accountId}`)].toSorted();
  if (existence === undefined && has.length === 0) return [];
  return [{ accountId, status: status ?? 'unknown', enabled: existence === 'there' && enabled === true, profile, has }];
}

/** A person without an HR record: what was decided, and the accounts with all that they have. */
export function personOf(world: World, connection: string, identityId: string): ThenPerson {
  const known = world.people.get(identityId);
  const mine = [...world.owners].filter(([, owners]) => owners.has(identityId)).map(([key]) => key.slice(connection.length + 1));
  return {
    lifecycle: known?.lifecycle ?? 'unknown',
    login: known?.login,
    attributes: known?.attributes ?? {},
    accounts: mine.toSorted().flatMap((accountId) => accountOf(world, connection, accountId)),
  };
}
