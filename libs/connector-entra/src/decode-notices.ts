import type { Hint, SubscriptionNews, Told } from '@muster/connector';
import { isWire } from './properties.ts';
import type { Wire } from './properties.ts';

const KINDS: Readonly<Record<string, Hint['object']['kind']>> = { users: 'account', groups: 'group' };

const NEWS: Readonly<Record<string, SubscriptionNews['what']>> = {
  reauthorizationRequired: 'renew',
  subscriptionRemoved: 'removed',
  missed: 'missed',
};

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** By which name a change of an object is told and shown: a notification has no id that delta would know. */
export const eventOf = (kind: Hint['object']['kind'], id: string): string => `${kind} ${id}`;

/**
 * What a delivery of Graph says, one entry for each notification in it; undefined: this is no delivery. Memberships are told with their group, and fetched
 * from the member. A deletion is no proof here: delta is.
 */
export const decodeNotices = (body: unknown): Told[] | undefined => {
  if (!isWire(body) || !Array.isArray(body['value'])) return undefined;
  return body['value'].filter(isWire).map((notice): Told => {
    const [secret, once] = [text(notice['clientState']), text(notice['id'])];
    const subscription = newsOf(notice);
    return {
      ...(secret === undefined ? {} : { secret }),
      ...(once === undefined ? {} : { once }),
      hints: subscription ? [] : hintsOf(notice),
      ...(notice['changeType'] === 'deleted' ? { deletion: true } : {}),
      ...(subscription ? { subscription } : {}),
    };
  });
};

function newsOf(notice: Wire): SubscriptionNews | undefined {
  const event = text(notice['lifecycleEvent']);
  const id = text(notice['subscriptionId']);
  const what = event !== undefined && Object.hasOwn(NEWS, event) ? NEWS[event] : undefined;
  return what && id !== undefined ? { id, what } : undefined;
}

function hintsOf(notice: Wire): Hint[] {
  const [, collection = '', named] = /^(\w+)\/([^/]+)$/.exec(text(notice['resource']) ?? '') ?? [];
  const kind = KINDS[collection.toLowerCase()];
  if (!kind || named === undefined) return [];
  const reason = `told ${text(notice['changeType']) ?? ''}`;
  const event = eventOf(kind, named);
  const data = isWire(notice['resourceData']) ? notice['resourceData'] : {};
  const members: unknown[] = Array.isArray(data['members@delta']) ? data['members@delta'] : [];
  const holders = members.filter(isWire).flatMap(({ id }): Hint[] => {
    const member = text(id);
    if (member === undefined) return [];
    return [{ object: { kind: 'account', id: member }, reason, aspects: ['groups'], about: { kind: 'group', id: named }, event }];
  });
  return [{ object: { kind, id: named }, reason, event }, ...holders];
}
