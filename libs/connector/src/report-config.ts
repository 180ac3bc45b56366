/** What a row of a worker report may say, in the words of the field map. */
export const reportFields = [
  'externalId',
  'employmentId',
  'primary',
  'givenName',
  'familyName',
  'middleName',
  'displayName',
  'title',
  'email',
  'department',
  'division',
  'organization',
  'costCenter',
  'managerKey',
  'mobilePhone',
  'workPhone',
  'streetAddress',
  'locality',
  'region',
  'postalCode',
  'country',
  'preferredLanguage',
  'locale',
  'timeZone',
  'employmentType',
  'status',
  'hireDate',
  'leaveDate',
  'effectiveFrom',
  'recordVersion',
  'apps',
] as const;

export type ReportField = (typeof reportFields)[number];

/** Where a field stands in a row, and what the words there mean here. */
export interface FieldSource {
  /** A column, or in JSON a path such as `Address.City`. */
  from: string;
  /** The words of the report, each with ours; a word that is not among them is refused. */
  values?: Readonly<Record<string, string>>;
}

/** How a worker report is fetched and read. */
export interface ReportConfig {
  format: 'json' | 'csv';
  /** JSON: the path of the list of rows; empty: the document is the list. */
  rows: string;
  /** JSON: the path of the cursor of the next page; without it the Link header is asked. */
  next?: string;
  /** JSON: the path of the count of all rows; without it the header `x-total-count` is asked. */
  total?: string;
  /** CSV: what stands between cells. */
  separator: string;
  pageSize: number;
  /** Names of query parameters. */
  parameters: { pageSize: string; cursor: string };
  /** Without it every read is a full read. */
  watermark?: {
    /** When a row was last written, RFC 3339. It is also its version, if no field says that. */
    field: string;
    /** The query parameter for "written since". */
    parameter: string;
    /** How far each read reaches back behind the one before. */
    overlapMs: number;
  };
  fields: Readonly<Partial<Record<ReportField, FieldSource>>>;
}
