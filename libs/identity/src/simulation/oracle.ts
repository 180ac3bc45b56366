import { callsKeepOrder } from './order-of-calls.ts';
import type { Delivery, HrVersion } from './script.ts';
import type { JournalEntry, LogEntry, TrueAccount } from './vendor.ts';

/** An event of the store as plain data. */
export interface PlainEvent {
  readonly stream: string;
  readonly type: string;
  readonly at: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/** One connection at the end of a world, as it truly is. */
export interface Side {
  readonly name: string;
  readonly live: boolean;
  readonly reference: boolean;
  readonly logLagMs: number;
  readonly settleMs: number;
  readonly accounts: readonly { readonly account: TrueAccount; readonly deleted: boolean }[];
  readonly journal: readonly JournalEntry[];
  readonly log: readonly LogEntry[];
  readonly poisoned: ReadonlySet<string>;
  /** Accounts that were there before us, by person. */
  readonly existing: ReadonlyMap<string, string>;
  readonly strangers: ReadonlySet<string>;
}

export interface Outcome {
  readonly deliveries: readonly Delivery[];
  readonly identityOf: ReadonlyMap<string, string>;
  readonly sides: readonly Side[];
  readonly events: readonly PlainEvent[];
  readonly quietAt: number;
  /** Whether disables and removals are sent. */
  readonly removes: boolean;
  readonly cameToRest: boolean;
  readonly bugs: readonly unknown[];
}

/** A broken promise, under the number of its invariant. */
export interface Violation {
  readonly invariant: 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I8' | 'I9' | 'I16' | 'I17' | 'I18' | 'I19' | 'bug';
  readonly message: string;
}

type Report = (invariant: Violation['invariant'], message: string) => void;

const KEY = 'employeeNumber';
const hasLeft = ({ status }: HrVersion): boolean => status === 'terminated' || status === 'rescinded';

/** What HR said last of everybody: the highest version that ever arrived. */
const finals = (deliveries: readonly Delivery[]): Map<string, HrVersion> => {
  const last = new Map<string, HrVersion>();
  for (const { version } of deliveries) if (version.version > (last.get(version.key)?.version ?? 0)) last.set(version.key, version);
  return last;
};

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

const nothingIsLost = ({ deliveries, events }: Outcome, report: Report): void => {
  const known = new Set(events.filter(({ stream }) => stream.startsWith('worker-')).map(({ data }) => text(data['sourceKey'])));
  for (const { version } of deliveries)
    if (!known.has(`${version.key}-v${version.version}`)) report('I1', `version ${version.version} of ${version.key} is lost`);
};

const commandsEndOnce = ({ events, sides }: Outcome, report: Report): void => {
  const ended = new Map<string, PlainEvent>();
  for (const event of events) {
    if (event.type !== 'CommandEnded') continue;
    const id = text(event.data['commandId']);
    if (ended.has(id)) report('I4', `${id} ended twice`);
    ended.set(id, event);
  }
  for (const { journal } of sides)
    for (const { commandId, sentAt, op } of journal) {
      const end = ended.get(commandId);
      if (end && sentAt > end.at) report('I4', `${op} ${commandId} was sent after it had ended ${text(end.data['result'])}`);
    }
};

const ofPerson = (side: Side, key: string): { account: TrueAccount; deleted: boolean }[] =>
  side.accounts.filter(({ account }) => account.profile[KEY] === key);

/** An account that other hands deleted before we could join it to anybody: nobody could know whose it had been. */
const wasNeverJoined = ({ events }: Outcome, { log }: Side, accountId: string): boolean => {
  const deleted = log.find((entry) => entry.accountId === accountId && entry.what === 'deleted');
  const joins = (event: PlainEvent): boolean => event.type === 'AccountLinked' || event.type === 'CommandEnded';
  return (
    deleted !== undefined &&
    !events.some((event) => event.at < deleted.at && joins(event) && JSON.stringify(event.data).includes(`"${accountId}"`))
  );
};

const oneAccountEach = (outcome: Outcome, report: Report): void => {
  for (const key of outcome.identityOf.keys())
    for (const side of outcome.sides) {
      const theirs = new Set(ofPerson(side, key).map(({ account }) => account.id));
      const creates = side.log.filter(({ what, actor, accountId }) => what === 'created' && actor === 'muster' && theirs.has(accountId));
      const counted = creates.filter(({ accountId }) => !wasNeverJoined(outcome, side, accountId));
      const existing = side.existing.get(key);
      const stillThere = side.accounts.some(({ account, deleted }) => account.id === existing && !deleted);
      if (counted.length > 1) report('I2', `${key} got ${creates.length} accounts in ${side.name}`);
      if (creates.length > 0 && stillThere) report('I2', `${key} got an account in ${side.name} beside the one that was there`);
    }
};

const leaversAreLeft = ({ events, sides, identityOf }: Outcome, report: Report): void => {
  for (const [key, identityId] of identityOf) {
    const changes = events.filter(({ stream, type }) => stream === `identity-${identityId}` && type === 'IdentityLifecycleChanged');
    for (const side of sides)
      for (const { accountId, op, sentAt } of side.journal) {
        if (!['create', 'enable', 'grant'].includes(op) || !ofPerson(side, key).some(({ account }) => account.id === accountId)) continue;
        const before = changes.findLast(({ at }) => at < sentAt);
        if (before && text(before.data['state']) === 'left') report('I5', `${op} for ${key} in ${side.name} after they had left`);
      }
  }
};

/** An enable and a disable by other hands that the log could not show yet when it was asked: nobody could know. */
const isLeftOver = (past: readonly LogEntry[], since: number): boolean => {
  const unseen = past.filter(({ actor, at }) => actor !== 'muster' && at > since).map(({ what }) => what);
  return unseen.includes('enabled') && unseen.includes('disabled');
};

const enableIsOurs = (side: Side, { accountId, at, sentAt }: JournalEntry): string | undefined => {
  const past = side.log.filter((entry) => entry.accountId === accountId && entry.at < at);
  const disabled = past.findLast(({ what }) => what === 'disabled');
  if (disabled === undefined)
    return past.some(({ what, actor }) => what === 'created' && actor === 'muster') ? undefined : 'and we neither made nor disabled it';
  return disabled.actor === 'muster' || isLeftOver(past, sentAt - side.logLagMs - side.settleMs)
    ? undefined
    : `and ${disabled.actor} had disabled it`;
};

const locksHold = ({ sides }: Outcome, report: Report): void => {
  for (const side of sides)
    for (const entry of side.journal) {
      const wrong = entry.op === 'enable' && entry.effective ? enableIsOurs(side, entry) : undefined;
      if (wrong) report('I17', `${entry.accountId} was enabled by us, ${wrong}`);
    }
};

const foreignersAreLeftAlone = ({ sides }: Outcome, report: Report): void => {
  for (const { live, journal, name, strangers } of sides) {
    if (!live && journal.length > 0) report('I16', `${journal.length} writes in ${name}, which is only observed`);
    for (const { accountId, op } of journal) if (strangers.has(accountId)) report('I17', `${op} on a stranger's account in ${name}`);
  }
};

const quietStaysQuiet = ({ sides, quietAt }: Outcome, report: Report): void => {
  for (const { journal, name } of sides)
    for (const { sentAt, op, what, accountId } of journal)
      if (sentAt > quietAt) report('I19', `${op} ${what} on ${accountId} in ${name} after everything was quiet`);
};

const deletionsAreTrue = ({ events, sides }: Outcome, report: Report): void => {
  for (const { type, data, at } of events) {
    if (type !== 'AccountDeleted' && type !== 'AccountRestored') continue;
    const side = sides.find(({ name }) => name === data['connection']);
    const truly = side?.log.some(({ what, accountId, at: when }) => what === 'deleted' && accountId === data['accountId'] && when <= at);
    if (type === 'AccountRestored' && truly) report('I8', `${text(data['accountId'])} is recorded as restored, and it is gone`);
    if (type === 'AccountDeleted' && !truly) report('I8', `${text(data['accountId'])} is recorded as deleted, and it is there`);
  }
};

const loginsAreUnique = ({ events }: Outcome, report: Report): void => {
  const owners = new Map<string, string>();
  for (const { type, stream, data } of events) {
    if (type !== 'LoginAssigned') continue;
    const login = text(data['login']);
    if (owners.has(login) && owners.get(login) !== stream) report('I2', `two people got the login ${login}`);
    owners.set(login, stream);
  }
};

const EMPTY = new Set<unknown>([null, undefined, '']);
const same = (a: string | null | undefined, b: string | null | undefined): boolean => a === b || (EMPTY.has(a) && EMPTY.has(b));

const valuesAgree = (side: Side, account: TrueAccount, final: HrVersion, report: Report): void => {
  const wanted = {
    firstName: final.given,
    lastName: final.family,
    department: final.department,
    ...(final.title === 'Refused' ? {} : { title: final.title }),
  };
  for (const [name, value] of Object.entries(wanted))
    if (!same(account.profile[name], value))
      report('I9', `${name} of ${final.key} in ${side.name} is ${account.profile[name]}, not ${value}`);
  if (!account.groups.includes('staff') && !side.poisoned.has(account.id)) report('I9', `${final.key} lacks the group in ${side.name}`);
  if (!account.apps.includes('mail')) report('I9', `${final.key} lacks the app in ${side.name}`);
};

const managerAgrees = (side: Side, account: TrueAccount, final: HrVersion, report: Report): void => {
  if (!side.reference) return;
  const theirs = final.manager === null ? [] : ofPerson(side, final.manager).filter(({ deleted }) => !deleted);
  if (final.manager === null && account.manager !== null) report('I9', `${final.key} still has a manager in ${side.name}`);
  if (theirs.length === 1 && account.manager !== theirs[0]?.account.id)
    report('I9', `${final.key} has not the right manager in ${side.name}`);
};

/** Somebody else turned it off, and nobody but them may turn it on. */
const isLocked = (side: Side, account: TrueAccount): boolean => {
  const disabled = side.log.findLast(({ accountId, what }) => accountId === account.id && what === 'disabled');
  const made = side.log.some(({ accountId, what, actor }) => accountId === account.id && what === 'created' && actor === 'muster');
  return disabled === undefined ? !made : disabled.actor !== 'muster';
};

/** Another account of theirs was deleted by hand, and a person was asked which one is theirs. */
const isDisputed = (side: Side, { key }: HrVersion, { events, identityOf }: Outcome): boolean =>
  ofPerson(side, key).some(({ deleted }) => deleted) &&
  events.some(
    ({ type, data }) =>
      type === 'CaseOpened' &&
      data['kind'] === 'account-disputed' &&
      data['identityId'] === identityOf.get(key) &&
      data['connection'] === side.name,
  );

const stayersAreServed = (side: Side, final: HrVersion, outcome: Outcome, report: Report): void => {
  const theirs = ofPerson(side, final.key);
  const [one] = theirs.filter(({ deleted }) => !deleted);
  if (one === undefined) {
    const caseOpen = outcome.events.some(
      ({ type, stream, data }) =>
        type === 'CommandEnded' &&
        data['result'] === 'case' &&
        data['connection'] === side.name &&
        stream === `provisioning-${outcome.identityOf.get(final.key)}`,
    );
    if (theirs.length === 0 && final.title !== 'Refused' && !(caseOpen && side.strangers.size > 0))
      report('I9', `${final.key} has no account in ${side.name}`);
    return;
  }
  if (isDisputed(side, final, outcome)) return;
  valuesAgree(side, one.account, final, report);
  managerAgrees(side, one.account, final, report);
  if (!one.account.enabled && !isLocked(side, one.account)) report('I9', `${final.key} is turned off in ${side.name} and should be on`);
};

const leaversAreClosed = (side: Side, final: HrVersion, report: Report): void => {
  for (const { account, deleted } of ofPerson(side, final.key)) {
    if (deleted) continue;
    if (account.enabled) report('I6', `${final.key} has left and is enabled in ${side.name}`);
    if (account.groups.length > 0 || account.apps.length > 0)
      report('I6', `${final.key} has left and still holds something in ${side.name}`);
  }
};

const heldIsHeld = ({ sides, removes }: Outcome, report: Report): void => {
  if (removes) return;
  for (const { journal, name } of sides)
    for (const { op, accountId } of journal)
      if (op === 'disable' || op === 'revoke') report('I18', `${op} on ${accountId} in ${name} without a person's word`);
};

/** Everything that does not hold at the end of a world. Computed from HR's own history, the vendors' truth and the outside edits alone. */
export const judge = (outcome: Outcome): Violation[] => {
  const violations: Violation[] = [];
  const report: Report = (invariant, message) => violations.push({ invariant, message });
  if (!outcome.cameToRest) report('bug', 'the world does not come to rest');
  for (const bug of outcome.bugs) report('bug', bug instanceof Error ? `${bug.message}\n${bug.stack}` : String(bug));
  for (const check of [
    nothingIsLost,
    callsKeepOrder,
    commandsEndOnce,
    oneAccountEach,
    leaversAreLeft,
    locksHold,
    foreignersAreLeftAlone,
    quietStaysQuiet,
    loginsAreUnique,
    heldIsHeld,
    deletionsAreTrue,
  ])
    check(outcome, report);
  for (const final of finals(outcome.deliveries).values())
    for (const side of outcome.sides) {
      if (!side.live) continue;
      if (!hasLeft(final)) stayersAreServed(side, final, outcome, report);
      else if (outcome.removes) leaversAreClosed(side, final, report);
    }
  return violations;
};
