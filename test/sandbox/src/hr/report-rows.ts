import { hash } from '../kit/random.ts';
import type { HrSystem } from './hr-system.ts';
import { recordId, type WorkerFacts, type WorkerStatus, type WorkerVersion } from './worker.ts';

/** A row of the worker report, by column. Columns are those of {@link COLUMNS}. */
export type Row = Record<string, unknown>;

/** A row with its place in the report; places sort as texts. */
export interface PlacedRow {
  readonly place: string;
  readonly row: Row;
}

const WORKER_TYPES = { employee: 'Employee', contractor: 'Contractor', intern: 'Intern' } as const;
const STATUSES: Readonly<Record<WorkerStatus, string>> = {
  active: 'Active',
  onLeave: 'Leave',
  terminated: 'Terminated',
  rescinded: 'Rescinded',
};

type Column = (facts: WorkerFacts, version: WorkerVersion) => unknown;
const address =
  (part: 'streetAddress' | 'locality' | 'region' | 'postalCode' | 'country'): Column =>
  ({ address: given }) =>
    given === null ? null : given?.[part];

/** The columns of the report, in their order. */
export const COLUMNS: Readonly<Record<string, Column>> = {
  Employee_ID: ({ key }) => key,
  Employment_ID: ({ employment }) => employment,
  Primary: ({ primary }) => primary,
  First_Name: ({ givenName }) => givenName,
  Last_Name: ({ familyName }) => familyName,
  Display_Name: ({ displayName }) => displayName,
  Job_Title: ({ title }) => title,
  Work_Email: ({ email }) => email,
  Department: ({ department }) => department,
  Division: ({ division }) => division,
  Company: ({ organization }) => organization,
  Cost_Center: ({ costCenter }) => costCenter,
  Manager_ID: ({ managerKey }) => managerKey,
  Mobile_Phone: ({ mobilePhone }) => mobilePhone,
  Work_Phone: ({ workPhone }) => workPhone,
  Street: address('streetAddress'),
  City: address('locality'),
  Region: address('region'),
  Postal_Code: address('postalCode'),
  Country: address('country'),
  Language: ({ preferredLanguage }) => preferredLanguage,
  Locale: ({ locale }) => locale,
  Time_Zone: ({ timeZone }) => timeZone,
  Worker_Type: ({ employmentType }) => (employmentType ? WORKER_TYPES[employmentType] : employmentType),
  Worker_Status: (_facts, { status }) => STATUSES[status],
  Hire_Date: ({ hireDate }) => hireDate,
  End_Date: ({ leaveDate }) => leaveDate,
  Effective_Date: (_facts, { effectiveFrom }) => effectiveFrom,
  Version: (_facts, { version }) => version,
  Last_Modified: (_facts, version) => modifiedAt(version),
  Apps: ({ apps }) => apps,
};

const modifiedAt = ({ modifiedAt: at }: WorkerVersion): string => at ?? '2000-01-01T00:00:00.000Z';

const rowOf = (version: WorkerVersion): Row => ({
  ...Object.fromEntries(
    Object.entries(COLUMNS).flatMap(([name, column]) => {
      const value = column(version.facts, version);
      return value === undefined ? [] : [[name, value]];
    }),
  ),
  ...version.row,
});

/** What of a record the report shows: the version in force, and those that stand for later dates. */
const shown = (hr: HrSystem, id: string, today: string): WorkerVersion[] => {
  const standing = hr.standing(id);
  const inForce = standing.findLast(({ effectiveFrom }) => effectiveFrom <= today);
  return standing.filter((version) => version === inForce || version.effectiveFrom > today);
};

/** All rows, in the order of the report: by record, or in a seeded random order. `updatedSince`: only rows written at that instant or later. */
export function reportRows(hr: HrSystem, options: { updatedSince: string; shuffle: number | undefined }): PlacedRow[] {
  const today = hr.kit.clock.iso().slice(0, 10);
  const since = Date.parse(options.updatedSince);
  const rows: PlacedRow[] = [];
  for (const newest of hr.workers.values()) {
    const id = recordId(newest.facts);
    for (const version of shown(hr, id, today)) {
      if (Date.parse(modifiedAt(version)) < since) continue;
      const name = `${id}/${version.effectiveFrom}`;
      const order = options.shuffle === undefined ? '' : hash(`${options.shuffle}/${name}`).toString(16).padStart(8, '0');
      rows.push({ place: `${order}/${name}`, row: rowOf(version) });
    }
  }
  return rows.sort((a, b) => (a.place < b.place ? -1 : 1));
}

const cell = (value: unknown): string => {
  const text = typeof value === 'object' ? apps(value) : String((value as string | number | boolean | undefined) ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

const apps = (value: object | null): string =>
  value === null
    ? ''
    : Array.isArray(value)
      ? (value as { app: string; until?: string; assignedBy?: string }[])
          .map(({ app, until = '', assignedBy = '' }) => `${app}|${until}|${assignedBy}`)
          .join(';')
      : JSON.stringify(value);

/** RFC 4180: a line of column names, then one for each row; lines end with CR LF. */
export const csvOf = (rows: readonly Row[]): string => {
  const names = Object.keys(COLUMNS);
  return [names, ...rows.map((row) => names.map((name) => row[name]))].map((line) => `${line.map(cell).join(',')}\r\n`).join('');
};
