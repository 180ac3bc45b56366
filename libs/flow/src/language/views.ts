/** What an expression can read: by type, its fields and their CEL types. `X` of a list or field names another row of this table. */
export const viewTypes = {
  Name: {
    givenName: 'string',
    familyName: 'string',
    middleName: 'string',
    formatted: 'string',
    honorificPrefix: 'string',
    honorificSuffix: 'string',
  },
  Email: { value: 'string', type: 'string', primary: 'bool' },
  Phone: { value: 'string', type: 'string', primary: 'bool' },
  Address: {
    type: 'string',
    primary: 'bool',
    streetAddress: 'string',
    locality: 'string',
    region: 'string',
    postalCode: 'string',
    country: 'string',
    formatted: 'string',
  },
  ManagerReference: { value: 'string', displayName: 'string' },
  Enterprise: {
    employeeNumber: 'string',
    costCenter: 'string',
    organization: 'string',
    division: 'string',
    department: 'string',
    manager: 'ManagerReference',
  },
  AppGrant: { app: 'string', until: 'string', assignedBy: 'string' },
  Work: {
    hireDate: 'string',
    leaveDate: 'string',
    timeZone: 'string',
    employmentType: 'string',
    status: 'string',
    effectiveFrom: 'string',
    apps: 'list<AppGrant>',
  },
  Worker: {
    externalId: 'string',
    userName: 'string',
    name: 'Name',
    displayName: 'string',
    title: 'string',
    active: 'bool',
    emails: 'list<Email>',
    phoneNumbers: 'list<Phone>',
    addresses: 'list<Address>',
    preferredLanguage: 'string',
    locale: 'string',
    timezone: 'string',
    enterprise: 'Enterprise',
    work: 'Work',
  },
  Identity: {
    lifecycle: 'string',
    givenName: 'string',
    familyName: 'string',
    middleName: 'string',
    displayName: 'string',
    email: 'string',
    title: 'string',
    department: 'string',
    division: 'string',
    organization: 'string',
    costCenter: 'string',
    managerKey: 'string',
    managerName: 'string',
    mobilePhone: 'string',
    workPhone: 'string',
    streetAddress: 'string',
    city: 'string',
    state: 'string',
    postalCode: 'string',
    country: 'string',
    preferredLanguage: 'string',
    locale: 'string',
    timeZone: 'string',
    employmentType: 'string',
    hireDate: 'string',
    leaveDate: 'string',
    employeeNumber: 'string',
  },
  Manager: { employeeNumber: 'string', name: 'string', hasAccount: 'bool' },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;

export type ViewType = keyof typeof viewTypes;

/** Extensions of the worker record stand under short names. */
const sourceNames: Readonly<Record<string, string>> = {
  enterprise: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User',
  work: 'urn:muster:scim:schemas:extension:worker:1.0:User',
};

const CLEARED = Symbol('cleared fields');

/**
 * A record as expressions see it. A field that is missing, null or empty text is undefined here, so that `has()` is false for all three;
 * which fields were stated as empty is kept beside it.
 */
export interface View {
  [field: string]: unknown;
  [CLEARED]?: Set<string>;
}

const makeViewClass = (name: ViewType): new () => View => ({ [name]: class {} as unknown as new () => View })[name] as new () => View;

/** The evaluator recognises a value's type by its constructor: one for each type. */
export const viewClasses = Object.fromEntries((Object.keys(viewTypes) as ViewType[]).map((name) => [name, makeViewClass(name)])) as Record<
  ViewType,
  new () => View
>;

const isViewType = (name: string): name is ViewType => Object.hasOwn(viewTypes, name);
const LIST = /^list<(\w+)>$/;
const scalars: Readonly<Record<string, string>> = { string: 'string', bool: 'boolean' };

type Convert = (value: unknown) => unknown;
interface Field {
  name: string;
  source: string;
  convert: Convert;
}

const converterFor = (type: string): Convert => {
  const item = LIST.exec(type)?.[1];
  if (item) return (value) => (Array.isArray(value) ? value.map(converterFor(item)).filter((one) => one !== undefined) : undefined);
  if (isViewType(type))
    return (value) => (typeof value === 'object' ? viewOf(type, value as Readonly<Record<string, unknown>>) : undefined);
  return (value) => (typeof value === scalars[type] ? value : undefined);
};

const fieldsOf = new Map<ViewType, readonly Field[]>(
  (Object.keys(viewTypes) as ViewType[]).map((type) => [
    type,
    Object.entries(viewTypes[type]).map(([name, kind]) => ({ name, source: sourceNames[name] ?? name, convert: converterFor(kind) })),
  ]),
);

/** Makes what expressions read out of a record. A value of another type than the field's counts as missing. */
export const viewOf = (type: ViewType, record: Readonly<Record<string, unknown>>): View => {
  const view = new viewClasses[type]();
  for (const { name, source, convert } of fieldsOf.get(type) ?? []) {
    const value = record[source];
    if (value === undefined) continue;
    if (value === null || value === '') (view[CLEARED] ??= new Set()).add(name);
    else view[name] = convert(value);
  }
  return view;
};

/** A view in which every field was stated as empty. */
export const clearedView = (type: ViewType): View => {
  const view = new viewClasses[type]();
  view[CLEARED] = new Set(Object.keys(viewTypes[type]));
  return view;
};

/** Follows fields from a view: the value; null if the path ends at a field that was stated as empty; undefined if one is missing. */
export const follow = (start: unknown, path: readonly string[], from = 0): unknown => {
  let value = start;
  for (let i = from; i < path.length; i++) {
    if (value === undefined || value === null) return value;
    const field = path[i] as string;
    const next: unknown = (value as View)[field];
    value = next === undefined && (value as View)[CLEARED]?.has(field) ? null : next;
  }
  return value;
};
