import type { EntitlementRef, Provenance, Value } from '@muster/contracts';

/**
 * When a mapped value is written. `always`: whenever the target differs and the value is not empty. `onCreate`: only when the account is made.
 * `defaultIfEmpty`: only where the target holds nothing. `clearIfEmpty`: as `always`, and an empty value clears the target.
 */
export type ApplyMode = 'always' | 'onCreate' | 'defaultIfEmpty' | 'clearIfEmpty';

export interface DesiredAttribute {
  /** `null`: the expression gave nothing. */
  readonly value: Value;
  readonly mode: ApplyMode;
  readonly provenance: Provenance;
}

export interface DesiredEntitlement {
  readonly entitlement: EntitlementRef;
  readonly provenance: Provenance;
}

/** A value that could not be computed. `field`: attribute name, `enabled`, `manager`, or `kind:name` of an entitlement. */
export interface MappingProblem {
  readonly connection: string;
  readonly field: string;
  /** As a plan lists it. */
  readonly reason: 'mapping-failed' | 'group-missing' | 'app-missing';
  /** The target makes no account without this attribute. */
  readonly required?: boolean;
  /** For people; holds no value and no personal data. */
  readonly message: string;
  readonly provenance: Provenance;
}

/** What should hold for one person in one connection: what all active flows say together. */
export interface DesiredConnection {
  readonly connection: string;
  /** Absent: no flow says anything about an account here; an existing one is left as it is. */
  readonly account?: { readonly enabled: boolean; readonly provenance: Provenance };
  /** By the target's attribute names, login and match key included. */
  readonly attributes: Readonly<Record<string, DesiredAttribute>>;
  /** The attribute that carries the correlation key, and this person's key. Absent: no account can be made. */
  readonly matchKey?: { readonly attribute: string; readonly value: string };
  /** The attribute that carries the login, and the whole login. Absent: no account can be made. */
  readonly login?: { readonly attribute: string; readonly value: string };
  /** For targets that hold the manager as a reference to an account; `null`: the person has none. */
  readonly manager?: { readonly workerKey: string | null; readonly provenance: Provenance };
  readonly entitlements: readonly DesiredEntitlement[];
  /** A `none` step is in force: nothing may be held here; everything held is to be taken away, whoever granted it. */
  readonly holdNothing?: Provenance;
}

/** Desired state of one person: pure result of recorded flow versions over recorded facts at `asOf`. */
export interface DesiredState {
  readonly connections: readonly DesiredConnection[];
  /** Every flow version that was evaluated, in scope or not. */
  readonly flows: readonly { readonly flow: string; readonly version: number }[];
  readonly problems: readonly MappingProblem[];
  /** RFC 3339: when the answer changes by time alone. */
  readonly nextDue?: string;
}
