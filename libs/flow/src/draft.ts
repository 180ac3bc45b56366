import type { EntitlementRef, Provenance, Value } from '@muster/contracts';
import type { DesiredAttribute, DesiredConnection, DesiredEntitlement, MappingProblem } from '@muster/identity';
import type { TargetConnection } from './decision-input.ts';
import type { Facts } from './language/facts.ts';
import type { VendorCatalogue } from './vendors/attribute.ts';
import { requiredAttributes } from './vendors/catalogue.ts';

type Key = 'matchKey' | 'login';

const sameValue = (a: Value, b: Value): boolean =>
  a === b || (Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, index) => item === b[index]));

const said = ({ flow, step }: Provenance): string => `${flow} (step ${step})`;

/**
 * What the flows say about one connection, while they are gone through. The first to say something is cited; two that say different things cancel
 * out and make a problem: nothing is guessed.
 */
export class Draft {
  readonly problems: MappingProblem[] = [];
  readonly #attributes = new Map<string, DesiredAttribute>();
  readonly #entitlements = new Map<string, DesiredEntitlement>();
  readonly #keys: { [key in Key]?: { attribute: string; value: string } } = {};
  readonly #disputed = new Set<string>();
  #account: DesiredConnection['account'];
  #manager: DesiredConnection['manager'];
  #holdNothing: Provenance | undefined;
  #accountStep: Provenance | undefined;
  readonly connection: TargetConnection;
  readonly catalogue: VendorCatalogue;
  readonly facts: Facts;

  constructor(connection: TargetConnection, catalogue: VendorCatalogue, facts: Facts) {
    this.connection = connection;
    this.catalogue = catalogue;
    this.facts = facts;
  }

  /** An account step is in force, even if some of it cannot be computed. */
  expectAccount(provenance: Provenance): void {
    this.#accountStep ??= provenance;
  }

  want(field: string, wanted: DesiredAttribute): void {
    const before = this.#attributes.get(field);
    if (before === undefined && !this.#disputed.has(field)) this.#attributes.set(field, wanted);
    else if (before && !sameValue(before.value, wanted.value)) {
      this.#attributes.delete(field);
      this.#dispute(field, before.provenance, wanted.provenance);
    }
  }

  setKey(key: Key, attribute: string, value: string): void {
    this.#keys[key] ??= { attribute, value };
  }

  enable(enabled: boolean, provenance: Provenance): void {
    const before = this.#account;
    if (before === undefined && !this.#disputed.has('enabled')) this.#account = { enabled, provenance };
    else if (before && before.enabled !== enabled) {
      this.#account = undefined;
      this.#dispute('enabled', before.provenance, provenance);
    }
  }

  report(workerKey: string | null, provenance: Provenance): void {
    const before = this.#manager;
    if (before === undefined && !this.#disputed.has('manager')) this.#manager = { workerKey, provenance };
    else if (before && before.workerKey !== workerKey) {
      this.#manager = undefined;
      this.#dispute('manager', before.provenance, provenance);
    }
  }

  grant(entitlement: EntitlementRef, provenance: Provenance): void {
    const key = `${entitlement.kind}:${entitlement.id}`;
    if (!this.#entitlements.has(key)) this.#entitlements.set(key, { entitlement, provenance });
  }

  holdNothing(provenance: Provenance): void {
    this.#holdNothing ??= provenance;
  }

  fail(problem: Pick<MappingProblem, 'field' | 'message' | 'provenance'> & { reason?: MappingProblem['reason'] }): void {
    const required = this.catalogue.attributes[problem.field]?.required ? { required: true } : {};
    this.problems.push({ connection: this.connection.name, reason: 'mapping-failed', ...problem, ...required });
  }

  finish(): DesiredConnection {
    const { name } = this.connection;
    const nothing = this.#holdNothing;
    if (nothing)
      return { connection: name, account: { enabled: false, provenance: nothing }, attributes: {}, entitlements: [], holdNothing: nothing };
    if (this.#accountStep) this.#missRequired(this.#accountStep);
    return {
      connection: name,
      ...(this.#account ? { account: this.#account } : {}),
      attributes: Object.fromEntries(this.#attributes),
      ...this.#undisputed('matchKey'),
      ...this.#undisputed('login'),
      ...(this.#manager ? { manager: this.#manager } : {}),
      entitlements: [...this.#entitlements].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, wanted]) => wanted),
    };
  }

  #undisputed(key: Key): { [key in Key]?: { attribute: string; value: string } } {
    const held = this.#keys[key];
    return held && !this.#disputed.has(held.attribute) ? { [key]: held } : {};
  }

  #dispute(field: string, one: Provenance, other: Provenance): void {
    this.#disputed.add(field);
    this.fail({ field, message: `${said(one)} and ${said(other)} want different values: change one of the flows`, provenance: one });
  }

  #missRequired(provenance: Provenance): void {
    const failed = new Set(this.problems.map(({ field }) => field));
    for (const field of requiredAttributes(this.catalogue)) {
      const value = this.#attributes.get(field)?.value ?? null;
      if (value === null && !failed.has(field))
        this.fail({ field, message: `${this.catalogue.title} needs ${field}, and nothing gives it a value`, provenance });
    }
  }
}
