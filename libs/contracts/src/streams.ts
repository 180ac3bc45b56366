/** The category is what stands before the first `-` of a stream name. */
export type Category =
  | 'worker'
  | 'account'
  | 'group'
  | 'app'
  | 'device'
  | 'read'
  | 'claim'
  | 'identity'
  | 'plan'
  | 'run'
  | 'limit'
  | 'case'
  | 'provisioning'
  | 'ticket'
  | 'task'
  | 'flow'
  | 'connection'
  | 'operator'
  | 'erasure';

type ForeignCategory = 'worker' | 'account' | 'group' | 'app' | 'device';
type IdentityCategory = 'identity' | 'plan' | 'provisioning';
type PlainCategory = 'run' | 'case' | 'ticket' | 'task' | 'flow' | 'operator' | 'erasure';

/** What a stream name says. `id` of a foreign object is everything behind the first dot: vendor ids may hold dots and hyphens. */
export type ParsedStream =
  | { category: ForeignCategory; connection: string; id: string }
  | { category: 'read' | 'connection'; connection: string }
  | { category: 'limit'; connection: string; action: string }
  | { category: 'claim'; claim: 'match' | 'login'; hmac: string }
  | { category: 'claim'; claim: 'account'; connection: string; id: string }
  | { category: IdentityCategory; identity: string }
  | { category: PlainCategory; id: string };

const CONNECTION = /^[a-z0-9][a-z0-9-]{0,62}$/;
// Printable ASCII without blanks: EventStoreDB takes more, message keys, URLs and command lines do not.
const ID = /^[\x21-\x7e]{1,200}$/;

/** True for a name that a connection may have: lower-case letters, digits and hyphens, at most 63, no hyphen in front. */
export const isConnectionName = (name: string): boolean => CONNECTION.test(name);

const connectionName = (name: string): string => {
  if (!CONNECTION.test(name))
    throw new RangeError(`"${name}" cannot name a connection: use 1 to 63 of a-z, 0-9 and -, beginning with a letter or digit`);
  return name;
};

const idPart = (id: string): string => {
  if (!ID.test(id))
    throw new RangeError(
      `An id of ${id.length} characters cannot stand in a stream name: use 1 to 200 printable ASCII characters without blanks, else its HMAC`,
    );
  return id;
};

const foreign =
  (category: ForeignCategory) =>
  (connection: string, id: string): string =>
    `${category}-${connectionName(connection)}.${idPart(id)}`;
const plain =
  (category: PlainCategory | IdentityCategory) =>
  (id: string): string =>
    `${category}-${idPart(id)}`;

/**
 * Builds stream names. Ids must be opaque: no personal data stands in a stream name, so worker keys, logins and match keys come as
 * HMACs under the naming key. Throws RangeError for a connection name or id that a stream name cannot hold.
 */
export const streamOf = {
  worker: foreign('worker'),
  account: foreign('account'),
  group: foreign('group'),
  app: foreign('app'),
  device: foreign('device'),
  read: (connection: string): string => `read-${connectionName(connection)}`,
  claimMatch: (hmac: string): string => `claim-match.${idPart(hmac)}`,
  claimLogin: (hmac: string): string => `claim-login.${idPart(hmac)}`,
  claimAccount: (connection: string, id: string): string => `claim-account.${connectionName(connection)}.${idPart(id)}`,
  identity: plain('identity'),
  plan: plain('plan'),
  provisioning: plain('provisioning'),
  run: plain('run'),
  limit: (connection: string, action: string): string => `limit-${connectionName(connection)}.${idPart(action)}`,
  case: plain('case'),
  ticket: plain('ticket'),
  task: plain('task'),
  flow: plain('flow'),
  connection: (connection: string): string => `connection-${connectionName(connection)}`,
  operator: plain('operator'),
  erasure: plain('erasure'),
} as const;

