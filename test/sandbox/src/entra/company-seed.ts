import type { Company, CompanyWorker } from '../kit/company.ts';
import type { Json } from './errors.ts';
import type { EntraSeed, SeedUser } from './seed.ts';

export interface CompanySeedOptions {
  /** Employee numbers of those who have an account already; default: nobody. */
  existing?: (worker: CompanyWorker) => boolean;
}

/**
 * A company as seed of a tenant: its groups, its apps with the groups that hold their first role, and those workers who have an
 * account already, with manager and memberships.
 */
export function companySeed(company: Company, { existing = () => false }: CompanySeedOptions = {}): Required<EntraSeed> {
  const there = company.workers.filter(existing);
  const logins = new Map(there.map((worker) => [worker.key, worker.login]));
  return {
    users: there.map((worker) => userOf(company, worker, logins)),
    groups: company.groups.map(({ name, description, members }) => ({
      name,
      description,
      members: members.map((key) => logins.get(key)).filter((login) => login !== undefined),
    })),
    apps: company.apps.map(({ label, groups }) => ({ name: label, groups })),
  };
}

function userOf(company: Company, worker: CompanyWorker, logins: ReadonlyMap<string, string>): SeedUser {
  const { address, login } = worker;
  const properties: Record<string, Json> = {
    userPrincipalName: login,
    mailNickname: login.slice(0, login.indexOf('@')),
    displayName: worker.displayName,
    givenName: worker.givenName,
    surname: worker.familyName,
    employeeId: worker.key,
    employeeType: worker.employmentType,
    employeeHireDate: `${worker.hireDate}T00:00:00Z`,
    employeeOrgData: { division: worker.division, costCenter: worker.costCenter },
    jobTitle: worker.title,
    department: worker.department,
    companyName: company.name,
    mobilePhone: worker.mobilePhone,
    businessPhones: [worker.workPhone],
    streetAddress: address.streetAddress,
    city: address.locality,
    state: address.region ?? null,
    postalCode: address.postalCode,
    country: address.country,
    usageLocation: address.country,
    preferredLanguage: worker.preferredLanguage,
  };
  const manager = worker.managerKey === undefined ? undefined : logins.get(worker.managerKey);
  return manager === undefined ? { properties } : { properties, manager };
}
