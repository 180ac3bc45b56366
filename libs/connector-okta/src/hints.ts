import type { Aspect, Hint } from '@muster/connector';
import { HOOK_EVENTS } from './hook-events.ts';
import { isWire, textOf } from './observe.ts';
import type { Wire } from './observe.ts';

/** Kinds of event that concern what is observed; sign-ins and policy evaluations, which are most of a log, are left out by the query. */
export const WATCHED: readonly string[] = [
  'user.lifecycle.',
  'user.account.',
  'group.lifecycle.',
  'group.profile.',
  'group.user_membership.',
  'group.application_assignment.',
  'application.lifecycle.',
  'application.user_membership.',
];

interface Target {
  id: string;
  type: string;
}

const targetsOf = (event: Wire): Target[] =>
  (Array.isArray(event['target']) ? event['target'] : []).flatMap((target: unknown) => {
    const id = isWire(target) ? textOf(target['id']) : undefined;
    const type = isWire(target) ? textOf(target['type']) : undefined;
    return id === undefined || type === undefined ? [] : [{ id, type }];
  });

/**
 * Whether the actor of an event is this credential: the client itself, named as actor, or the token named in the transaction. A person who shares our
 * app is not us.
 */
const isUs = (event: Wire, actorId: string | undefined): boolean => {
  const actor = isWire(event['actor']) ? textOf(event['actor']['id']) : undefined;
  return actorId !== undefined && actor === actorId;
};

export const actorOf = (event: Wire, actorId: string | undefined): { id: string; us: boolean } | undefined => {
  const id = isWire(event['actor']) ? textOf(event['actor']['id']) : undefined;
  return id === undefined ? undefined : { id, us: isUs(event, actorId) };
};

export const eventTime = (event: Wire): string | undefined => {
  const time = Date.parse(textOf(event['published']) ?? '');
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
};

type Concern = Pick<Hint, 'object' | 'aspects' | 'about' | 'deleted'>;

const of = (targets: readonly Target[], type: string): Target | undefined => targets.find((target) => target.type === type);

const aboutAccount = (type: string, targets: readonly Target[]): Concern[] => {
  const user = of(targets, 'User');
  if (!user) return [];
  const gone = type === 'user.lifecycle.delete.completed' ? { deleted: 'log' as const } : {};
  // What rules make of a changed profile has events of its own, and the apps' bucket is small.
  const itself = type === 'user.account.update_profile' ? { aspects: ['profile', 'status', 'manager'] satisfies Aspect[] } : {};
  return [{ object: { kind: 'account', id: user.id }, ...itself, ...gone }];
};

const aboutGroup = (type: string, targets: readonly Target[]): Concern[] => {
  const group = of(targets, 'UserGroup');
  if (!group) return [];
  return [{ object: { kind: 'group', id: group.id }, ...(type === 'group.lifecycle.delete' ? { deleted: 'log' as const } : {}) }];
};

const aboutApp = (type: string, targets: readonly Target[]): Concern[] => {
  const app = of(targets, 'AppInstance');
  if (!app) return [];
  return [{ object: { kind: 'app', id: app.id }, ...(type === 'application.lifecycle.delete' ? { deleted: 'log' as const } : {}) }];
};

/** A group brings the apps that it is assigned to: who joins or leaves it holds others from then on, and no event says so. */
const brings = (aspect: Aspect): Aspect[] => (aspect === 'groups' ? ['groups', 'apps'] : [aspect]);

const aboutHolding = (holder: Target | undefined, kind: 'account' | 'group', what: Target | undefined, aspect: Aspect): Concern[] => {
  if (!holder) return [];
  const about = what ? { about: { kind: aspect === 'groups' ? ('group' as const) : ('app' as const), id: what.id } } : {};
  return [{ object: { kind, id: holder.id }, aspects: brings(aspect), ...about }];
};

const concernsOf = (type: string, targets: readonly Target[]): Concern[] => {
  if (type.startsWith('group.user_membership.')) return aboutHolding(of(targets, 'User'), 'account', of(targets, 'UserGroup'), 'groups');
  if (type.startsWith('application.user_membership.'))
    return aboutHolding(of(targets, 'User'), 'account', of(targets, 'AppInstance'), 'apps');
  if (type.startsWith('group.application_assignment.'))
    return aboutHolding(of(targets, 'UserGroup'), 'group', of(targets, 'AppInstance'), 'apps');
  if (type.startsWith('group.')) return aboutGroup(type, targets);
  if (type.startsWith('application.lifecycle.')) return aboutApp(type, targets);
  return type.startsWith('user.') ? aboutAccount(type, targets) : [];
};

/** What an event of the System Log says may have changed. Failed attempts and unknown types say nothing. */
export const hintsOf = (event: Wire, actorId: string | undefined): Hint[] => {
  const type = textOf(event['eventType']);
  const outcome = isWire(event['outcome']) ? textOf(event['outcome']['result']) : undefined;
  if (type === undefined || outcome === 'FAILURE' || outcome === 'DENY') return [];
  const actor = actorOf(event, actorId);
  const at = eventTime(event);
  const id = HOOK_EVENTS.includes(type) ? textOf(event['uuid']) : undefined;
  return concernsOf(type, targetsOf(event)).map((concern) => ({
    ...concern,
    reason: type,
    ...(actor === undefined ? {} : { actor }),
    ...(at === undefined ? {} : { at }),
    ...(id === undefined ? {} : { event: id }),
  }));
};
