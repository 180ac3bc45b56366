import type { EntraSeed } from './entra/seed.ts';
import type { Json } from './entra/errors.ts';
import type { Company, CompanyWorker } from './kit/company.ts';

/** The Entra side of a company: logins as user principal names, departments and groups as security groups, an app role `User` given to groups. */
export function entraSeedOf(company: Company): EntraSeed {
  const logins = new Map(company.workers.map((worker) => [worker.key, worker.login]));
  return {
    users: company.workers.map((worker) => {
      const manager = worker.managerKey === undefined ? undefined : logins.get(worker.managerKey);
      return { properties: graphProperties(worker), ...(manager === undefined ? {} : { manager }) };
    }),
    groups: company.groups.map(({ name, description, members }) => ({
      name,
      description,
      members: members.map((key) => logins.get(key)).filter((login) => login !== undefined),
    })),
    apps: company.apps.map(({ label, groups }) => ({ name: label, groups })),
  };
}

function graphProperties(worker: CompanyWorker): Record<string, Json> {
  const { address } = worker;
  return {
    userPrincipalName: worker.login,
    mailNickname: worker.login.split('@')[0] as string,
    mail: worker.login,
    displayName: worker.displayName,
    givenName: worker.givenName,
    surname: worker.familyName,
    jobTitle: worker.title,
    department: worker.department,
    companyName: worker.organization,
    employeeOrgData: { division: worker.division, costCenter: worker.costCenter },
    employeeId: worker.key,
    employeeType: worker.employmentType,
    employeeHireDate: `${worker.hireDate}T00:00:00Z`,
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
}
