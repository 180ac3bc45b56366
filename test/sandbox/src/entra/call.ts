import type { Json } from './errors.ts';
import type { Permission } from './permissions.ts';

export type JsonObject = { [name: string]: Json | undefined };

/** The application behind an access token. */
export interface Caller {
  clientId: string;
  servicePrincipalId: string;
  permissions: ReadonlySet<Permission>;
  directoryRoles: readonly string[];
}

/** One request to Graph, alone or inside a batch. */
export interface Call {
  method: string;
  /** Below the version root, decoded parameters beside it. */
  path: string;
  params: Record<string, string>;
  query: URLSearchParams;
  /** Lower-case names. */
  headers: Readonly<Record<string, string | undefined>>;
  body: Json | undefined;
  caller: Caller;
  /** Absolute, with the version: `https://host:port/v1.0`. */
  root: string;
  requestId: string;
  /** Whether a fault of this kind plays now; the kit draws and counts it. */
  plays: (fault: AnswerFault) => boolean;
  /** What the call did, for the journal. */
  effects: string[];
  /** Counts a create under a correlation key. */
  created: (keyName: string, key: Json | undefined) => void;
}

/** Oddities of Graph's answers beside the kit's general faults. */
export type AnswerFault =
  /** A page without items but with a next link. */
  | 'empty-page'
  /** A page that begins with the last item of the page before. */
  | 'repeat-page'
  /** A delta round that shows an object twice. */
  | 'delta-duplicate'
  /** A delta round that shows, beside the changes, something that did not change. */
  | 'delta-replay'
  /** A property and an enum value that no schema names. */
  | 'unknown-property'
  /** A throttled answer without Retry-After. */
  | 'no-retry-after'
  /** An expired delta token answered by 400 syncStateNotFound instead of 410 with Location. */
  | 'sync-state-not-found';

/** One request of a batch; the url is relative to the version root. */
export interface InnerRequest {
  method: string;
  url: string;
  headers: Record<string, string | undefined>;
  body: Json | undefined;
}

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: JsonObject;
}

export const NO_CONTENT: Answer = { status: 204 };

export const holdsAny = (caller: Caller, permissions: readonly Permission[]) =>
  permissions.length === 0 || permissions.some((permission) => caller.permissions.has(permission));

/** Whether the caller asked for the eventually consistent store, which advanced queries need. */
export const wantsEventual = (call: Call) => call.headers['consistencylevel']?.toLowerCase() === 'eventual';