const splitAtDot = (rest: string): [string, string] | undefined => {
  const dot = rest.indexOf('.');
  return dot > 0 && dot < rest.length - 1 ? [rest.slice(0, dot), rest.slice(dot + 1)] : undefined;
};

const parseForeign =
  (category: ForeignCategory) =>
  (rest: string): ParsedStream | undefined => {
    const parts = splitAtDot(rest);
    return parts && CONNECTION.test(parts[0]) ? { category, connection: parts[0], id: parts[1] } : undefined;
  };

const parseConnection =
  (category: 'read' | 'connection') =>
  (rest: string): ParsedStream | undefined =>
    CONNECTION.test(rest) ? { category, connection: rest } : undefined;

const parseIdentity =
  (category: IdentityCategory) =>
  (rest: string): ParsedStream | undefined =>
    ID.test(rest) ? { category, identity: rest } : undefined;

const parsePlain =
  (category: PlainCategory) =>
  (rest: string): ParsedStream | undefined =>
    ID.test(rest) ? { category, id: rest } : undefined;

const parseLimit = (rest: string): ParsedStream | undefined => {
  const parts = splitAtDot(rest);
  return parts && CONNECTION.test(parts[0]) ? { category: 'limit', connection: parts[0], action: parts[1] } : undefined;
};

const parseClaim = (rest: string): ParsedStream | undefined => {
  const parts = splitAtDot(rest);
  if (!parts) return undefined;
  const [claim, owned] = parts;
  if (claim === 'match' || claim === 'login') return { category: 'claim', claim, hmac: owned };
  if (claim !== 'account') return undefined;
  const account = splitAtDot(owned);
  return account && CONNECTION.test(account[0]) ? { category: 'claim', claim, connection: account[0], id: account[1] } : undefined;
};

const parsers: Record<Category, (rest: string) => ParsedStream | undefined> = {
  worker: parseForeign('worker'),
  account: parseForeign('account'),
  group: parseForeign('group'),
  app: parseForeign('app'),
  device: parseForeign('device'),
  read: parseConnection('read'),
  claim: parseClaim,
  identity: parseIdentity('identity'),
  plan: parseIdentity('plan'),
  run: parsePlain('run'),
  limit: parseLimit,
  case: parsePlain('case'),
  provisioning: parseIdentity('provisioning'),
  ticket: parsePlain('ticket'),
  task: parsePlain('task'),
  flow: parsePlain('flow'),
  connection: parseConnection('connection'),
  operator: parsePlain('operator'),
  erasure: parsePlain('erasure'),
};

const known: ReadonlySet<string> = new Set(Object.keys(parsers));

/** Every category there is, in the order of the type. */
export const categories = Object.keys(parsers) as readonly Category[];

/** The category of a stream name; undefined for streams that are not ours. Does not look at what stands behind the first `-`. */
export const categoryOf = (stream: string): Category | undefined => {
  const category = stream.slice(0, Math.max(stream.indexOf('-'), 0));
  return known.has(category) ? (category as Category) : undefined;
};

/** Takes a stream name apart; undefined for a stream that is not ours or not well formed. */
export const parseStream = (stream: string): ParsedStream | undefined => {
  const category = categoryOf(stream);
  return category && parsers[category](stream.slice(category.length + 1));
};

const identityKeyed: ReadonlySet<string> = new Set<Category>(['plan', 'provisioning']);
const selfKeyed: ReadonlySet<string> = new Set<Category>(['worker', 'account', 'identity']);

/**
 * Whose key encrypts the personal fields of a stream: a worker, account or identity stream has its own; plan and provisioning use their
 * identity's. Undefined for all other streams: their events hold no personal fields (generation refuses a schema that says otherwise).
 */
export const keySubject = (stream: string): string | undefined => {
  const category = categoryOf(stream);
  if (category === undefined) return undefined;
  if (selfKeyed.has(category)) return stream;
  return identityKeyed.has(category) ? `identity-${stream.slice(category.length + 1)}` : undefined;
};
