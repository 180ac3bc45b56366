import type { ClaimTaken } from '@muster/contracts';
import type { EventOf, StreamCategory } from './category.ts';

export type ClaimEvent = EventOf<'ClaimTaken' | 'ClaimReleased'>;

/** Who owns a match key, a login or an account. */
export interface Claim {
  readonly revision: number;
  readonly kind?: ClaimTaken['kind'];
  readonly owner?: string;
  /** The owner now or, after a release, the one before. */
  readonly lastOwner?: string;
}

/** Streams `claim-match.<hmac>`, `claim-login.<hmac>`, `claim-account.<connection>.<id>`; appended by exact revision, so two takers cannot both win. */
export const claimCategory: StreamCategory<Claim, ClaimEvent> = {
  name: 'claim',
  initial: { revision: -1 },
  types: ['ClaimTaken', 'ClaimReleased'],
  timeless: true,
  evolve: (claim, event) => {
    const { kind, owner } = event.data;
    switch (event.type) {
      case 'ClaimTaken':
        return { revision: event.revision, kind, owner, lastOwner: owner };
      case 'ClaimReleased':
        return { revision: event.revision, kind, ...(claim.lastOwner === undefined ? {} : { lastOwner: claim.lastOwner }) };
    }
  },
};

/** Takes what is free. What is owned, by whomever, yields nothing: look at the owner afterwards. A login never changes hands. */
export const takeClaim =
  (wanted: ClaimTaken) =>
  (claim: Claim): ClaimEvent[] =>
    isFree(claim, wanted.kind, wanted.owner) ? [{ type: 'ClaimTaken', data: wanted }] : [];

/** Gives up what this owner owns; anything else yields nothing. */
export const releaseClaim =
  (owner: string, reason: string) =>
  (claim: Claim): ClaimEvent[] =>
    claim.owner === owner && claim.kind !== undefined ? [{ type: 'ClaimReleased', data: { kind: claim.kind, owner, reason } }] : [];

/** Whether `owner` could take it. */
export const isFree = (claim: Claim, kind: ClaimTaken['kind'], owner: string): boolean =>
  claim.owner === undefined && (kind !== 'login' || claim.lastOwner === undefined || claim.lastOwner === owner);
