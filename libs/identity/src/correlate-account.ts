import type { AccountLinked, InputRef } from '@muster/contracts';
import type { Account } from './account.ts';
import { openCase, type Case } from './case.ts';
import { accountDisputed, deletedOutside } from './cases.ts';
import { releaseClaim, takeClaim } from './claim.ts';
import type { NamedClaim, Step } from './correlate.ts';
import { linkAccount, unlinkAccount, wasUnlinked, type Identity } from './identity.ts';
import type { Ids } from './ids.ts';
import type { Provisioning } from './provisioning.ts';

/** Where an account stands. `unlinked`: its owner is known and the join is under way. */
export type Situation = 'linked' | 'unlinked' | 'unmatched' | 'disputed' | 'deleted';

export interface CorrelateAccountInput {
  readonly account: Account;
  readonly accountStream: string;
  readonly connection: string;
  readonly accountId: string;
  /** Owner of the claim on the match key that the account carries; absent: it carries none, or nobody claimed it. */
  readonly matchOwner?: string;
  /** The identity that owns the account's claim or, without one, `matchOwner`. */
  readonly identity?: Identity;
  readonly claim: NamedClaim;
  /** Other accounts of the connection, not deleted and not linked, that carry the same match key. */
  readonly rivals: readonly string[];
  readonly ids: Ids;
}

export interface CorrelatedAccount {
  readonly situation: Situation;
  readonly steps: readonly Step[];
}

const caseStep = (question: Parameters<typeof openCase>[0]): Step => ({
  category: 'case',
  stream: `case-${question.caseId}`,
  decide: openCase(question),
});

const claimStep = (stream: string, owner: string, reason: 'link' | 'person'): Step => ({
  category: 'claim',
  stream,
  decide: takeClaim({ kind: 'account', owner, reason }),
});

const linkStep = (link: AccountLinked): Step => ({
  category: 'identity',
  stream: `identity-${link.identityId}`,
  decide: linkAccount(link),
});

const deleted = ({ identity, connection, accountId, ids }: CorrelateAccountInput): CorrelatedAccount => {
  const identityId = identity?.identityId;
  const mattered = identityId !== undefined && identity?.links[connection]?.accountId === accountId && identity.lifecycle?.state !== 'left';
  return { situation: 'deleted', steps: mattered ? [caseStep(deletedOutside({ identityId, connection, accountId }, ids))] : [] };
};

const disputed = (
  { connection, accountId, ids }: CorrelateAccountInput,
  identityId: string,
  others: readonly string[],
): CorrelatedAccount => ({
  situation: 'disputed',
  steps: [caseStep(accountDisputed({ identityId, connection, accountIds: [accountId, ...others] }, ids))],
});

const unlinked = (input: CorrelateAccountInput, owner: string, identity: Identity): CorrelatedAccount => {
  const { account, accountStream, connection, accountId, claim, rivals } = input;
  const other = identity.links[connection]?.accountId;
  // Whoever names the rivals may not know yet that one of them was linked.
  const contenders = [...new Set([...rivals, ...(other === undefined ? [] : [other])])];
  if (contenders.length > 0) return disputed(input, owner, contenders);
  if (claim.claim.owner === undefined) return { situation: 'unlinked', steps: [claimStep(claim.stream, owner, 'link')] };
  const cause: InputRef = { stream: accountStream, revision: Math.max(account.revision, 0) };
  return { situation: 'unlinked', steps: [linkStep({ identityId: owner, connection, accountId, by: 'match-key', cause })] };
};

/**
 * From an account's facts to the next step that joins it to the person whose match key it carries: claim the account, then link it. Asked again
 * after each step; safe to stop at any point. A second account of one person, and an account of somebody else's claim, make a case.
 */
