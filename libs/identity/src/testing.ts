import type { Provenance, Value, WorkerRecord } from '@muster/contracts';
import type { Recorded, StreamCategory } from './category.ts';
import type { DesiredConnection, DesiredState } from './desired.ts';
import type { Identity } from './identity.ts';
import type { Ids } from './ids.ts';

/** 53 well-mixed bits of a text; fast, and no secret. */
const mixed = (text: string, seed: number): string => {
  let a = 0xdeadbeef ^ seed;
  let b = 0x41c6ce57 ^ seed;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    a = Math.imul(a ^ code, 2_654_435_761);
    b = Math.imul(b ^ code, 1_597_334_677);
  }
  a = Math.imul(a ^ (a >>> 16), 2_246_822_507) ^ Math.imul(b ^ (b >>> 13), 3_266_489_909);
  b = Math.imul(b ^ (b >>> 16), 2_246_822_507) ^ Math.imul(a ^ (a >>> 13), 3_266_489_909);
  return (b >>> 0).toString(16).padStart(8, '0') + (a >>> 0).toString(16).padStart(8, '0');
};

const digest = (text: string): string => mixed(text, 1) + mixed(text, 2);

const uuid = (text: string): string => {
  const hex = digest(text);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
};

/** Names for tests: plain hashes where the product has keys. */
export const testIds: Ids = {
  commandId: (parts) => digest(parts.join('\n')),
  caseId: (parts) => uuid(parts.join('\n')),
  valueHmac: (value: Value | Readonly<Record<string, Value>>) => digest(JSON.stringify(value)),
};

/** A deterministic UUID of any text. */
export const testUuid = uuid;

/** Gives events revisions from 0 and a recording time, as a store does. */
export const recorded = <E extends { type: string; data: object }>(
  events: readonly E[],
  recordedAt = '2026-03-02T09:00:00.000Z',
): (E & Recorded)[] => events.map((event, revision) => ({ ...event, revision, recordedAt, id: `event-${revision}` }));

/** `given(category, past).when(decision)` gives the events; `.then` of them folded on top gives the state. */
export const given = <S, E extends { type: string; data: object }>(category: StreamCategory<S, E>, past: readonly E[] = []) => {
  const stateOf = (events: readonly E[]): S => recorded(events).reduce((state, event) => category.evolve(state, event), category.initial);
  return {
    state: stateOf(past),
    when: (decide: (state: S) => E[]): E[] => decide(stateOf(past)),
    after: (decide: (state: S) => E[]): S => stateOf([...past, ...decide(stateOf(past))]),
  };
};

/** A worker record with everything that a small company states. */
export const workerRecord = (
  change: {
    key?: string;
    given?: string;
    family?: string;
    title?: string | null;
    department?: string | null;
    manager?: string | null;
    worker?: object;
  } = {},
): WorkerRecord => ({
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
  externalId: change.key ?? '1001',
  name: { givenName: change.given ?? 'Ada', familyName: change.family ?? 'Byron' },
  ...(change.title === undefined ? {} : { title: change.title }),
  'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User': {
    ...(change.department === undefined ? {} : { department: change.department }),
    ...(change.manager === undefined ? {} : { manager: change.manager === null ? null : { value: change.manager } }),
  },
  'urn:muster:scim:schemas:extension:worker:1.0:User': { hireDate: '2026-03-01', status: 'active', ...change.worker },
});

const provenance = (step: string): Provenance => ({ flow: 'joiner', version: 1, step });

/** A small joiner in TypeScript: what a flow would say, for tests that have no flow. */
export const joiner = (
  identity: Identity,
  connections: readonly string[],
  options: { domain?: string; group?: string; app?: string; reference?: boolean } = {},
): DesiredState => {
  const { attributes, login, lifecycle } = identity;
  const always = (value: Value | undefined) => ({ value: value ?? null, mode: 'clearIfEmpty' as const, provenance: provenance('account') });
  const connection = (name: string): DesiredConnection => ({
    connection: name,
    account: { enabled: true, provenance: provenance('account') },
    attributes: {
      firstName: always(attributes['givenName']),
      lastName: always(attributes['familyName']),
      title: always(attributes['title']),
      department: always(attributes['department']),
    },
    matchKey: { attribute: 'employeeNumber', value: String(attributes['employeeNumber'] ?? '') },
    ...(login === undefined ? {} : { login: { attribute: 'login', value: `${login}@${options.domain ?? 'example.com'}` } }),
    ...(options.reference
      ? {
          manager: {
            workerKey: typeof attributes['managerKey'] === 'string' ? attributes['managerKey'] : null,
            provenance: provenance('manager'),
          },
        }
      : {}),
    entitlements: [
      ...(options.group === undefined
        ? []
        : [{ entitlement: { kind: 'group' as const, id: options.group }, provenance: provenance('group') }]),
      ...(options.app === undefined ? [] : [{ entitlement: { kind: 'app' as const, id: options.app }, provenance: provenance('app') }]),
    ],
    ...(lifecycle?.state === 'left' ? { holdNothing: provenance('leaver') } : {}),
  });
  return { connections: connections.map(connection), flows: [{ flow: 'joiner', version: 1 }], problems: [] };
};
