import type {
  AccountLinked,
  AccountUnlinked,
  IdentityAttributesChanged,
  IdentityCreated,
  IdentityLifecycleChanged,
  InputRef,
  LoginAssigned,
} from '@muster/contracts';
import type { Canonical } from './attributes.ts';
import type { EventOf, StreamCategory } from './category.ts';
import type { Lifecycle } from './lifecycle.ts';
import { sameJson, sameValue } from './values.ts';
import { compareVersions } from './worker.ts';

export type IdentityEvent = EventOf<
  | 'IdentityCreated'
  | 'IdentityAttributesChanged'
  | 'IdentityLifecycleChanged'
  | 'LoginAssigned'
  | 'AccountLinked'
  | 'AccountUnlinked'
  | 'IdentityErased'
>;

export interface Link {
  readonly accountId: string;
  readonly by: AccountLinked['by'];
  /** Revision of the event that linked it. */
  readonly revision: number;
}

/** A person as governed. */
export interface Identity {
  readonly revision: number;
  readonly identityId?: string;
  readonly source?: IdentityCreated['source'];
  /** `revision` is that of the last lifecycle event: the fence of every call. */
  readonly lifecycle?: Omit<IdentityLifecycleChanged, 'identityId'> & { readonly revision: number };
  readonly attributes: IdentityAttributesChanged['attributes'];
  readonly provenance: IdentityAttributesChanged['provenance'];
  readonly losing: NonNullable<IdentityAttributesChanged['losing']>;
  readonly attributesRevision?: number;
  /** The part before the @. */
  readonly login?: LoginAssigned['login'];
  /** By connection. */
  readonly links: Readonly<Record<string, Link>>;
  /** By connection, accounts whose join was taken apart: they are not joined again by themselves. */
  readonly unlinked: Readonly<Record<string, readonly string[]>>;
  readonly erased?: true;
}

const withoutLink = (identity: Identity, { connection, accountId }: AccountUnlinked): Identity => ({
  ...identity,
  links: Object.fromEntries(Object.entries(identity.links).filter(([name, link]) => name !== connection || link.accountId !== accountId)),
  unlinked: { ...identity.unlinked, [connection]: [...(identity.unlinked[connection] ?? []), accountId] },
});

/** Personal fields of an erased person are absent. */
const withAttributes = (identity: Identity, { attributes, provenance, losing }: Partial<IdentityAttributesChanged>): Identity => ({
  ...identity,
  attributes: attributes ?? {},
  provenance: provenance ?? {},
  losing: losing ?? {},
  attributesRevision: identity.revision,
});

/** Stream `identity-<id>`. */
export const identityCategory: StreamCategory<Identity, IdentityEvent> = {
  name: 'identity',
  initial: { revision: -1, attributes: {}, provenance: {}, losing: {}, links: {}, unlinked: {} },
  types: [
    'IdentityCreated',
    'IdentityAttributesChanged',
    'IdentityLifecycleChanged',
    'LoginAssigned',
    'AccountLinked',
    'AccountUnlinked',
    'IdentityErased',
  ],
  timeless: true,
  evolve: (before, event) => {
    const { revision } = event;
    const identity = { ...before, revision };
    switch (event.type) {
      case 'IdentityCreated':
        return { ...identity, identityId: event.data.identityId, source: event.data.source };
      case 'IdentityAttributesChanged': {
        return withAttributes(identity, event.data);
      }
      case 'IdentityLifecycleChanged': {
        const { identityId: _id, ...lifecycle } = event.data;
        return { ...identity, lifecycle: { ...lifecycle, revision } };
      }
      case 'LoginAssigned':
        return { ...identity, login: event.data.login };
      case 'AccountLinked': {
        const { connection, accountId, by } = event.data;
        return { ...identity, links: { ...identity.links, [connection]: { accountId, by, revision } } };
      }
      case 'AccountUnlinked':
        return withoutLink(identity, event.data);
      case 'IdentityErased':
        return { ...identity, erased: true, attributes: {}, losing: {} };
    }
  },
};

/** What the person's own source says, as far as it has not reached the identity yet. */
export interface WorkerFacts {
  readonly identityId: string;
  readonly source: IdentityCreated['source'];
  readonly lifecycle: Lifecycle;
  readonly canonical: Canonical;
}

