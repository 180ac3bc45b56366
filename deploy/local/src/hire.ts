import { setTimeout as sleep } from 'node:timers/promises';
import { Api } from '@muster/cli';
import { askAdmin, type Sandboxes } from './sandboxes.ts';
import { VendorViews } from './vendor-views.ts';

/** One thing that was seen to be true, and when. */
export interface Step {
  readonly step: string;
  /** Milliseconds since the hire was entered in the HR system. */
  readonly afterMs: number;
  readonly detail: string;
}

export interface Hired {
  readonly employeeNumber: string;
  readonly identityId: string;
  readonly oktaId: string;
  readonly entraId: string;
  readonly steps: readonly Step[];
}

/** Something that should have become true did not, in time. */
export class StepMissed extends Error {
  constructor(step: string, last: unknown) {
    super(`not seen in time: ${step}${last === undefined ? '' : `; last seen: ${JSON.stringify(last)?.slice(0, 500)}`}`);
    this.name = 'StepMissed';
  }
}

const PATIENCE_MS = 120_000;
const LOOK_EVERY_MS = 250;

export interface HireOptions {
  readonly sandboxes: Sandboxes;
  readonly console: { readonly url: string; readonly token: string };
  /** Told of every step when it is seen. */
  readonly onStep: (step: Step) => void;
}

interface Watch extends HireOptions {
  readonly employeeNumber: string;
  readonly manager: string;
  readonly vendors: VendorViews;
  readonly api: Api;
  readonly see: <T>(step: string, look: () => Promise<T | undefined>, detail: (seen: T) => string) => Promise<T>;
}

const HIRE = { givenName: 'Zoë', familyName: 'Öztürk-Novák', title: 'Integration Engineer', department: 'Engineering' };

/**
 * Has the HR system hire a person and watches, through the vendors' own APIs, the console and the sandboxes' journal, until everything that the hire
 * should bring is there.
 *
 * @throws StepMissed naming what was not seen.
 */
export async function hireAndWatch(options: HireOptions): Promise<Hired> {
  const { sandboxes } = options;
  const manager = await managerOf(sandboxes);
  const started = performance.now();
  const today = new Date().toISOString().slice(0, 10);
  const { key: employeeNumber } = await askAdmin<{ key: string }>(sandboxes, '/hr/workers', {
    ...HIRE,
    managerKey: manager,
    hireDate: today,
    timeZone: 'UTC',
    address: { streetAddress: 'Dorotheenstr. 3', locality: 'Berlin', postalCode: '10117', country: 'DE' },
  });
  const steps: Step[] = [];
  const api = new Api(options.console);
  const watch: Watch = {
    ...options,
    employeeNumber,
    manager,
    vendors: new VendorViews(sandboxes.addresses),
    api,
    async see(step, look, detail) {
      const seen = await until(step, look);
      const taken: Step = { step, afterMs: Math.round(performance.now() - started), detail: detail(seen) };
      steps.push(taken);
      options.onStep(taken);
      return seen;
    },
  };
  try {
    const ids = await watchHire(watch);
    return { employeeNumber, ...ids, steps };
  } finally {
    await api.close();
  }
}

async function until<T>(step: string, look: () => Promise<T | undefined>): Promise<T> {
  const end = performance.now() + PATIENCE_MS;
  let last: unknown;
  while (performance.now() < end) {
    try {
      const seen = await look();
      if (seen !== undefined) return seen;
    } catch (error) {
      last = (error as Error).message;
    }
    await sleep(LOOK_EVERY_MS);
  }
  throw new StepMissed(step, last);
}

async function managerOf(sandboxes: Sandboxes): Promise<string> {
  const { workers } = await askAdmin<{ workers: { key: string; status: string }[] }>(sandboxes, '/hr/workers');
  const manager = workers.find(({ status }) => status === 'active');
  if (!manager) throw new Error('the HR system has nobody who could be the manager');
  return manager.key;
}

async function watchHire(watch: Watch): Promise<Pick<Hired, 'identityId' | 'oktaId' | 'entraId'>> {
  const { employeeNumber, api, sandboxes, see } = watch;
  await see(
    'HR record accepted',
    async () => {
      const { waiting } = await askAdmin<{ waiting: { key: string }[] }>(sandboxes, '/hr/outbox');
      return waiting.some(({ key }) => key === employeeNumber) ? undefined : employeeNumber;
    },
    (key) => `employee number ${key}, pushed by SCIM bulk`,
  );
  const person = await see(
    'identity known',
    () => api.get<{ identityId: string }>(`/api/people/${employeeNumber}`),
    ({ identityId }) => identityId,
  );
  const [oktaId, entraId] = await Promise.all([watchOkta(watch), watchEntra(watch)]);
  await watchTimeline(watch, [oktaId, entraId]);
  return { identityId: person.identityId, oktaId, entraId };
}

