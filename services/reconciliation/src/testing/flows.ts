import type { FlowDocument } from '@muster/contracts';

type Step = FlowDocument['steps'][number];

export const flow = (name: string, scope: string, steps: Step[], version = 1): FlowDocument => ({
  flow: name,
  version,
  title: name,
  trigger: 'identity',
  scope,
  steps,
});

/** An Okta account as small as Okta takes one. */
export const account = (connection: string): Step => ({
  id: `account-${connection}`,
  account: {
    connection,
    matchKey: { attribute: 'employeeNumber', value: 'identity.employeeNumber' },
    login: { attribute: 'login', value: "login + '@' + domain" },
    enabled: "identity.lifecycle == 'active'",
    attributes: {
      email: "login + '@' + domain",
      firstName: 'identity.givenName',
      lastName: 'identity.familyName',
      title: 'identity.title',
      manager: { value: 'manager.name', mode: 'clearIfEmpty' },
    },
  },
});

export const group = (connection: string, name: string): Step => ({ id: `group-${name.toLowerCase()}`, group: { connection, name } });
export const nothing = (connection: string): Step => ({ id: `nothing-${connection}`, none: { connection } });
