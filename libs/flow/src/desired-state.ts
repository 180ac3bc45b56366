import type { InputRef, Provenance } from '@muster/contracts';
import type { DesiredState, MappingProblem } from '@muster/identity';
import type { AccountStep, CompiledFlow, CompiledStep, EntitlementStep, Mapping, ObjectName } from './compile-flow.ts';
import type { DecisionInput } from './decision-input.ts';
import { Draft } from './draft.ts';
import { fitValue } from './fit-value.ts';
import { Facts, type ManagerFacts } from './language/facts.ts';
import type { Expression, Result } from './language/expression.ts';
import { Failed } from './language/stops.ts';
import { NO_OBJECTS, resolveObject } from './observed-objects.ts';
import type { View } from './language/views.ts';
import type { VendorAttribute } from './vendors/attribute.ts';
import { attributeOf, catalogueOf, isOffered } from './vendors/catalogue.ts';

const MOST_SOURCES = 20;

/** What an evaluation meant: a condition of a flow or step, or the value of a field. */
export interface Evaluation {
  readonly flow: CompiledFlow;
  /** Absent: the scope of the flow. */
  readonly step?: CompiledStep;
  /** `scope`, `when`, or the field that the value is for. */
  readonly field: string;
  readonly expression: Expression;
  readonly facts: Facts;
  /** As the target would hold it. */
  readonly result: Result;
  /** The value is computed, and the connection does not take it. */
  readonly notOffered?: string;
}

const managerFor = (manager: DecisionInput['manager'], connection?: string): ManagerFacts | undefined => {
  if (manager === undefined || manager === null) return manager;
  const { employeeNumber, name, accounts } = manager;
  return {
    employeeNumber,
    ...(name === undefined ? {} : { name }),
    ...(connection === undefined ? {} : { hasAccount: accounts.includes(connection) }),
  };
};

const byName =
  <T>(name: (one: T) => string) =>
  (a: T, b: T) =>
    name(a) < name(b) ? -1 : Number(name(a) > name(b));

/** Where in a decision an expression stands. */
interface Site {
  readonly flow: CompiledFlow;
  readonly step: CompiledStep;
  readonly draft: Draft;
}

/** Of a recorded flow that a newer catalogue would refuse. */
const UNDOCUMENTED: VendorAttribute = { type: 'string' };

class Decision {
  readonly #input: DecisionInput;
  readonly #observe: ((evaluation: Evaluation) => void) | undefined;
  readonly #person: { identity: View; record?: DecisionInput['workers'][number]['value']; login?: string };
  readonly #drafts = new Map<string, Draft>();
  readonly #problems: MappingProblem[] = [];

