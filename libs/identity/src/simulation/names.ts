import { testIds, testUuid } from '../testing.ts';
import type { Ids } from '../ids.ts';

/** Stream names and ids of the simulated world, as the shell of the product derives them. */
export interface Names {
  readonly ids: Ids;
  worker(key: string): string;
  identityId(key: string): string;
  match(key: string): string;
  login(login: string): string;
  claim(connection: string, accountId: string): string;
  account(connection: string, accountId: string): string;
}

/** HMACs are slow and computed once a process; so are these. */
export const createNames = (): Names => {
  const memo = new Map<string, string>();
  const once = (kind: string, text: string): string => {
    const key = `${kind} ${text}`;
    const known = memo.get(key);
    if (known !== undefined) return known;
    const made = testUuid(key);
    memo.set(key, made);
    return made;
  };
  return {
    ids: testIds,
    worker: (key) => `worker-hr-main.${once('worker', key)}`,
    identityId: (key) => once('identity', key),
    match: (key) => `claim-match.${once('match', key)}`,
    login: (login) => `claim-login.${once('login', login)}`,
    claim: (connection, accountId) => `claim-account.${connection}.${accountId}`,
    account: (connection, accountId) => `account-${connection}.${accountId}`,
  };
};
