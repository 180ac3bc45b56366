import type { CompanyWorker } from '../kit/company.ts';

export type WorkerStatus = 'active' | 'onLeave' | 'terminated' | 'rescinded';

export interface AppAssignment {
  app: string;
  until?: string;
  assignedBy?: string;
}

/** What HR knows of a person: the company's worker and what happens to one. Null says that a field is empty now. */
export type WorkerFacts = { [F in keyof Omit<CompanyWorker, 'key' | 'login'>]?: CompanyWorker[F] | null } & {
  key: string;
  givenName: string;
  familyName: string;
  /** Work mail; HR often has none before the first day. */
  email?: string | null;
  apps?: AppAssignment[];
  /** Where a person has several: which one this is, and whether HR calls it the primary one. */
  employment?: string;
  primary?: boolean;
};

/** What a record of employment is kept under: the worker's key, and behind it the employment if it is a further one. */
export const recordId = ({ key, employment }: Pick<WorkerFacts, 'key' | 'employment'>): string =>
  employment === undefined ? key : `${key}|${employment}`;

/** One version of a record. Versions of a worker count up from 1. */
export interface WorkerVersion {
  readonly key: string;
  readonly version: number;
  readonly status: WorkerStatus;
  /** Local date from which the version holds. */
  readonly effectiveFrom: string;
  /** When it was written. */
  readonly modifiedAt?: string;
  readonly facts: WorkerFacts;
  /** Fields as they go out beside the mapped ones, by top-level name: for broken and unusual records. */
  readonly raw?: Readonly<Record<string, unknown>>;
  /** The same for the row of the report, by column. */
  readonly row?: Readonly<Record<string, unknown>>;
}

const CORE = 'urn:ietf:params:scim:schemas:core:2.0:User';
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const WORKER = 'urn:muster:scim:schemas:extension:worker:1.0:User';

const present = (record: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));

/** The SCIM resource of a version. A missing field is left out, an emptied one is null. */
export function scimOf({ key, version, status, effectiveFrom, facts, raw }: WorkerVersion): Record<string, unknown> {
  const resource = {
    schemas: [CORE, ENTERPRISE, WORKER],
    externalId: key,
    userName: facts.email ?? key,
    active: status === 'active' || status === 'onLeave',
    name: {
      givenName: facts.givenName,
      familyName: facts.familyName,
      formatted: facts.displayName ?? `${facts.givenName} ${facts.familyName}`,
    },
    displayName: facts.displayName ?? `${facts.givenName} ${facts.familyName}`,
    title: facts.title,
    emails: facts.email ? [{ type: 'work', value: facts.email, primary: true }] : undefined,
    phoneNumbers: phonesOf(facts),
    addresses: facts.address ? [{ type: 'work', ...facts.address }] : undefined,
    preferredLanguage: facts.preferredLanguage,
    locale: facts.locale,
    timezone: facts.timeZone,
    [ENTERPRISE]: enterpriseOf(key, facts),
    [WORKER]: present({
      recordVersion: version,
      hireDate: facts.hireDate,
      leaveDate: facts.leaveDate,
      timeZone: facts.timeZone,
      employmentType: facts.employmentType,
      status,
      effectiveFrom,
      employment: facts.employment === undefined ? undefined : present({ id: facts.employment, primary: facts.primary }),
      apps: facts.apps,
    }),
  };
  return { ...present(resource), ...raw };
}

function phonesOf({ workPhone, mobilePhone }: WorkerFacts): object[] | undefined {
  const phones = [
    ...(workPhone ? [{ type: 'work', value: workPhone }] : []),
    ...(mobilePhone ? [{ type: 'mobile', value: mobilePhone }] : []),
  ];
  return phones.length > 0 ? phones : undefined;
}

const enterpriseOf = (key: string, { department, division, organization, costCenter, managerKey }: WorkerFacts): Record<string, unknown> =>
  present({
    employeeNumber: key,
    department,
    division,
    organization,
    costCenter,
    manager: managerKey === undefined ? undefined : managerKey === null ? null : { value: managerKey },
  });
