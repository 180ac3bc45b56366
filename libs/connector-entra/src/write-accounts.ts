import { mapFew, outcomeOf } from '@muster/connector';
import type { AccountChange, AccountWriter, NewAccount, Outcome, WriteOptions } from '@muster/connector';
import { firstPassword } from './first-password.ts';
import { nest } from './properties.ts';
import type { EntraAccountReader } from './read-accounts.ts';
import { MOST_IN_A_BATCH, sendAll, sendOne } from './send.ts';
import type { EntraSession } from './session.ts';

const CREATES_AT_ONCE = 8;

const path = (accountId: string): string => `/users/${encodeURIComponent(accountId)}`;

const isTaken = (outcome: Outcome): boolean => outcome.result === 'fault' && outcome.fault.code === 'target.conflict';

/** Writes users. Several writes of one call travel in batches of twenty; creates travel alone, so that a lost answer leaves one account in doubt. */
export class EntraAccountWriter implements AccountWriter {
  readonly travelTogether = MOST_IN_A_BATCH;
  readonly #session: EntraSession;
  readonly #reader: EntraAccountReader;

  constructor(session: EntraSession, reader: EntraAccountReader) {
    this.#session = session;
    this.#reader = reader;
  }

  create(accounts: NewAccount[], options: WriteOptions = {}): Promise<Outcome[]> {
    return mapFew(accounts, CREATES_AT_ONCE, (account, index) => this.#create(account, index, options));
  }

  set(changes: AccountChange[], options: WriteOptions = {}): Promise<Outcome[]> {
    const sendings = changes.map(({ accountId, values }, index) => ({
      index,
      request: { method: 'PATCH' as const, path: path(accountId), body: nest(values) },
      what: `set ${Object.keys(values).join(', ')} of account ${accountId}`,
      values: Object.values(values),
    }));
    return sendAll(this.#session, sendings, options);
  }

  async setManager(changes: { accountId: string; managerAccountId: string | null }[], options: WriteOptions = {}): Promise<Outcome[]> {
    const sendings = changes.map(({ accountId, managerAccountId }, index) => ({
      index,
      request:
        managerAccountId === null
          ? { method: 'DELETE' as const, path: `${path(accountId)}/manager/$ref` }
          : {
              method: 'PUT' as const,
              path: `${path(accountId)}/manager/$ref`,
              body: { '@odata.id': this.#session.reference('users', managerAccountId) },
            },
      what: `set manager of account ${accountId}`,
    }));
    const outcomes = await sendAll(this.#session, sendings, options);
    return outcomes.map((outcome, index) => (changes[index]?.managerAccountId === null ? goneIsDone(outcome) : outcome));
  }

  enable(accountIds: string[], options: WriteOptions = {}): Promise<Outcome[]> {
    return this.#switch(accountIds, true, options);
  }

  disable(accountIds: string[], options: WriteOptions = {}): Promise<Outcome[]> {
    return this.#switch(accountIds, false, options);
  }

  revokeSessions(accountIds: string[], options: WriteOptions = {}): Promise<Outcome[]> {
    const sendings = accountIds.map((accountId, index) => ({
      index,
      request: { method: 'POST' as const, path: `${path(accountId)}/revokeSignInSessions` },
      what: `end the sessions of account ${accountId}`,
    }));
    return sendAll(this.#session, sendings, options);
  }

  #switch(accountIds: string[], enabled: boolean, options: WriteOptions): Promise<Outcome[]> {
    const sendings = accountIds.map((accountId, index) => ({
      index,
      request: { method: 'PATCH' as const, path: path(accountId), body: { accountEnabled: enabled } },
      what: `${enabled ? 'enable' : 'disable'} account ${accountId}`,
    }));
    return sendAll(this.#session, sendings, options);
  }

  async #create(account: NewAccount, index: number, options: WriteOptions): Promise<Outcome> {
    const given = Object.fromEntries(Object.entries(account.profile).filter(([, value]) => value !== null));
    const body = {
      mailNickname: account.login.split('@', 1)[0],
      ...nest(given),
      userPrincipalName: account.login,
      [this.#session.config.matchKey]: account.matchKey,
      accountEnabled: account.enabled ?? true,
      passwordProfile: { password: firstPassword(), forceChangePasswordNextSignIn: true },
    };
    const outcome = await sendOne(
      this.#session,
      {
        index,
        request: { method: 'POST', path: '/users', body },
        what: 'create an account',
        values: [account.login, account.matchKey, ...Object.values(given)],
      },
      options,
    );
    return isTaken(outcome) ? this.#conflict(account, outcome, options) : outcome;
  }

  /** Another property than the login may be the one that is taken: then nobody is found by the login. */
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
}

/** A reference that is not there any more is what was wanted. */
export const goneIsDone = (outcome: Outcome): Outcome =>
  outcome.result === 'fault' && outcome.fault.code === 'target.not_found'
    ? { result: 'already', sentAt: outcome.sentAt ?? '', at: outcome.at }
    : outcome;
