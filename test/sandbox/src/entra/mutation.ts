import type { Json } from './errors.ts';
import type { Kind } from './schema.ts';

/** Who did it and when, as the audit log tells it. */
export interface Cause {
  /** Virtual milliseconds since the epoch. */
  at: number;
  /** `app:<appId>` or `user:<id or name>`. */
  by: string;
  correlation: string;
  /** Seeding: no audit entry, no change for delta, no lag. */
  quiet?: boolean;
}

/**
 * One change of the tenant. The log of mutations is the tenant's whole durable state: applying it again gives the same objects,
 * the same delta sequence numbers and the same audit log.
 */
export type Mutation = Cause &
  (
    | { op: 'create'; kind: Kind; id: string; properties: Record<string, Json> }
    /** null clears. */
    | { op: 'update'; id: string; properties: Record<string, Json>; activity?: string }
    | { op: 'manager'; id: string; manager: string | null }
    | { op: 'delete'; id: string; soft: boolean }
    | { op: 'restore'; id: string }
    | { op: 'join'; id: string; members: string[] }
    | { op: 'leave'; id: string; members: string[] }
    | { op: 'own'; id: string; owner: string; remove?: boolean }
    | { op: 'assign'; id: string; principal: string; resource: string; appRoleId: string }
    | { op: 'unassign'; id: string }
  );

/** Mutations that only give when and who; the directory adds the rest. */
export type MutationOf<Op extends Mutation['op']> = Extract<Mutation, { op: Op }>;
