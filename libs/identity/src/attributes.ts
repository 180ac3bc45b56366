import type { AttributeProvenance, IdentityAttributesChanged, Profile, Value, WorkerRecord } from '@muster/contracts';
import { sameValue } from './values.ts';

const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const WORKER = 'urn:muster:scim:schemas:extension:worker:1.0:User';

/** The canonical attributes of a person, in the order in which they are shown. */
export const canonicalAttributes = [
  'givenName',
  'familyName',
  'middleName',
  'displayName',
  'email',
  'title',
  'department',
  'division',
  'organization',
  'costCenter',
  'managerKey',
  'managerName',
  'mobilePhone',
  'workPhone',
  'streetAddress',
  'city',
  'state',
  'postalCode',
  'country',
  'preferredLanguage',
  'locale',
  'timeZone',
  'employmentType',
  'hireDate',
  'leaveDate',
  'employeeNumber',
] as const;

export type CanonicalAttribute = (typeof canonicalAttributes)[number];

interface Typed {
  type?: string;
  primary?: boolean;
}

const chosen = <T extends Typed>(items: readonly T[] | undefined, type: string): T | undefined =>
  items?.find((item) => item.type === type) ??
  (type === 'work' ? (items?.find((item) => item.primary) ?? items?.find((item) => item.type === undefined)) : undefined);

/** An entry of a list that is stated but lacks this type is stated as empty. */
const fromList = <T extends Typed>(
  items: readonly T[] | undefined,
  type: string,
  pick: (item: T) => Value | undefined,
): Value | undefined => {
  if (items === undefined) return undefined;
  const item = chosen(items, type);
  return item === undefined ? null : (pick(item) ?? null);
};

type Read = (record: WorkerRecord) => Value | undefined;
const enterprise = (record: WorkerRecord) => record[ENTERPRISE];
const extension = (record: WorkerRecord) => record[WORKER];
const address =
  (pick: (item: NonNullable<WorkerRecord['addresses']>[number]) => Value | undefined): Read =>
  (record) =>
    fromList(record.addresses, 'work', pick);
const manager =
  (pick: (item: { value: string; displayName?: string | null }) => Value | undefined): Read =>
  (record) => {
    const stated = enterprise(record)?.manager;
    return stated === undefined || stated === null ? stated : (pick(stated) ?? null);
  };

/** Where each canonical attribute stands in a worker record: the path that provenance cites, and how to read it. */
const workerFields: Record<CanonicalAttribute, [field: string, read: Read]> = {
  givenName: ['name.givenName', (record) => record.name.givenName],
  familyName: ['name.familyName', (record) => record.name.familyName],
  middleName: ['name.middleName', (record) => record.name.middleName],
  displayName: ['displayName', (record) => record.displayName ?? `${record.name.givenName} ${record.name.familyName}`],
  email: ['emails[work].value', (record) => fromList(record.emails, 'work', (item) => item.value)],
  title: ['title', (record) => record.title],
  department: ['enterprise.department', (record) => enterprise(record)?.department],
  division: ['enterprise.division', (record) => enterprise(record)?.division],
  organization: ['enterprise.organization', (record) => enterprise(record)?.organization],
  costCenter: ['enterprise.costCenter', (record) => enterprise(record)?.costCenter],
  managerKey: ['enterprise.manager.value', manager((item) => item.value)],
  managerName: ['enterprise.manager.displayName', manager((item) => item.displayName)],
  mobilePhone: ['phoneNumbers[mobile].value', (record) => fromList(record.phoneNumbers, 'mobile', (item) => item.value)],
  workPhone: ['phoneNumbers[work].value', (record) => fromList(record.phoneNumbers, 'work', (item) => item.value)],
  streetAddress: ['addresses[work].streetAddress', address((item) => item.streetAddress)],
  city: ['addresses[work].locality', address((item) => item.locality)],
  state: ['addresses[work].region', address((item) => item.region)],
  postalCode: ['addresses[work].postalCode', address((item) => item.postalCode)],
  country: ['addresses[work].country', address((item) => item.country)],
  preferredLanguage: ['preferredLanguage', (record) => record.preferredLanguage],
  locale: ['locale', (record) => record.locale],
  timeZone: ['worker.timeZone', (record) => extension(record).timeZone ?? record.timezone],
  employmentType: ['worker.employmentType', (record) => extension(record).employmentType],
  hireDate: ['worker.hireDate', (record) => extension(record).hireDate],
  leaveDate: ['worker.leaveDate', (record) => extension(record).leaveDate],
  employeeNumber: ['externalId', (record) => record.externalId],
};

/** The canonical attributes that a worker record states; one that it does not state is absent, one that it clears is null. */
export const attributesOf = (record: WorkerRecord): Profile => {
  const profile: Profile = {};
  for (const name of canonicalAttributes) {
    const value = workerFields[name][1](record);
    if (value !== undefined) profile[name] = value;
  }
  return profile;
};

/** The path inside a worker record from which an attribute is read. */
export const fieldOf = (name: CanonicalAttribute): string => workerFields[name][0];

/** What one source says of a person, under canonical names, with the fact that each value stands in. */
export interface AttributeSource {
  readonly connection: string;
  readonly values: Readonly<Record<string, { readonly value: Value; readonly from: AttributeProvenance }>>;
}

/** By attribute, connections in order of authority; `*` for the rest. A source that is not named for an attribute never wins it. */
export type Authority = Readonly<Record<string, readonly string[]>>;

export type Canonical = Pick<IdentityAttributesChanged, 'attributes' | 'provenance'> & {
  readonly losing: NonNullable<IdentityAttributesChanged['losing']>;
};

/**
 * Chooses for each attribute the first source in order of authority that states it; a cleared value is stated. Other sources' differing
 * values, of named and unnamed sources alike, are kept as losing.
 */
export const canonical = (sources: readonly AttributeSource[], authority: Authority): Canonical => {
  const result: Canonical = { attributes: {}, provenance: {}, losing: {} };
  const names = new Set(sources.flatMap((source) => Object.keys(source.values)));
  for (const name of [...names].toSorted()) {
    const order = authority[name] ?? authority['*'] ?? [];
    const stated = sources.filter((source) => source.values[name] !== undefined);
    const winner = order.flatMap((connection) => stated.filter((source) => source.connection === connection))[0];
    const won = winner?.values[name];
    if (won !== undefined) {
      result.attributes[name] = won.value;
      result.provenance[name] = won.from;
    }
    const losing = stated
      .filter((source) => source !== winner)
      .flatMap((source) => {
        const value = source.values[name]?.value;
        return value === undefined || sameValue(value, won?.value) ? [] : [{ connection: source.connection, value }];
      });
    if (losing.length > 0) result.losing[name] = losing;
  }
  return result;
};