/** A person who left comes back only by a newer record: the same record, or an older one, never reopens. */
const mayReopen = (identity: Identity, next: Lifecycle): boolean =>
  identity.lifecycle?.state !== 'left' ||
  (next.revision > identity.lifecycle.cause.revision && compareVersions(next.recordVersion, identity.lifecycle.recordVersion) >= 0);

/** What of a lifecycle is shown; the rest says where it comes from. */
const shown = (lifecycle: Identity['lifecycle'] | Lifecycle): unknown =>
  lifecycle && { state: lifecycle.state, startsOn: lifecycle.startsOn, endsOn: lifecycle.endsOn ?? null, timeZone: lifecycle.timeZone };

const lifecycleEvents = (identity: Identity, { identityId, source, lifecycle }: WorkerFacts): IdentityEvent[] => {
  const known = identity.lifecycle;
  const { nextDue: _due, revision, ...says } = lifecycle;
  if (sameJson(shown(known), shown(lifecycle))) return [];
  if (known?.state !== says.state && !mayReopen(identity, lifecycle)) return [];
  const cause: InputRef = { stream: source.stream, revision };
  const reopened = known?.state === 'left' && says.state !== 'left';
  return [{ type: 'IdentityLifecycleChanged', data: { identityId, ...says, cause, ...(reopened ? { reopened: true } : {}) } }];
};

const attributeEvents = (identity: Identity, { identityId, canonical }: WorkerFacts): IdentityEvent[] => {
  const { attributes, provenance, losing } = canonical;
  const names = [...new Set([...Object.keys(attributes), ...Object.keys(identity.attributes)])].toSorted();
  const changed = names.filter((name) => !sameValue(attributes[name], identity.attributes[name]));
  const sameSource =
    sameJson(losing, identity.losing) && names.every((name) => identity.provenance[name]?.stream === provenance[name]?.stream);
  if (identity.attributesRevision !== undefined && changed.length === 0 && sameSource) return [];
  return [
    {
      type: 'IdentityAttributesChanged',
      data: { identityId, attributes, changed, provenance, ...(Object.keys(losing).length === 0 ? {} : { losing }) },
    },
  ];
};

/**
 * Brings the identity up to what its source says at an instant: creates it if need be (a worker first seen as terminated too, so that existing
 * accounts are found and closed), then lifecycle and attributes. What is known yields nothing.
 */
export const followWorker =
  (facts: WorkerFacts) =>
  (identity: Identity): IdentityEvent[] => {
    if (identity.erased) return [];
    const created: IdentityEvent[] =
      identity.identityId === undefined ? [{ type: 'IdentityCreated', data: { identityId: facts.identityId, source: facts.source } }] : [];
    return [...created, ...lifecycleEvents(identity, facts), ...attributeEvents(identity, facts)];
  };

/** Gives the identity its login, once and for ever. */
export const assignLogin =
  (assigned: LoginAssigned) =>
  (identity: Identity): IdentityEvent[] =>
    identity.login === undefined && identity.identityId !== undefined ? [{ type: 'LoginAssigned', data: assigned }] : [];

/** Joins an account, whose claim is held by this identity, to it. A connection that has a link already yields nothing. */
export const linkAccount =
  (link: AccountLinked) =>
  (identity: Identity): IdentityEvent[] =>
    identity.identityId !== undefined && identity.links[link.connection] === undefined ? [{ type: 'AccountLinked', data: link }] : [];

/** Takes a join apart; an account that is not linked yields nothing. */
export const unlinkAccount =
  (unlinked: AccountUnlinked) =>
  (identity: Identity): IdentityEvent[] =>
    identity.links[unlinked.connection]?.accountId === unlinked.accountId ? [{ type: 'AccountUnlinked', data: unlinked }] : [];

/** The fence: calls of plans that were made under another revision are not sent. -1: the person is not known. */
export const lifecycleRevision = (identity: Identity): number => identity.lifecycle?.revision ?? -1;

/** Whether the join of an account was taken apart. */
export const wasUnlinked = (identity: Identity, connection: string, accountId: string): boolean =>
  identity.unlinked[connection]?.includes(accountId) ?? false;
