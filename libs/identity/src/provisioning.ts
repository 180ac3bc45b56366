import type { Command, CommandEnded, CommandSent, Profile, Value } from '@muster/contracts';
import { entitlementKey } from './account.ts';
import type { EventOf, StreamCategory } from './category.ts';
import { isBefore } from './instants.ts';

/** What became of our calls. */
export type ProvisioningEvent = EventOf<'CommandSent' | 'CommandEnded'>;

/** What a person had to say about it. */
export type RetryEvent = EventOf<'RetryAsked'>;

const REMEMBERED_IDS = 32;

/** The part of a command by which wishes are told apart. */
export type Wish = Pick<Command, 'connection' | 'action' | 'field' | 'entitlement'>;

const partOf = ({ action, field, entitlement }: Wish): string => {
  switch (action) {
    case 'create':
    case 'revokeSessions':
      return action;
    case 'set':
      return `set|${field ?? ''}`;
    case 'enable':
    case 'disable':
      return 'status';
    case 'grant':
    case 'revoke':
      return entitlement === undefined ? 'entitlement' : entitlementKey(entitlement);
  }
};

/** Object and field of a wish: `okta-main|set|title`, `okta-main|status`, `okta-main|group:g1`. One account a person and connection, so the object needs no id. */
export const wishKey = (wish: Wish): string => `${wish.connection}|${partOf(wish)}`;

/** How the last command of an object and field ended. */
export interface LastEnd {
  readonly commandId: string;
  readonly valueHmac: string;
  readonly result: CommandEnded['result'];
  readonly answeredAt: string;
  readonly objectId?: string;
  readonly caseId?: string;
  /** A person said that it is to be tried again as it is. */
  readonly retryAsked?: true;
  readonly revision: number;
}

export interface WishHistory {
  /** Commands ended with any result: the generation of the next one. */
  readonly ended: number;
  readonly endedIds: readonly string[];
  readonly last?: LastEnd;
}

/** A write of ours that had, or may have had, its effect. */
export interface Write {
  readonly commandId: string;
  readonly objectId?: string;
  readonly value: Value;
  readonly sentAt: string;
  /** Absent: the answer was lost and the command has not ended. */
  readonly answeredAt?: string;
  readonly revision: number;
}

/** The account that a create of ours made or found. */
export interface Created {
  readonly accountId: string;
  readonly result: 'done' | 'found';
  readonly commandId: string;
  /** What was written; empty if it was found: then the next read says what it holds. */
  readonly profile: Profile;
  readonly enabled?: boolean;
  readonly sentAt: string;
  readonly answeredAt: string;
  readonly revision: number;
}

/** Everything that our calls did to one person. */
export interface Provisioning {
  readonly revision: number;
  /** By `wishKey`. */
  readonly wishes: Readonly<Record<string, WishHistory>>;
  /** By `wishKey`, in the order sent; a later answered write drops those sent before it. */
  readonly writes: Readonly<Record<string, readonly Write[]>>;
  /** By connection. */
  readonly created: Readonly<Record<string, Created>>;
  /** By command id: sent, the answer lost, not ended. */
  readonly open: Readonly<Record<string, CommandSent>>;
  /** By `wishKey`: granted by us and not revoked since. */
  readonly granted: Readonly<Record<string, true>>;
}

const effective = new Set<CommandEnded['result']>(['done', 'found', 'unknown']);

const valueWritten = ({ action, value }: Pick<CommandSent, 'action' | 'value'>): Value | undefined => {
  switch (action) {
    case 'enable':
    case 'grant':
      return true;
    case 'disable':
    case 'revoke':
      return false;
    case 'set':
      return value ?? null;
    case 'create':
    case 'revokeSessions':
      return undefined;
  }
};

const inOrderSent = (writes: readonly Write[]): Write[] =>
  writes.toSorted((a, b) => (isBefore(a.sentAt, b.sentAt) ? -1 : isBefore(b.sentAt, a.sentAt) ? 1 : a.revision - b.revision));

const withWrite = (state: Provisioning, data: CommandSent | CommandEnded, write: Write | undefined): Provisioning => {
  const key = wishKey(data);
  const others = (state.writes[key] ?? []).filter((known) => known.commandId !== data.commandId);
  const ordered = inOrderSent(write ? [...others, write] : others);
  const lastAnswered = ordered.findLastIndex((known) => known.answeredAt !== undefined);
  return { ...state, writes: { ...state.writes, [key]: ordered.slice(Math.max(lastAnswered, 0)) } };
};

const writeOf = (data: CommandSent | CommandEnded, answeredAt: string | undefined, revision: number): Write | undefined => {
  const value = valueWritten(data);
  if (value === undefined || data.sentAt === undefined) return undefined;
  const { commandId, sentAt, object } = data;
  return {
    commandId,
    value,
    sentAt,
    revision,
    ...(object.id === undefined ? {} : { objectId: object.id }),
    ...(answeredAt === undefined ? {} : { answeredAt }),
  };
};

