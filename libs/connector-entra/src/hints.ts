import type { Hint } from '@muster/connector';
import { eventOf } from './decode-notices.ts';
import { holderKind, idOf } from './observe.ts';
import { isWire } from './properties.ts';
import type { Wire } from './properties.ts';

type Kind = Hint['object']['kind'];

const removed = (item: Wire): Wire | undefined => (isWire(item['@removed']) ? item['@removed'] : undefined);

const gone = (kind: Kind, id: string, reason: string, sign: Wire): Hint => ({
  object: { kind, id },
  reason,
  deleted: 'removed',
  // `changed` is a deletion that can be taken back; `deleted` is for good.
  restorable: sign['reason'] === 'changed',
});

const memberHints = (groupId: string, members: unknown): Hint[] =>
  (Array.isArray(members) ? members : []).filter(isWire).flatMap((member): Hint[] => {
    const kind = holderKind(member);
    const id = idOf(member);
    if (kind === undefined || id === undefined) return [];
    return [
      {
        object: { kind, id },
        reason: removed(member) ? 'member removed' : 'member added',
        aspects: ['groups'],
        about: { kind: 'group', id: groupId },
      },
    ];
  });

const NO_NEWS = new Set(['id', 'members@delta']);

/** What a user holds is told of by the groups. A user who was made or came back has a name in the item, and may hold anything. */
const aspectsOf = (kind: Kind, item: Wire): Pick<Hint, 'aspects'> =>
  kind === 'account' && item['userPrincipalName'] === undefined ? { aspects: ['profile', 'status', 'manager'] } : {};

/** What an item of a delta round says may have changed. An item without id says nothing. */
export const hintsOf = (kind: Kind, item: Wire): Hint[] => {
  const id = idOf(item);
  if (id === undefined) return [];
  const sign = removed(item);
  if (sign) return [gone(kind, id, `${kind} removed`, sign)];
  const members = memberHints(id, item['members@delta']);
  // Apps are not told of.
  const told = kind === 'app' ? {} : { event: eventOf(kind, id) };
  const itself = Object.keys(item).some((name) => !NO_NEWS.has(name)) || members.length === 0;
  const own: Hint[] = itself ? [{ object: { kind, id }, reason: `${kind} changed`, ...aspectsOf(kind, item) }] : [];
  return [...own, ...members].map((hint) => ({ ...hint, ...told }));
};
