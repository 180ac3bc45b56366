import type { FlowDocument } from '@muster/contracts';
import { checkAccount } from './check-account.ts';
import { FlowCheck, type CheckedConnection } from './flow-check.ts';
import { nearest } from './language/nearest.ts';
import type { Flow } from './parse-flow.ts';
import { overlaps, type Overlap } from './overlaps.ts';
import { inOrder, type FlowProblem } from './problem.ts';
import type { VendorCatalogue } from './vendors/attribute.ts';
import { catalogueOf } from './vendors/catalogue.ts';

type Step = FlowDocument['steps'][number];
type Target = NonNullable<Step['group']> & NonNullable<Step['app']>;

export interface FlowReport {
  /** None: the flow may be published. */
  readonly problems: readonly FlowProblem[];
  /** By account step, the documented attributes of the target that nothing is mapped to. No problem, but worth a look. */
  readonly unmapped: readonly { readonly step: string; readonly connection: string; readonly attributes: readonly string[] }[];
  /** Where another flow in force wants something else of the same account. A problem only if somebody is in scope of both. */
  readonly overlaps: readonly Overlap[];
}

const KINDS = ['account', 'group', 'app', 'none'] as const;

const targetOf = (
  check: FlowCheck,
  name: string,
  pointer: string,
): { connection: CheckedConnection; catalogue: VendorCatalogue } | undefined => {
  const connection = check.connections.find((one) => one.name === name);
  const targets = check.connections.filter((one) => catalogueOf(one.kind)).map((one) => one.name);
  const catalogue = connection && catalogueOf(connection.kind);
  if (connection && catalogue) return { connection, catalogue };
  const near = nearest(name, targets);
  const choice = targets.length > 0 ? `Use one of ${targets.join(', ')}.` : 'Declare a connection first.';
  const message = connection ? `"${name}" is of kind ${connection.kind}, which flows do not write to` : `there is no connection "${name}"`;
  check.refuse(`${pointer}/connection`, { message, remedy: near && !connection ? `Did you mean ${near}?` : choice });
  return undefined;
};

const checkName = (check: FlowCheck, named: { name?: string; id?: string; nameOf?: string }, pointer: string): void => {
  if (named.nameOf !== undefined) check.expression(`${pointer}/nameOf`, named.nameOf, ['string', 'list<string>']);
  const given = [named.name, named.id, named.nameOf].filter((one) => one !== undefined).length;
  if (given === 1) return;
  const message = given === 0 ? 'it names nothing' : 'it is named in more than one way';
  check.refuse(pointer, { message, remedy: 'Give one of name, id and, for groups, nameOf.' });
};

const checkApp = (check: FlowCheck, app: Partial<Target>, pointer: string, connection: CheckedConnection): void => {
  if (app.throughGroup) return checkName(check, app.throughGroup, `${pointer}/throughGroup`);
  const why = catalogueOf(connection.kind)?.appsThroughGroups;
  if (why === undefined || connection.directApps) return;
  check.refuse(pointer, {
    message: `apps of ${connection.name} are given through a group: ${why}`,
    remedy: 'Add throughGroup with the group that holds the app, or let the connection declare the privilege.',
  });
};

const checkStep = (check: FlowCheck, step: Step, index: number): void => {
  const kind = KINDS.find((one) => step[one] !== undefined);
  if (kind === undefined) return;
  const pointer = `/steps/${index}/${kind}`;
  const part = step[kind] as Partial<Target> & { connection: string };
  const target = targetOf(check, part.connection, pointer);
  if (part.when !== undefined) check.expression(`${pointer}/when`, part.when, ['bool']);
  if (kind === 'group' || kind === 'app') checkName(check, part, pointer);
  if (kind === 'app' && target) checkApp(check, part, pointer, target.connection);
  if (step.account) checkAccount(check, { id: step.id, account: step.account }, pointer, target);
};

const checkIds = (check: FlowCheck, steps: readonly Step[]): void => {
  const seen = new Set<string>();
  steps.forEach(({ id }, index) => {
    if (seen.has(id))
      check.refuse(`/steps/${index}/id`, { message: `another step has the id "${id}"`, remedy: 'Give each step an id of its own.' });
    seen.add(id);
  });
};

/** What is known only of one connection says nothing about who is in scope. */
const checkScope = (check: FlowCheck, scope: string): void => {
  const compiled = check.expression('/scope', scope, ['bool']);
  for (const path of compiled?.reads.map((parts) => parts.join('.')) ?? []) {
    if (path !== 'domain' && path !== 'manager.hasAccount') continue;
    check.refuseExpression('/scope', {
      message: `the scope reads ${path}, which differs by connection`,
      remedy: 'Read it in a step.',
      offset: scope.indexOf(path),
    });
  }
};

const checkOnceEach = (check: FlowCheck, steps: readonly Step[]): void => {
  const owners = new Map<string, string>();
  steps.forEach(({ id, account }, index) => {
    if (!account) return;
    const owner = owners.get(account.connection);
    const words = {
      message: `step "${owner}" maps the account of ${account.connection} already`,
      remedy: 'Put its attributes into that step.',
    };
    if (owner !== undefined) check.refuse(`/steps/${index}/account/connection`, words);
    else owners.set(account.connection, id);
  });
};

/**
 * Checks everything of a flow that can be known before it runs: expressions and their types, attributes of the targets (unknown, read-only, wrong
 * type, required and missing, mapped twice), connections, names. All problems come at once, in the order of the file. `others` are the flows in
 * force.
 */
export const checkFlow = (flow: Flow, connections: readonly CheckedConnection[], others: readonly FlowDocument[] = []): FlowReport => {
  const check = new FlowCheck(flow.source, connections);
  const { scope, steps } = flow.document;
  checkScope(check, scope);
  checkIds(check, steps);
  checkOnceEach(check, steps);
  steps.forEach((step, index) => checkStep(check, step, index));
  return { problems: inOrder(check.problems), unmapped: check.unmapped, overlaps: overlaps(flow.document, others) };
};