export const correlateAccount = (input: CorrelateAccountInput): CorrelatedAccount => {
  const { account, connection, accountId } = input;
  if (account.existence === 'deleted') return deleted(input);
  const owner = ownerOf(input);
  if (account.existence === 'unknown' || owner === undefined) return { situation: 'unmatched', steps: [] };
  if (owner.identity.links[connection]?.accountId === accountId) return { situation: 'linked', steps: [] };
  const claimant = input.matchOwner ?? owner.id;
  return claimant === owner.id ? unlinked(input, owner.id, owner.identity) : disputed(input, claimant, []);
};

/** Whoever holds the account's claim or, while nobody does, the claim on the match key that it carries. */
const ownerOf = ({ claim, matchOwner, identity }: CorrelateAccountInput): { id: string; identity: Identity } | undefined => {
  const id = claim.claim.owner ?? matchOwner;
  return id === undefined || identity?.identityId !== id ? undefined : { id, identity };
};

export interface CorrelateCreatedInput {
  readonly identity: Identity;
  readonly identityId: string;
  readonly connection: string;
  readonly provisioning: Provisioning;
  readonly provisioningStream: string;
  /** The claim on the account that a create of ours made or found. */
  readonly claim: NamedClaim;
  readonly ids: Ids;
}

/**
 * From the end of a create to the next step that links the account that it made or found, even if it is deleted by now: that it was theirs must be known.
 * Nothing once linked, or once a person took the join apart.
 */
export const correlateCreated = (input: CorrelateCreatedInput): readonly Step[] => {
  const { identity, identityId, connection, provisioning, provisioningStream, claim, ids } = input;
  const created = provisioning.created[connection];
  if (created === undefined || identity.links[connection] !== undefined || wasUnlinked(identity, connection, created.accountId)) return [];
  const { accountId, revision } = created;
  if (claim.claim.owner === undefined) return [claimStep(claim.stream, identityId, 'link')];
  if (claim.claim.owner !== identityId) return [caseStep(accountDisputed({ identityId, connection, accountIds: [accountId] }, ids))];
  const by = created.result === 'done' ? 'created' : 'found-on-conflict';
  return [linkStep({ identityId, connection, accountId, by, cause: { stream: provisioningStream, revision } })];
};

/**
 * What follows from a person's answer to a case: `link` joins the account that the answer names, `recreate` takes the deleted one's join apart.
 * `retry` is not a step: hand the case's command id to planning. Asked again after each step; nothing once done, or while the case is open.
 */
export const stepsOfAnswer = (state: Case, facts: Facts): readonly Step[] => {
  const named = subjectOf(state);
  const steps = state.resolved && reactions[state.resolved.answer];
  return named && steps ? steps(named, facts) : [];
};

const subjectOf = ({ opened, resolved }: Case): Named | undefined => {
  const { identityId, connection, accountIds = [] } = opened ?? {};
  const accountId = resolved?.accountId ?? accountIds[0];
  return identityId === undefined || connection === undefined || accountId === undefined
    ? undefined
    : { identityId, connection, accountId };
};

type Named = { readonly identityId: string; readonly connection: string; readonly accountId: string };
type Facts = { readonly identity: Identity; readonly claim: NamedClaim };

const recreate = ({ identityId, connection, accountId }: Named, { identity, claim }: Facts): readonly Step[] => {
  if (identity.links[connection]?.accountId === accountId)
    return [
      {
        category: 'identity',
        stream: `identity-${identityId}`,
        decide: unlinkAccount({ identityId, connection, accountId, reason: 'deleted' }),
      },
    ];
  return claim.claim.owner === identityId ? [{ category: 'claim', stream: claim.stream, decide: releaseClaim(identityId, 'deleted') }] : [];
};

const linkByPerson = ({ identityId, connection, accountId }: Named, { identity, claim }: Facts): readonly Step[] => {
  if (identity.links[connection] !== undefined) return [];
  if (claim.claim.owner === undefined) return [claimStep(claim.stream, identityId, 'person')];
  return claim.claim.owner === identityId ? [linkStep({ identityId, connection, accountId, by: 'person' })] : [];
};

const reactions: Readonly<Record<string, (named: Named, facts: Facts) => readonly Step[]>> = { recreate, link: linkByPerson };
