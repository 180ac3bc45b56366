import { GraphFault } from './errors.ts';
import { DELTA_LIFE } from './change-log.ts';
import type { Call } from './call.ts';
import { COLLECTIONS, type Kind } from './schema.ts';
import type { Tenant } from './tenant.ts';

/** What a skip or delta token carries: the query of the first request and how far this round is. */
export interface DeltaToken {
  kind: Kind;
  /** Virtual time of issue. */
  issued: number;
  select?: string[];
  /** Only these objects. */
  ids?: string[];
  /** Only what changed is shown (Prefer: return=minimal). */
  minimal?: boolean;
  /** Next change to show, once the first listing is over. */
  sequence: number;
  /** First listing: next object by ordinal, and next member within it. */
  ordinal?: number;
  member?: number;
  /** The page before was empty on purpose. */
  withheld?: boolean;
}

export const encodeToken = (token: DeltaToken) => Buffer.from(JSON.stringify(token)).toString('base64url');

/** Opens a token; throws 410 with Location (or 400 syncStateNotFound, as the tenant's quirks say) for one that is too old. */
export function decodeToken(tenant: Tenant, call: Call, text: string): DeltaToken {
  const token = parse(text);
  if (!token) throw badToken();
  const log = tenant.directory.changes[token.kind];
  const expired =
    token.issued < tenant.now() - tenant.scale(DELTA_LIFE) || token.issued < tenant.deltaTokensFrom || token.sequence < log.tail;
  // a sequence from the future: the tenant was restored or made anew
  if (expired || token.sequence > log.head) throw expiredToken(call, token.kind);
  return token;
}

function parse(text: string): DeltaToken | undefined {
  try {
    const token = JSON.parse(Buffer.from(text, 'base64url').toString()) as DeltaToken;
    return token.kind in COLLECTIONS && Number.isInteger(token.sequence) && Number.isFinite(token.issued) ? token : undefined;
  } catch {
    return undefined;
  }
}

const badToken = () => new GraphFault(400, 'Request_BadRequest', 'Badly formed content, syncState or deltaToken.');

function expiredToken(call: Call, kind: Kind): GraphFault {
  if (call.plays('sync-state-not-found')) {
    return new GraphFault(400, 'syncStateNotFound', 'The sync state generation is not found; a full synchronization is required.');
  }
  return new GraphFault(410, 'resyncRequired', 'The delta token is expired; a full synchronization is required.', {
    headers: { Location: `${call.root}/${COLLECTIONS[kind]}/delta?$deltatoken=` },
  });
}
