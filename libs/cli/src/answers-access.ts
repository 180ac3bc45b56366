import type { Person, UpTo } from './answers.ts';

export interface HoldersAnswer {
  upTo: UpTo;
  asOf: string;
  knownAt: string;
  /** One for each connection that has a group or app of that name. */
  objects: {
    connection: string;
    kind: string;
    id: string;
    name?: string;
    existence: string;
    holders: {
      connection: string;
      accountId: string;
      enabled: boolean | null;
      since: string;
      via: { how: string; through: string[] }[];
      identityId?: string;
      employeeNumber?: string;
      displayName?: string;
    }[];
    /** Names of the groups on the way, by id. */
    names: Record<string, string>;
  }[];
  notes: { connection: string; note: string }[];
}

export interface AccountsAnswer {
  upTo: UpTo;
  asOf: string;
  knownAt: string;
  /** Of all, whatever is listed. */
  counts: { connection: string; situation: string; accounts: number }[];
  accounts: {
    connection: string;
    accountId: string;
    situation: string;
    why?: string;
    login?: string;
    enabled: boolean | null;
    identityId?: string;
    employeeNumber?: string;
    displayName?: string;
  }[];
  /** Where to go on: there are more. */
  next?: string;
  notes: { connection: string; note: string }[];
}

export interface ShownCondition {
  expression: string;
  holds: boolean;
  outcome: string;
  reads: Record<string, unknown>;
  message?: string;
}

export interface ScopeAnswer {
  upTo: UpTo;
  person: Person;
  flows: {
    flow: string;
    version: number;
    inScope: boolean;
    scope: ShownCondition[];
    steps: { step: string; kind: string; connection: string; applies: boolean; when?: ShownCondition }[];
  }[];
}

export interface DiffAnswer {
  upTo: UpTo;
  subject: string;
  from: string;
  to: string;
  knownAt: string;
  differences: {
    change: 'gained' | 'lost' | 'changed';
    of: string;
    what: string;
    name?: string;
    connection?: string;
    accountId?: string;
    identityId?: string;
    displayName?: string;
    before?: unknown;
    after?: unknown;
  }[];
  notes: { connection: string; note: string; at: string }[];
}

export interface ObjectTimelineAnswer {
  upTo: UpTo;
  objects: { connection: string; kind: string; id: string; name?: string; existence: string }[];
  entries: { recordedAt: string; occurredAt: string; stream: string; revision: number; eventId: string; type: string; summary: string }[];
  cut: boolean;
}
