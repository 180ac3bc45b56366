import { mapFew, outcomeOf } from '@muster/connector';
import type { AccountChange, AccountWriter, NewAccount, Outcome, Profile, WriteOptions } from '@muster/connector';
import type okta from '@okta/okta-sdk-nodejs';
import type { Call } from './executor.ts';
import { isEnabled } from './observe.ts';
import type { OktaAccountReader } from './read-accounts.ts';
import type { OktaSession } from './session.ts';

type Client = InstanceType<typeof okta.Client>;

/** The generated type names every standard field; an org defines its own. */
type OktaProfile = NonNullable<okta.CreateUserRequest['profile']>;

const AT_ONCE = 16;

const setValues = (profile: Profile): Profile => Object.fromEntries(Object.entries(profile).filter(([, value]) => value !== null));

const callFor = (index: number, options: WriteOptions): Call => ({
  lane: options.lane ?? 'live',
  signal: options.signal,
  write: true,
  ...(options.mayBeSent ? { mayBeSent: () => options.mayBeSent?.(index) ?? Promise.resolve(true) } : {}),
});

/** Runs one call for one item and gives its outcome; `done` makes the outcome of an answer. */
export const sendOne = async <T>(
  session: OktaSession,
  { index, options, what, values = [] }: { index: number; options: WriteOptions; what: string; values?: readonly unknown[] },
  send: (client: Client) => Promise<T>,
  done: (answer: T) => { id?: string } = () => ({}),
): Promise<Outcome> => {
  const call = callFor(index, options);
  try {
    const answer = await session.write({ what, values }, call, send);
    return { result: 'done', ...done(answer), sentAt: call.sentAt ?? '', at: new Date().toISOString() };
  } catch (error) {
    return outcomeOf(error, call.sentAt);
  }
};

const isTaken = (outcome: Outcome): boolean => outcome.result === 'fault' && outcome.fault.code === 'target.conflict';

/**
 * Creates without password, activated with mail (the account is PROVISIONED until its owner follows the link). Disabling is deactivation: Okta ends
 * sessions, app assignments stay recorded there but do not work.
 */
export class OktaAccountWriter implements AccountWriter {
  readonly #session: OktaSession;
  readonly #reader: OktaAccountReader;

  constructor(session: OktaSession, reader: OktaAccountReader) {
    this.#session = session;
    this.#reader = reader;
  }

  create(accounts: NewAccount[], options: WriteOptions = {}): Promise<Outcome[]> {
    return mapFew(accounts, AT_ONCE, (account, index) => this.#create(account, index, options));
  }

  set(changes: AccountChange[], options: WriteOptions = {}): Promise<Outcome[]> {
    return mapFew(changes, AT_ONCE, ({ accountId, values }, index) =>
      sendOne(
        this.#session,
        { index, options, what: `set ${Object.keys(values).join(', ')} of account ${accountId}`, values: Object.values(values) },
        (client) => client.userApi.updateUser({ userId: accountId, user: { profile: values as OktaProfile } }),
      ),
    );
  }

  enable(accountIds: string[], options: WriteOptions = {}): Promise<Outcome[]> {
    return mapFew(accountIds, AT_ONCE, (accountId, index) => this.#enable(accountId, index, options));
  }

  disable(accountIds: string[], options: WriteOptions = {}): Promise<Outcome[]> {
    return mapFew(accountIds, AT_ONCE, async (accountId, index) => {
      const outcome = await sendOne(this.#session, { index, options, what: `disable account ${accountId}` }, (client) =>
        client.userApi.deactivateUser({ userId: accountId, sendEmail: false }),
      );
      return this.#alreadySo(outcome, accountId, false, options);
    });
  }

  revokeSessions(accountIds: string[], options: WriteOptions = {}): Promise<Outcome[]> {
    return mapFew(accountIds, AT_ONCE, (accountId, index) =>
      sendOne(this.#session, { index, options, what: `end the sessions of account ${accountId}` }, (client) =>
        client.userApi.revokeUserSessions({ userId: accountId, oauthTokens: true }),
      ),
    );
  }

  async #create(account: NewAccount, index: number, options: WriteOptions): Promise<Outcome> {
    const { matchKey } = this.#session.config;
    const profile = { ...setValues(account.profile), login: account.login, [matchKey]: account.matchKey };
    const outcome = await sendOne(
      this.#session,
      { index, options, what: 'create an account', values: Object.values(profile) },
      // The generated type wants the fields that an org may have made optional.
      (client) => client.userApi.createUser({ body: { profile: profile as OktaProfile }, activate: account.enabled ?? true }),
      (user) => ({ id: String(user.id) }),
    );
    return isTaken(outcome) ? this.#conflict(account, outcome, options) : outcome;
  }

  async #conflict(account: NewAccount, outcome: Outcome, options: WriteOptions): Promise<Outcome> {
    const times = { sentAt: 'sentAt' in outcome ? (outcome.sentAt ?? '') : '', at: new Date().toISOString() };
    try {
      const found = await this.#reader.findByLogin(account.login, { lane: options.lane ?? 'live' });
      if (found === 'absent') return { result: 'conflict', ...times };
      const key = found.profile[this.#session.config.matchKey];
      return { result: 'conflict', found: { id: found.accountId, matchKey: typeof key === 'string' ? key : null }, ...times };
    } catch (error) {
      // The refusal itself is certain; who holds the login is not known yet.
      if (outcomeOf(error, undefined).result !== 'fault') throw error;
      return { result: 'conflict', ...times };
    }
  }

  async #enable(accountId: string, index: number, options: WriteOptions): Promise<Outcome> {
    const before = await this.#status(accountId, options);
    if (typeof before !== 'string') return before;
    const now = new Date().toISOString();
    if (isEnabled(before)) return { result: 'already', sentAt: now, at: now };
    const outcome = await sendOne(
      this.#session,
      { index, options, what: `enable account ${accountId}` },
      async (client): Promise<unknown> =>
        before === 'SUSPENDED'
          ? client.userApi.unsuspendUser({ userId: accountId })
          : client.userApi.activateUser({ userId: accountId, sendEmail: true }),
    );
    return this.#alreadySo(outcome, accountId, true, options);
  }

  /** The status, or the outcome that its reading ended with. */
  async #status(accountId: string, options: WriteOptions): Promise<string | Outcome> {
    try {
      const account = await this.#reader.getAccount(accountId, { lane: options.lane ?? 'live', signal: options.signal });
      // A replica may not have the account yet: activation is then refused in words.
      return account === 'absent' ? 'STAGED' : account.status;
    } catch (error) {
      return outcomeOf(error, undefined);
    }
  }

  /** Okta refuses a transition to the state that an account is in: a look at the account tells that from a real refusal. */
  async #alreadySo(outcome: Outcome, accountId: string, wanted: boolean, options: WriteOptions): Promise<Outcome> {
    if (outcome.result !== 'fault' || outcome.fault.kind !== 'refused') return outcome;
    const status = await this.#status(accountId, options);
    if (typeof status !== 'string' || isEnabled(status) !== wanted) return outcome;
    return { result: 'already', sentAt: outcome.sentAt ?? '', at: new Date().toISOString() };
  }
}
