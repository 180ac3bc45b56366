import type { FieldSource, ReportConfig, ReportField } from '@muster/connector';
import { validateData, type WorkerRecord } from '@muster/contracts';
import { asApps, asDate, asInstant, asText, asTruth, asVersion, asZone, type ReadValue, type Said } from './values.ts';

const CORE = 'urn:ietf:params:scim:schemas:core:2.0:User';
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const WORKER = 'urn:muster:scim:schemas:extension:worker:1.0:User';

/** One row as the report has it. */
export type Row = Readonly<Record<string, unknown>>;

/** What is wrong with a row: where it stands in the report, what it should be, what to do. Values are never quoted. */
export interface RowProblem {
  readonly field: string;
  readonly message: string;
}

/** The record that a row states, or everything that is wrong with it. The key is there if at least that could be read. */
export type MappedRow =
  | { readonly key: string; readonly record: WorkerRecord }
  | { readonly key?: string; readonly problems: readonly RowProblem[] };

const ways: Partial<Record<ReportField, ReadValue>> = {
  primary: asTruth,
  hireDate: asDate,
  leaveDate: asDate,
  effectiveFrom: asDate,
  timeZone: asZone,
  recordVersion: asVersion,
  apps: asApps,
};

/** A value by its column, or by a path such as `Address.City` where no column has that name. */
export const valueAt = (row: Row, path: string): unknown => {
  if (Object.hasOwn(row, path)) return row[path];
  let value: unknown = row;
  for (const part of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
};

/** Stated values by field. A field that the row does not have is absent; one that it has empty is null. */
type Stated = Partial<Record<ReportField, unknown>>;

const translated = (raw: unknown, { values }: FieldSource): Said => {
  if (values === undefined) return { value: raw };
  if (raw === null || raw === '') return 'nothing';
  const word = values[String(raw as string | number | boolean)];
  return word === undefined ? { expected: `one of ${Object.keys(values).join(', ')}` } : { value: word };
};

const readField = (raw: unknown, field: ReportField, source: FieldSource): Said => {
  const said = translated(raw, source);
  return typeof said === 'object' && 'value' in said ? (ways[field] ?? asText)(said.value) : said;
};

/** Reads the fields of a row one by one, so that all problems come together. */
const statedBy = (row: Row, fields: ReportConfig['fields']): { stated: Stated; problems: RowProblem[] } => {
  const stated: Stated = {};
  const problems: RowProblem[] = [];
  for (const [name, source] of Object.entries(fields)) {
    const raw = valueAt(row, source.from);
    if (raw === undefined) continue;
    const said = readField(raw, name as ReportField, source);
    if (said === 'nothing') stated[name as ReportField] = null;
    else if ('value' in said) stated[name as ReportField] = said.value;
    else problems.push({ field: source.from, message: `expected ${said.expected}. Correct it in the HR system, or the field map.` });
  }
  return { stated, problems };
};

/** Without what is absent; a part of which nothing is stated is absent itself. */
const present = (part: Record<string, unknown>): Record<string, unknown> | undefined => {
  const entries = Object.entries(part).filter(([, value]) => value !== undefined);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
};

const withoutEmpty = (part: Record<string, unknown>): Record<string, unknown> | undefined =>
  present(Object.fromEntries(Object.entries(part).map(([name, value]) => [name, value ?? undefined])));

/** A list is stated if the row has any field of it; what is empty there is not in it. */
const listed = (stated: readonly unknown[], items: readonly (Record<string, unknown> | undefined)[]): unknown[] | undefined =>
  stated.every((value) => value === undefined) ? undefined : items.filter((item) => item !== undefined);

const phone = (type: string, value: unknown) => (value === undefined || value === null ? undefined : { type, value });

const addressOf = ({ streetAddress, locality, region, postalCode, country }: Stated): unknown[] | undefined => {
  const address = withoutEmpty({ streetAddress, locality, region, postalCode, country });
  return listed([streetAddress, locality, region, postalCode, country], [address && { type: 'work', ...address }]);
};

const managerOf = (key: unknown): unknown => (key === undefined || key === null ? key : { value: key });

/** For what a record cannot have empty: null is nothing. */
const filled = (value: unknown): unknown => value ?? undefined;

const nameOf = ({ givenName, familyName, middleName }: Stated): object =>
  present({ givenName: filled(givenName), familyName: filled(familyName), middleName }) ?? {};

const enterpriseOf = ({ externalId, department, division, organization, costCenter, managerKey }: Stated) =>
  present({ employeeNumber: filled(externalId), department, division, organization, costCenter, manager: managerOf(managerKey) });

const employmentOf = ({ employmentId, primary }: Stated) =>
  filled(employmentId) === undefined ? undefined : withoutEmpty({ id: employmentId, primary });

const workerOf = (stated: Stated, version: unknown): object =>
  present({
    recordVersion: stated.recordVersion ?? version,
    hireDate: filled(stated.hireDate),
    leaveDate: stated.leaveDate,
    timeZone: filled(stated.timeZone),
    employmentType: filled(stated.employmentType),
    status: filled(stated.status),
    effectiveFrom: filled(stated.effectiveFrom),
    employment: employmentOf(stated),
    apps: stated.apps === null ? [] : stated.apps,
  }) ?? {};

/** Null is kept where it may clear; what the record cannot be without is absent then, and refused as missing. */
const recordOf = (stated: Stated, version: unknown): unknown => {
  const { email, mobilePhone, workPhone } = stated;
  return present({
    schemas: [CORE, ENTERPRISE, WORKER],
    externalId: filled(stated.externalId),
    name: nameOf(stated),
    displayName: stated.displayName,
    title: stated.title,
    emails: listed([email], [email === null ? undefined : { type: 'work', value: email, primary: true }]),
    phoneNumbers: listed([mobilePhone, workPhone], [phone('work', workPhone), phone('mobile', mobilePhone)]),
    addresses: addressOf(stated),
    preferredLanguage: stated.preferredLanguage,
    locale: stated.locale,
    timezone: stated.timeZone,
    [ENTERPRISE]: enterpriseOf(stated),
    [WORKER]: workerOf(stated, version),
  });
};

/** Which field of ours stands at a place of the record, for problems that only the whole record shows. */
const fieldAt = (pointer: string): ReportField | undefined => {
  const name = pointer.split('/').findLast((part) => part !== '' && !/^\d+$/.test(part)) ?? '';
  const special: Readonly<Record<string, ReportField>> = {
    emails: 'email',
    manager: 'managerKey',
    employment: 'employmentId',
    timezone: 'timeZone',
  };
  return special[name] ?? special[pointer.split('/')[1] ?? ''] ?? (name as ReportField);
};

const placeOf = (pointer: string, fields: ReportConfig['fields']): string => {
  if (!pointer.startsWith('/phoneNumbers')) return fields[fieldAt(pointer) ?? 'externalId']?.from ?? pointer;
  return [fields.workPhone, fields.mobilePhone].flatMap((source) => (source ? [source.from] : [])).join(' or ');
};

const keyOf = ({ externalId }: Stated): { key?: string } => (typeof externalId === 'string' ? { key: externalId } : {});

/** When the row was written, by its watermark field. */
const writtenAt = (row: Row, { watermark }: Pick<ReportConfig, 'watermark'>): { at?: unknown; problems: RowProblem[] } => {
  if (watermark === undefined) return { problems: [] };
  const said = asInstant(valueAt(row, watermark.field) ?? '');
  if (said === 'nothing') return { problems: [] };
  if ('value' in said) return { at: said.value, problems: [] };
  return { problems: [{ field: watermark.field, message: `expected ${said.expected}. Correct the report.` }] };
};

/** Reads one row by the field map. A record that the contracts would refuse is refused here, with its columns named. */
export const mapRow = (row: Row, report: Pick<ReportConfig, 'fields' | 'watermark'>): MappedRow => {
  const { fields } = report;
  const { stated, problems } = statedBy(row, fields);
  const written = writtenAt(row, report);
  const record = recordOf(stated, written.at);
  // What could not be read is absent from the record, and need not be named a second time as missing.
  const named = new Set(problems.map(({ field }) => field));
  const refused = validateData('WorkerRecord', record)
    .map(({ pointer, expected, remedy }) => ({ field: placeOf(pointer, fields), message: `expected ${expected}. ${remedy}` }))
    .filter(({ field }) => !named.has(field));
  const all = [...problems, ...written.problems, ...refused];
  return all.length > 0 ? { ...keyOf(stated), problems: all } : { key: String(stated.externalId), record: record as WorkerRecord };
};
