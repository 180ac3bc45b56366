import type { AttributeProvenance, InputRef, Profile, WorkerRecord } from '@muster/contracts';
import type { LifecycleState } from '@muster/identity';
import type { CompiledFlow } from './compile-flow.ts';
import type { ObservedObjects } from './observed-objects.ts';
import type { TargetKind } from './vendors/catalogue.ts';

/** A fact, and the event that it stands in. */
export interface Sourced<T> {
  readonly value: T;
  readonly ref: InputRef;
}

/** A connection that flows may name. */
export interface TargetConnection {
  readonly name: string;
  readonly kind: TargetKind;
  /** What stands behind the @ of logins; expressions read it as `domain`. */
  readonly domain?: string;
  /** Attributes that are written here only because the connection says so: custom ones, and those that need a permission of their own. */
  readonly writes?: readonly string[];
  /** Observed and not deleted; absent: none. */
  readonly groups?: ObservedObjects;
  readonly apps?: ObservedObjects;
}

/** What is known of a person's manager. */
export interface Manager {
  readonly employeeNumber: string;
  readonly name?: string;
  /** Connections in which the manager has an account. */
  readonly accounts: readonly string[];
  readonly ref: InputRef;
}

/** Everything that a decision depends on. It holds no clock: what time says is in the lifecycle and in the records that hold. */
export interface DecisionInput {
  readonly identity: {
    readonly attributes: Profile;
    /** By attribute, the fact that it was taken from. */
    readonly provenance: Readonly<Record<string, AttributeProvenance>>;
    /** The identity's own stream, as read. */
    readonly ref: InputRef;
  };
  readonly lifecycle: Sourced<LifecycleState>;
  /** The part before the @; absent: none assigned yet. */
  readonly login?: Sourced<string>;
  /** The HR records that hold now; the first is the one that expressions read as `worker`. */
  readonly workers: readonly Sourced<WorkerRecord>[];
  /** Null: the person has none. Absent: not known (yet). */
  readonly manager?: Manager | null;
  /** Flow versions in force, in any order. */
  readonly flows: readonly CompiledFlow[];
  readonly connections: readonly TargetConnection[];
  /** RFC 3339: when lifecycle or records change by time alone. */
  readonly nextDue?: string;
}
