import type { CaseOpened, CommandEnded } from '@muster/contracts';
import type { Ids } from './ids.ts';

const LEAVE = { answer: 'leave', meaning: 'Leave everything as it is' };

/** Two accounts, or an account and a person who already has one, carry the same match key. */
export const accountDisputed = (about: { identityId: string; connection: string; accountIds: readonly string[] }, ids: Ids): CaseOpened => {
  const accountIds = [...about.accountIds].toSorted();
  return {
    caseId: ids.caseId(['account-disputed', about.identityId, about.connection, ...accountIds]),
    kind: 'account-disputed',
    identityId: about.identityId,
    connection: about.connection,
    accountIds,
    message: `Accounts of ${about.connection} that carry this person's match key cannot all be theirs`,
    remedy: 'Say which account is theirs, and correct the match key of the others',
    answers: [{ answer: 'link', meaning: 'The account named in the answer is theirs' }, LEAVE],
  };
};

/** Two workers state the same match key. */
export const matchDisputed = (about: { identityId: string; owner: string }, ids: Ids): CaseOpened => ({
  caseId: ids.caseId(['match-disputed', ...[about.identityId, about.owner].toSorted()]),
  kind: 'match-disputed',
  identityId: about.identityId,
  message: 'Two worker records carry the same match key; no second identity is made',
  remedy: 'Correct the key of one record in its HR system, or end the record that is a duplicate',
  answers: [LEAVE],
});

/** No login is left for a person. */
export const loginExhausted = (about: { identityId: string }, ids: Ids): CaseOpened => ({
  caseId: ids.caseId(['login-exhausted', about.identityId]),
  kind: 'login-exhausted',
  identityId: about.identityId,
  message: 'Every login that the rule gives for this name is taken, or the name leaves no letters to make one of',
  remedy: 'Correct the name in the HR system, or give the person a login by hand',
  answers: [LEAVE],
});

/** An account was deleted by somebody else. */
export const deletedOutside = (about: { identityId: string; connection: string; accountId: string }, ids: Ids): CaseOpened => ({
  caseId: ids.caseId(['deleted-outside', about.identityId, about.connection, about.accountId]),
  kind: 'lock',
  identityId: about.identityId,
  connection: about.connection,
  accountIds: [about.accountId],
  message: `The account was deleted in ${about.connection} by somebody else; no other one is made`,
  remedy: 'Restore it there, or answer that another one may be made',
  answers: [{ answer: 'recreate', meaning: 'Unlink the deleted account and make another one' }, LEAVE],
});

const retry = { answer: 'retry', meaning: 'Try the same again: what was in the way is gone' };

/** The question that a command which ended `case` or `locked` leaves; undefined for every other end. */
export const caseOfEnd = (ended: CommandEnded): CaseOpened | undefined => {
  const { caseId, result, identityId, connection, commandId, object } = ended;
  if (caseId === undefined) return undefined;
  const about = { caseId, identityId, connection, commandId, ...(object.id === undefined ? {} : { accountIds: [object.id] }) };
  if (result === 'case')
    return {
      ...about,
      kind: 'create-conflict',
      message: `${connection} already has an account with this login or key, and it does not carry this person's match key`,
      remedy: 'If it is theirs, correct its match key or link it; if not, free the login there',
      answers: [{ answer: 'link', meaning: 'The account named in the answer is theirs' }, retry, LEAVE],
    };
  if (result === 'locked')
    return {
      ...about,
      kind: 'lock',
      message: `The account was turned off in ${connection} by somebody else, or nobody can say by whom; it stays off`,
      remedy: 'Find out why it was turned off; turn it on there, or answer that it may be turned on',
      answers: [retry, LEAVE],
    };
  return undefined;
};