const matches = (seen: Record<string, unknown>, expected: Record<string, unknown>): boolean =>
  Object.entries(expected).every(([name, value]) => seen[name] === value);

async function watchOkta({ employeeNumber, vendors, see, sandboxes, manager }: Watch): Promise<string> {
  const user = await see(
    'Okta user created',
    () => vendors.oktaUser(employeeNumber),
    ({ id, status }) => `${id}, ${status}`,
  );
  const fields = {
    firstName: HIRE.givenName,
    lastName: HIRE.familyName,
    title: HIRE.title,
    department: HIRE.department,
    managerId: manager,
    city: 'Berlin',
    countryCode: 'DE',
  };
  await see(
    'Okta fields mapped',
    async () => {
      const seen = await vendors.oktaUser(employeeNumber);
      return seen && matches(seen.profile, fields) ? seen : undefined;
    },
    () => Object.keys(fields).join(', '),
  );
  await see(
    'Okta group joined',
    async () => someOf(await vendors.oktaGroups(user.id), 'All staff'),
    (name) => name,
  );
  await see(
    'Okta app assigned',
    async () => someOf(await vendors.oktaApps(user.id), 'Workday'),
    (name) => name,
  );
  await askAdmin(sandboxes, `/okta/users/${user.id}/click-activation`, {});
  await see(
    'Okta user active',
    async () => {
      const seen = await vendors.oktaUser(employeeNumber);
      return seen?.status === 'ACTIVE' ? seen : undefined;
    },
    () => 'after the person followed the activation mail',
  );
  return user.id;
}

const someOf = (names: readonly string[], wanted: string): string | undefined => names.find((name) => name === wanted);

async function watchEntra({ employeeNumber, vendors, see, manager }: Watch): Promise<string> {
  const user = await see(
    'Entra user created',
    async () => {
      const seen = await vendors.entraUser(employeeNumber);
      return seen?.accountEnabled ? seen : undefined;
    },
    ({ id }) => `${id}, enabled`,
  );
  const fields = { givenName: HIRE.givenName, surname: HIRE.familyName, jobTitle: HIRE.title, department: HIRE.department };
  await see(
    'Entra fields mapped',
    async () => {
      const seen = await vendors.entraUser(employeeNumber);
      return seen && matches(seen, fields) ? seen : undefined;
    },
    () => Object.keys(fields).join(', '),
  );
  await see(
    'Entra manager set',
    async () => {
      const [seen, wanted] = [await vendors.entraManager(user.id), await vendors.entraUser(manager)];
      return seen !== undefined && seen === wanted?.id ? seen : undefined;
    },
    (id) => id,
  );
  const groups = await see(
    'Entra group joined',
    async () => {
      const seen = await vendors.entraGroups(user.id);
      return seen.some(({ displayName }) => displayName === 'All staff') ? seen : undefined;
    },
    (seen) => seen.map(({ displayName }) => displayName).join(', '),
  );
  await see(
    'Entra app held',
    async () => someOf(await vendors.entraAppsOfGroups([...groups, ...(await vendors.entraGroups(user.id))]), 'Workday'),
    (name) => name,
  );
  return user.id;
}

interface Entry {
  readonly type: string;
  readonly stream: string;
  readonly summary: string;
}

/** The auditor's view: every step from the HR record to the confirming reads stands in the timeline, and the journal knows one create a side. */
async function watchTimeline({ employeeNumber, api, see, sandboxes }: Watch, accountIds: readonly string[]): Promise<void> {
  const wanted = ['WorkerRecorded', 'IdentityCreated', 'LoginAssigned', 'PlanReleased', 'CommandEnded', 'AccountLinked', 'AccountObserved'];
  await see(
    'timeline complete',
    async () => {
      const { entries } = await api.get<{ entries: Entry[] }>(`/api/timeline/${employeeNumber}`);
      const read = accountIds.every((id) => entries.some(({ stream, type }) => type === 'AccountObserved' && stream.endsWith(`.${id}`)));
      return read && wanted.every((type) => entries.some((entry) => entry.type === type)) ? entries : undefined;
    },
    (entries) => `${entries.length} entries`,
  );
  for (const prefix of ['okta.create.employeeNumber.', 'graph.create.employeeId.']) {
    const counters = await askAdmin<Record<string, number>>(sandboxes, `/counters?prefix=${prefix}${employeeNumber}`);
    if (counters[`${prefix}${employeeNumber}`] !== 1) throw new StepMissed(`exactly one create by ${prefix}`, counters);
  }
}