  constructor(input: DecisionInput, observe?: (evaluation: Evaluation) => void) {
    this.#input = input;
    this.#observe = observe;
    const [worker] = input.workers;
    this.#person = {
      identity: Facts.identityView(input.identity.attributes, input.lifecycle.value),
      ...(worker ? { record: worker.value } : {}),
      ...(input.login ? { login: input.login.value } : {}),
    };
  }

  run(): DesiredState {
    const flows = this.#input.flows.toSorted(byName((flow) => flow.flow));
    const anywhere = new Facts(this.#person, managerFor(this.#input.manager), undefined);
    for (const flow of flows) {
      const result = flow.scope.evaluate(anywhere);
      this.#observe?.({ flow, field: 'scope', expression: flow.scope, facts: anywhere, result });
      if (result instanceof Failed) this.#failScope(flow, result);
      if (result === true) for (const step of flow.steps) this.#step(flow, step);
    }
    const drafts = [...this.#drafts.values()].toSorted(byName((draft) => draft.connection.name));
    const connections = drafts.map((draft) => draft.finish());
    const problems = [...this.#problems, ...drafts.flatMap((draft) => draft.problems)];
    return {
      connections,
      flows: flows.map(({ flow, version }) => ({ flow, version })),
      problems: problems.toSorted(byName(({ connection, field }) => `${connection} ${field}`)),
      ...(this.#input.nextDue === undefined ? {} : { nextDue: this.#input.nextDue }),
    };
  }

  #step(flow: CompiledFlow, step: CompiledStep): void {
    const draft = this.#draft(step.connection);
    if (draft === undefined) return this.#failConnection(flow, step);
    const site = { flow, step, draft };
    if (step.kind === 'account') return this.#account(site, step);
    const { when = flow.scope } = step;
    if (step.when && this.#evaluate(site, { field: 'when', expression: step.when }) !== true) return;
    if (step.kind === 'none') draft.holdNothing(this.#because(site, when));
    else this.#entitlements(site, step, when);
  }

  #account(site: Site, step: AccountStep): void {
    const { draft } = site;
    const provenance = this.#because(site, step.enabled.expression);
    draft.expectAccount(provenance);
    const enabled = this.#evaluate(site, step.enabled);
    if (typeof enabled === 'boolean') draft.enable(enabled, provenance);
    else if (!(enabled instanceof Failed))
      draft.fail({ field: 'enabled', message: 'enabled: something that it reads is missing', provenance });
    for (const key of ['matchKey', 'login'] as const) {
      const value = this.#attribute(site, step[key]);
      if (typeof value === 'string') draft.setKey(key, step[key].field, value);
    }
    for (const mapping of step.attributes) this.#attribute(site, mapping);
    if (step.manager) this.#manager(site, step.manager);
  }

  #manager(site: Site, mapping: Mapping): void {
    const key = this.#evaluate(site, mapping);
    if (key === null || typeof key === 'string') site.draft.report(key, this.#because(site, mapping.expression));
  }

  #attribute(site: Site, mapping: Mapping): Result {
    const { catalogue, connection } = site.draft;
    const attribute = attributeOf(catalogue, mapping.field, connection.writes) ?? UNDOCUMENTED;
    const notOffered = isOffered(attribute, mapping.field, connection.writes) ? undefined : attribute.ifDeclared;
    const value = this.#evaluate(site, mapping, attribute, notOffered);
    if (value === undefined || value instanceof Failed || notOffered !== undefined) return undefined;
    site.draft.want(mapping.field, { value, mode: mapping.mode, provenance: this.#because(site, mapping.expression) });
    return value;
  }

  #entitlements(site: Site, step: EntitlementStep, when: Expression): void {
    const { object } = step;
    if (!('names' in object)) return this.#entitlement(site, object, this.#because(site, when));
    const names = this.#evaluate(site, object.names);
    const provenance = this.#because(site, object.names.expression);
    for (const name of typeof names === 'string' ? [names] : Array.isArray(names) ? names : [])
      this.#entitlement(site, { name }, provenance);
  }

  #entitlement({ step, draft }: Site, object: ObjectName, provenance: Provenance): void {
    if (step.kind !== 'group' && step.kind !== 'app') return;
    const { groups = NO_OBJECTS, apps = NO_OBJECTS } = draft.connection;
    const resolve = (kind: 'group' | 'app', object: ObjectName): string | undefined => {
      const found = resolveObject(kind === 'group' ? groups : apps, object);
      if ('id' in found) return found.id;
      const field = `${kind}:${'id' in object ? object.id : object.name}`;
      draft.fail({ field, reason: kind === 'group' ? 'group-missing' : 'app-missing', message: `${field}: ${found.missing}`, provenance });
      return undefined;
    };
    const wanted = resolve(step.kind, object);
    const through = step.through && resolve('group', step.through);
    if (wanted === undefined || (step.through && through === undefined)) return;
    draft.grant(through === undefined ? { kind: step.kind, id: wanted } : { kind: 'group', id: through }, provenance);
  }

  #evaluate(site: Site, mapping: Pick<Mapping, 'field' | 'expression'>, attribute?: VendorAttribute, notOffered?: string): Result {
    const { field, expression } = mapping;
    const { flow, step, draft } = site;
    const computed = expression.evaluate(draft.facts);
    const result = attribute ? fitValue(computed, attribute) : computed;
    this.#observe?.({ flow, step, field, expression, facts: draft.facts, result, ...(notOffered === undefined ? {} : { notOffered }) });
    if (result instanceof Failed && notOffered === undefined) {
      const about = field === 'when' ? `when of ${step.id}` : field;
      draft.fail({ field: about, message: `${about}: ${result.message}`, provenance: this.#because(site, expression) });
    }
    return result;
  }

  #failConnection(flow: CompiledFlow, step: CompiledStep): void {
    const provenance = { flow: flow.flow, version: flow.version, step: step.id };
    const message = 'no target connection has this name';
    this.#problems.push({ connection: step.connection, field: 'connection', reason: 'mapping-failed', message, provenance });
  }

  #failScope(flow: CompiledFlow, { message }: Failed): void {
    for (const connection of new Set(flow.steps.map((step) => step.connection))) {
      const provenance = { flow: flow.flow, version: flow.version, step: 'scope', expression: flow.scope.text };
      this.#problems.push({
        connection,
        field: 'scope',
        reason: 'mapping-failed',
        message: `scope of ${flow.flow}: ${message}`,
        provenance,
      });
    }
  }

  #draft(name: string): Draft | undefined {
    const known = this.#drafts.get(name);
    if (known) return known;
    const connection = this.#input.connections.find((one) => one.name === name);
    const catalogue = connection && catalogueOf(connection.kind);
    if (!catalogue) return undefined;
    const facts = new Facts(this.#person, managerFor(this.#input.manager, name), connection.domain);
    const draft = new Draft(connection, catalogue, facts);
    this.#drafts.set(name, draft);
    return draft;
  }

  #because({ flow, step }: Site, expression: Expression): Provenance {
    return { flow: flow.flow, version: flow.version, step: step.id, sources: this.#sources(expression), expression: expression.text };
  }

  #sources(expression: Expression): InputRef[] {
    const sources: InputRef[] = [];
    for (const path of expression.reads) {
      const ref = this.#sourceOf(path);
      if (ref && !sources.some((one) => one.stream === ref.stream && one.revision === ref.revision)) sources.push(ref);
    }
    return sources.slice(0, MOST_SOURCES);
  }

  #sourceOf([root, field = '']: readonly string[]): InputRef | undefined {
    const { workers, manager, login } = this.#input;
    if (root === 'identity') return this.#identitySource(field);
    if (root === 'worker') return workers[0]?.ref;
    if (root === 'manager') return manager?.ref;
    return root === 'login' ? login?.ref : undefined;
  }

  #identitySource(field: string): InputRef {
    const { identity, lifecycle } = this.#input;
    if (field === 'lifecycle') return lifecycle.ref;
    const from = identity.provenance[field];
    return from ? { stream: from.stream, revision: from.revision } : identity.ref;
  }
}

/**
 * What all active flows together want for one person. Pure: the same input gives the same answer, whatever the order of its flows and connections.
 * A field whose source is missing is left out; one whose source was stated as empty is null. What cannot be computed is a problem and wants
 * nothing; it never throws.
 */
export const desiredState = (input: DecisionInput): DesiredState => new Decision(input).run();

/** The same decision, told of each evaluation while it is made. */
export const observedDecision = (input: DecisionInput, observe: (evaluation: Evaluation) => void): DesiredState =>
  new Decision(input, observe).run();