const withCreated = (state: Provisioning, data: CommandEnded, revision: number): Provisioning => {
  if (data.action !== 'create' || data.object.id === undefined || (data.result !== 'done' && data.result !== 'found')) return state;
  const created: Created = {
    accountId: data.object.id,
    result: data.result,
    commandId: data.commandId,
    profile: data.result === 'done' ? (data.profile ?? {}) : {},
    ...(data.result === 'done' && typeof data.value === 'boolean' ? { enabled: data.value } : {}),
    sentAt: data.sentAt ?? data.answeredAt,
    answeredAt: data.answeredAt,
    revision,
  };
  return { ...state, created: { ...state.created, [data.connection]: created } };
};

const withGrant = (state: Provisioning, data: CommandEnded): Provisioning => {
  if (data.action !== 'grant' && data.action !== 'revoke') return state;
  const { [wishKey(data)]: _before, ...others } = state.granted;
  if (data.action === 'grant')
    return data.result === 'done' || data.probed ? { ...state, granted: { ...others, [wishKey(data)]: true } } : state;
  return effective.has(data.result) ? { ...state, granted: others } : state;
};

const lastEnd = (data: CommandEnded, revision: number): LastEnd => ({
  commandId: data.commandId,
  valueHmac: data.valueHmac,
  result: data.result,
  answeredAt: data.answeredAt,
  revision,
  ...(data.object.id === undefined ? {} : { objectId: data.object.id }),
  ...(data.caseId === undefined ? {} : { caseId: data.caseId }),
});

const withEnd = (state: Provisioning, data: CommandEnded, revision: number): Provisioning => {
  const key = wishKey(data);
  const before = state.wishes[key] ?? { ended: 0, endedIds: [] };
  const { [data.commandId]: _sent, ...open } = state.open;
  const history: WishHistory = {
    ended: before.ended + 1,
    endedIds: [...before.endedIds, data.commandId].slice(-REMEMBERED_IDS),
    last: lastEnd(data, revision),
  };
  const ended = { ...state, open, wishes: { ...state.wishes, [key]: history } };
  const write = effective.has(data.result) ? writeOf(data, data.answeredAt, revision) : undefined;
  return withGrant(withCreated(withWrite(ended, data, write), data, revision), data);
};

const withRetry = (state: Provisioning, data: RetryEvent['data']): Provisioning => {
  const key = wishKey(data);
  const history = state.wishes[key];
  if (history?.last?.commandId !== data.commandId) return state;
  return { ...state, wishes: { ...state.wishes, [key]: { ...history, last: { ...history.last, retryAsked: true } } } };
};

/** Stream `provisioning-<identity>`, with everything that stands in it. */
export const retryCategory: StreamCategory<Provisioning, ProvisioningEvent | RetryEvent> = {
  name: 'provisioning',
  initial: { revision: -1, wishes: {}, writes: {}, created: {}, open: {}, granted: {} },
  types: ['CommandSent', 'CommandEnded', 'RetryAsked'],
  timeless: true,
  evolve: (before, event) => {
    const state = { ...before, revision: event.revision };
    switch (event.type) {
      case 'CommandSent':
        return {
          ...withWrite(state, event.data, writeOf(event.data, undefined, event.revision)),
          open: { ...state.open, [event.data.commandId]: event.data },
        };
      case 'CommandEnded':
        return withEnd(state, event.data, event.revision);
      case 'RetryAsked':
        return withRetry(state, event.data);
    }
  },
};

/** The same for whoever records results only. */
export const provisioningCategory = retryCategory as StreamCategory<Provisioning, ProvisioningEvent>;

/** Whether a command has ended; of each object and field the last 32 are remembered. */
export const hasEnded = (state: Provisioning, command: Wish & { readonly commandId: string }): boolean =>
  state.wishes[wishKey(command)]?.endedIds.includes(command.commandId) ?? false;

/** Commands of an object and field that ended with any result. */
export const generationOf = (state: Provisioning, wish: Wish): number => state.wishes[wishKey(wish)]?.ended ?? 0;

/** Records the end of a command; a command that has ended yields nothing. */
export const recordEnd =
  (end: CommandEnded) =>
  (state: Provisioning): ProvisioningEvent[] =>
    hasEnded(state, end) ? [] : [{ type: 'CommandEnded', data: end }];

/** Records that an answer was lost; a command that has ended, or an attempt recorded before, yields nothing. */
export const recordSent =
  (sent: CommandSent) =>
  (state: Provisioning): ProvisioningEvent[] =>
    hasEnded(state, sent) || (state.open[sent.commandId]?.attempt ?? 0) >= sent.attempt ? [] : [{ type: 'CommandSent', data: sent }];

/** Has a refused command tried again; nothing if its wish has ended otherwise since, or somebody has asked already. */
export const askRetry =
  (asked: RetryEvent['data']) =>
  (state: Provisioning): (ProvisioningEvent | RetryEvent)[] => {
    const last = state.wishes[wishKey(asked)]?.last;
    const refused = last?.commandId === asked.commandId && last.result === 'refused' && last.retryAsked === undefined;
    return refused ? [{ type: 'RetryAsked', data: asked }] : [];
  };
