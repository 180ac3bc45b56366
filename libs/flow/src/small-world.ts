import type { FlowDocument } from '@muster/contracts';
import { compileFlow } from './compile-flow.ts';
import type { DecisionInput, TargetConnection } from './decision-input.ts';
import { desiredState } from './desired-state.ts';
import { observedObjects } from './observed-objects.ts';

/* One person, two connections and small flows, for specs. */
export type Step = FlowDocument['steps'][number];
export type Account = NonNullable<Step['account']>;

export const oktaAccount = (over: Partial<Account> = {}): Step => ({
  id: 'okta-account',
  account: {
    connection: 'okta-main',
    matchKey: { attribute: 'employeeNumber', value: 'identity.employeeNumber' },
    login: { attribute: 'login', value: "login + '@' + domain" },
    enabled: "identity.lifecycle == 'active'",
    ...over,
    attributes: { email: 'identity.email', firstName: 'identity.givenName', lastName: 'identity.familyName', ...over.attributes },
  },
});
export const document = (flow: string, steps: Step[], scope = "identity.lifecycle != 'left'"): FlowDocument => ({
  flow,
  version: 2,
  title: flow,
  trigger: 'identity',
  scope,
  steps,
});

export const identityRef = { stream: 'identity-7', revision: 5 };
export const workerRef = { stream: 'worker-hr.abc', revision: 3 };
export const okta: TargetConnection = {
  name: 'okta-main',
  kind: 'okta',
  domain: 'work.example',
  groups: observedObjects([
    { id: 'g1', name: 'All staff' },
    { id: 'g2', name: 'Twins' },
    { id: 'g3', name: 'Twins' },
  ]),
  apps: observedObjects([{ id: 'a1', name: 'Workday' }]),
};
export const entra: TargetConnection = {
  name: 'entra-main',
  kind: 'entra',
  domain: 'tenant.example',
  groups: observedObjects([{ id: 'e1', name: 'Workday users' }]),
  apps: observedObjects([{ id: 's1', name: 'Workday' }]),
};

export const input = (
  documents: FlowDocument[],
  over: Partial<DecisionInput> = {},
  attributes: DecisionInput['identity']['attributes'] = {},
): DecisionInput => ({
  identity: {
    attributes: {
      employeeNumber: 'E7',
      email: 'zoe@work.example',
      givenName: 'Zoë',
      familyName: 'Müller',
      department: 'Sales',
      ...attributes,
    },
    provenance: { department: { ...workerRef, field: 'enterprise.department' } },
    ref: identityRef,
  },
  lifecycle: { value: 'active', ref: { stream: 'identity-7', revision: 4 } },
  login: { value: 'zoe.mueller', ref: { stream: 'identity-7', revision: 2 } },
  workers: [],
  flows: documents.map(compileFlow),
  connections: [okta, entra],
  ...over,
});

export const decide = (...args: Parameters<typeof input>) => desiredState(input(...args));
export const oktaOf = (...args: Parameters<typeof input>) =>
  decide(...args).connections.find(({ connection }) => connection === 'okta-main');
