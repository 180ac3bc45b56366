import type { Company, CompanyWorker } from '../kit/company.ts';
import type { Org } from './org.ts';
import type { AppRecord, GroupRecord, Profile, UserRecord } from './records.ts';

/** The Okta profile that a careful admin would have typed in for a worker. */
export function profileOf(worker: CompanyWorker, manager: CompanyWorker | undefined): Profile {
  const { address } = worker;
  return {
    login: worker.login,
    email: worker.login,
    firstName: worker.givenName,
    lastName: worker.familyName,
    displayName: worker.displayName,
    title: worker.title,
    department: worker.department,
    division: worker.division,
    organization: worker.organization,
    costCenter: worker.costCenter,
    ...(manager ? { managerId: manager.key, manager: manager.displayName } : {}),
    mobilePhone: worker.mobilePhone,
    primaryPhone: worker.workPhone,
    streetAddress: address.streetAddress,
    city: address.locality,
    ...(address.region === undefined ? {} : { state: address.region }),
    zipCode: address.postalCode,
    countryCode: address.country,
    preferredLanguage: worker.preferredLanguage,
    locale: worker.locale,
    timezone: worker.timeZone,
    userType: worker.employmentType,
    employeeNumber: worker.key,
    hireDate: worker.hireDate,
  };
}

/** Fills an org with a company as if it had been there for long: nothing is logged. What is there already (by login, name, label) stays. */
export function seedOkta(org: Org, company: Company): { users: number; groups: number; apps: number } {
  const workers = new Map(company.workers.map((worker) => [worker.key, worker]));
  const users = new Map<string, string>();
  for (const worker of company.workers) users.set(worker.key, seedUser(org, worker, workers.get(worker.managerKey ?? '')));
  const groups = new Map<string, string>();
  for (const group of company.groups) {
    const id = seedGroup(org, group);
    groups.set(group.name, id);
    for (const key of group.members) org.members.put(id, users.get(key) as string, true);
  }
  for (const app of company.apps) {
    const id = seedApp(org, app);
    app.groups.forEach((name, priority) => {
      const group = groups.get(name);
      if (group) org.appGroups.put(id, group, { lastUpdated: org.now(), priority, profile: {} });
    });
  }
  org.state.commit();
  return { users: users.size, groups: groups.size, apps: company.apps.length };
}

function seedUser(org: Org, worker: CompanyWorker, manager: CompanyWorker | undefined): string {
  const known = org.users.find('login', worker.login.toLowerCase());
  if (known) return known.id;
  const id = org.newId('00u');
  const since = new Date(`${worker.hireDate}T08:00:00.000Z`).toISOString();
  const user: UserRecord = {
    id,
    status: 'ACTIVE',
    transitioningToStatus: null,
    created: since,
    activated: since,
    statusChanged: since,
    lastLogin: null,
    lastUpdated: since,
    passwordChanged: since,
    hasPassword: true,
    profile: profileOf(worker, manager),
  };
  org.users.put(id, user);
  return id;
}

function seedGroup(org: Org, { name, description }: Company['groups'][number]): string {
  const known = org.groups.find('name', name.toLowerCase());
  if (known) return known.id;
  const id = org.newId('00g');
  const now = org.now();
  const group: GroupRecord = {
    id,
    type: 'OKTA_GROUP',
    created: now,
    lastUpdated: now,
    lastMembershipUpdated: now,
    profile: { name, description },
  };
  org.groups.put(id, group);
  return id;
}

function seedApp(org: Org, { name, label }: Company['apps'][number]): string {
  const known = org.apps.find('label', label.toLowerCase());
  if (known) return known.id;
  const id = org.newId('0oa');
  const now = org.now();
  const app: AppRecord = { id, name, label, status: 'ACTIVE', signOnMode: 'SAML_2_0', created: now, lastUpdated: now, rest: {} };
  org.apps.put(id, app);
  return id;
}
