import type { FlowDocument } from '@muster/contracts';
import type { ApplyMode } from '@muster/identity';
import { compileExpression, type Expression } from './language/expression.ts';
import { Failed } from './language/stops.ts';

export interface Mapping {
  /** The target's attribute; `enabled`, `manager`. */
  readonly field: string;
  readonly mode: ApplyMode;
  readonly expression: Expression;
}

/** A group or app as a flow names it. */
export type ObjectName = { readonly id: string } | { readonly name: string };

export interface AccountStep {
  readonly kind: 'account';
  readonly id: string;
  readonly connection: string;
  readonly matchKey: Mapping;
  readonly login: Mapping;
  readonly enabled: Mapping;
  readonly attributes: readonly Mapping[];
  readonly manager?: Mapping;
}

export interface EntitlementStep {
  readonly kind: 'group' | 'app';
  readonly id: string;
  readonly connection: string;
  /** One object, or those whose names an expression gives. */
  readonly object: ObjectName | { readonly names: Mapping };
  /** Of an app: the group whose members have it. */
  readonly through?: ObjectName;
  readonly when?: Expression;
}

export interface NoneStep {
  readonly kind: 'none';
  readonly id: string;
  readonly connection: string;
  readonly when?: Expression;
}

export type CompiledStep = AccountStep | EntitlementStep | NoneStep;

/** A flow ready to be evaluated for any number of people. */
export interface CompiledFlow {
  readonly flow: string;
  readonly version: number;
  readonly scope: Expression;
  readonly steps: readonly CompiledStep[];
}

type Step = FlowDocument['steps'][number];
type Account = NonNullable<Step['account']>;

const unusable = (text: string): Expression => {
  const failed = new Failed('the expression is not valid');
  return { text, type: 'unknown', reads: [], clauses: [text], evaluate: () => failed };
};

const expressionOf = (text: string): Expression => {
  const compiled = compileExpression(text);
  return 'expression' in compiled ? compiled.expression : unusable(text);
};

const mapping = (field: string, text: string, mode: ApplyMode = 'always'): Mapping => ({ field, mode, expression: expressionOf(text) });

const attributeMapping = ([field, stated]: [string, Account['attributes'][string]]): Mapping =>
  typeof stated === 'string' ? mapping(field, stated) : mapping(field, stated.value, stated.mode);

const accountStep = (id: string, account: Account): AccountStep => ({
  kind: 'account',
  id,
  connection: account.connection,
  matchKey: mapping(account.matchKey.attribute, account.matchKey.value),
  // An account that was made elsewhere keeps the login that its owner signs in with.
  login: mapping(account.login.attribute, account.login.value, 'onCreate'),
  enabled: mapping('enabled', account.enabled ?? 'true'),
  attributes: Object.entries(account.attributes).map(attributeMapping),
  ...(account.manager ? { manager: mapping('manager', account.manager.workerKey) } : {}),
});

const nameOf = ({ id, name }: { id?: string; name?: string }): ObjectName => (id === undefined ? { name: name ?? '' } : { id });
const groupOf = ({ nameOf: names, ...group }: NonNullable<Step['group']>): EntitlementStep['object'] =>
  names === undefined ? nameOf(group) : { names: mapping('nameOf', names) };
const condition = (when: string | undefined) => (when === undefined ? {} : { when: expressionOf(when) });

const compileStep = ({ id, account, group, app, none }: Step): CompiledStep[] => {
  if (account) return [accountStep(id, account)];
  if (group) return [{ kind: 'group', id, connection: group.connection, object: groupOf(group), ...condition(group.when) }];
  if (none) return [{ kind: 'none', id, connection: none.connection, ...condition(none.when) }];
  if (!app) return [];
  const through = app.throughGroup ? { through: nameOf(app.throughGroup) } : {};
  return [{ kind: 'app', id, connection: app.connection, object: nameOf(app), ...through, ...condition(app.when) }];
};

const compiled = new WeakMap<FlowDocument, CompiledFlow>();

/**
 * Makes a recorded document ready for decisions; the same document object is compiled once. Never throws: an expression that is not valid (only
 * a document that `checkFlow` refused has one) fails where it is evaluated.
 */
export const compileFlow = (document: FlowDocument): CompiledFlow => {
  const known = compiled.get(document);
  if (known) return known;
  const { flow, version, scope, steps } = document;
  const made = { flow, version, scope: expressionOf(scope), steps: steps.flatMap(compileStep) };
  compiled.set(document, made);
  return made;
};

/** Every group and app that a flow names outright; which ones an expression names differs by person. */
export const namedObjects = (flow: CompiledFlow): { connection: string; kind: 'group' | 'app'; object: ObjectName }[] =>
  flow.steps.flatMap((step) => {
    if (step.kind !== 'group' && step.kind !== 'app') return [];
    const { connection } = step;
    const through = step.through ? [{ connection, kind: 'group' as const, object: step.through }] : [];
    return 'names' in step.object ? through : [{ connection, kind: step.kind, object: step.object }, ...through];
  });
