import type { Command, EntitlementRef, Value } from '@muster/contracts';
import type { NameOf } from './object-names.ts';

const PAIRS = 12;
const LONGEST = 80;

/** A value as it stands in a sentence. */
export const shown = (value: Value | undefined): string => {
  if (value === undefined || value === null) return 'nothing';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
};

/** `a, b, c and 4 more` */
export const list = (items: readonly string[], most = PAIRS): string => {
  const first = items.slice(0, most).join(', ');
  return items.length > most ? `${first} and ${items.length - most} more` : first;
};

/** `title: Engineer, department: Sales`; of an erased person nothing is left to show. */
export const pairs = (values: Readonly<Record<string, Value>> | undefined, names?: readonly string[]): string => {
  if (values === undefined) return 'erased';
  const chosen = names ?? Object.keys(values);
  return list(chosen.map((name) => `${name}: ${shown(values[name])}`));
};

/** `group Engineering (00g1)`, or `group 00g1` while it has no name. */
export const entitlementText = (connection: string, entitlement: EntitlementRef, nameOf: NameOf): string => {
  const name = nameOf(connection, entitlement);
  return name === undefined ? `${entitlement.kind} ${entitlement.id}` : `${entitlement.kind} ${name} (${entitlement.id})`;
};

/** What a command is about. The value and profile of an erased person are gone, and with them every plan's commands. */
export type Wished = Pick<Command, 'connection' | 'object' | 'action' | 'field' | 'value' | 'profile' | 'entitlement'>;

type Tense = 'wish' | 'past';

const verbs = {
  create: { wish: 'create', past: 'created' },
  set: { wish: 'set', past: 'set' },
  enable: { wish: 'enable', past: 'enabled' },
  disable: { wish: 'disable', past: 'disabled' },
  revokeSessions: { wish: 'end all sessions of', past: 'ended all sessions of' },
  grant: { wish: 'grant', past: 'granted' },
  revoke: { wish: 'revoke', past: 'revoked' },
} as const satisfies Record<Command['action'], Record<Tense, string>>;

const account = ({ object }: Wished): string => (object.id === undefined ? object.kind : `${object.kind} ${object.id}`);

const fieldsText = ({ profile = {} }: Wished): string => {
  const names = Object.keys(profile);
  return names.length === 0 ? 'attributes erased' : `${list(names, 3)}; ${names.length} fields`;
};

const valueText = ({ value }: Wished): string => (value === undefined ? '(value erased)' : `to ${shown(value)}`);

const heldText = ({ connection, entitlement }: Wished, nameOf: NameOf): string =>
  entitlement ? entitlementText(connection, entitlement, nameOf) : 'an entitlement';

/** `create account (login, title; 2 fields)`, `set title to Engineer`, `granted group Sales (00g1)`. */
export const wishText = (wished: Wished, tense: Tense, nameOf: NameOf): string => {
  const verb = verbs[wished.action][tense];
  switch (wished.action) {
    case 'create':
      return `${verb} ${account(wished)} (${fieldsText(wished)})`;
    case 'set':
      return `${verb} ${wished.field ?? 'an attribute'} ${valueText(wished)}`;
    case 'enable':
    case 'disable':
    case 'revokeSessions':
      return `${verb} ${account(wished)}`;
    case 'grant':
    case 'revoke':
      return `${verb} ${heldText(wished, nameOf)}`;
  }
};
