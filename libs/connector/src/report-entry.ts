import type { Problems } from './config-problems.ts';
import { readDuration } from './connection-limits.ts';
import { type FieldSource, type ReportConfig, type ReportField, reportFields } from './report-config.ts';

type Path = readonly (string | number)[];
type Entry = Readonly<Record<string, unknown>>;

interface Reading {
  entry: Entry;
  path: Path;
  problems: Problems;
}

const isEntry = (value: unknown): value is Entry => typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string' && value !== '' && value.length <= 256;

const KEYS = ['format', 'rows', 'next', 'total', 'separator', 'pageSize', 'parameters', 'watermark', 'fields'];
const NEEDED: readonly ReportField[] = ['externalId', 'givenName', 'familyName', 'hireDate', 'status'];
const OVERLAP_MS = 300_000;

const refuseUnknown = ({ entry, path, problems }: Reading, known: readonly string[]): void => {
  for (const key of Object.keys(entry))
    if (!known.includes(key)) problems.add([...path, key], 'unknown key', `Known here: ${known.join(', ')}.`);
};

const text = <F extends string | undefined>({ entry, path, problems }: Reading, key: string, fallback: F): string | F => {
  if (!(key in entry)) return fallback;
  const value = entry[key];
  if (isText(value)) return value;
  problems.add([...path, key], 'not a text of 1 to 256 characters', 'Write the name as the report has it.');
  return fallback;
};

const below = (reading: Reading, key: string, remedy: string): Reading => {
  const value = reading.entry[key];
  if (!isEntry(value)) reading.problems.add([...reading.path, key], value === undefined ? 'missing' : 'not a list of keys', remedy);
  return { ...reading, entry: isEntry(value) ? value : {}, path: [...reading.path, key] };
};

const optional = (reading: Reading, key: string, remedy: string): Reading =>
  key in reading.entry ? below(reading, key, remedy) : { ...reading, entry: {}, path: [...reading.path, key] };

const pageSizeOf = ({ entry, path, problems }: Reading): number => {
  const value = entry['pageSize'] ?? 200;
  if (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 10_000) return Number(value);
  problems.add([...path, 'pageSize'], 'not a number of rows', 'Write a whole number from 1 to 10000.');
  return 200;
};

const formatOf = ({ entry, path, problems }: Reading): ReportConfig['format'] => {
  const { format } = entry;
  if (format === 'json' || format === 'csv') return format;
  problems.add([...path, 'format'], format === undefined ? 'missing' : 'not a known word', 'Use one of: json, csv.');
  return 'json';
};

const separatorOf = (reading: Reading): string => {
  const separator = text(reading, 'separator', ',');
  if (separator.length === 1 && !/["\r\n]/.test(separator)) return separator;
  reading.problems.add([...reading.path, 'separator'], 'not a separator', 'Write one character, such as "," or ";".');
  return ',';
};

const watermarkOf = (reading: Reading): Pick<ReportConfig, 'watermark'> => {
  if (!('watermark' in reading.entry)) return {};
  const watermark = below(reading, 'watermark', 'Give field and parameter.');
  refuseUnknown(watermark, ['field', 'parameter', 'overlap']);
  const [field, parameter] = ['field', 'parameter'].map((key) => {
    if (!(key in watermark.entry)) watermark.problems.add([...watermark.path, key], 'missing', 'Write the name as the report has it.');
    return text(watermark, key, '');
  });
  const overlapMs = readDuration(watermark.entry, 'overlap', OVERLAP_MS, watermark);
  return { watermark: { field: field ?? '', parameter: parameter ?? '', overlapMs } };
};

const valuesOf = (reading: Reading): Pick<FieldSource, 'values'> => {
  if (!('values' in reading.entry)) return {};
  const { entry, path, problems } = below(reading, 'values', 'Write the words of the report, each with the word that it means here.');
  const values = Object.entries(entry).filter(([, word]) => isText(word)) as [string, string][];
  if (values.length < Object.keys(entry).length)
    problems.add(path, 'a word that is no text', 'Put words that look like numbers into quotes.');
  return { values: Object.fromEntries(values) };
};

const sourceOf = (reading: Reading, key: string): FieldSource | undefined => {
  const value = reading.entry[key];
  if (isText(value)) return { from: value };
  const source = below(reading, key, 'Write the column, or { from, values }.');
  refuseUnknown(source, ['from', 'values']);
  const from = text(source, 'from', '');
  if (isEntry(value) && !('from' in value))
    source.problems.add([...source.path, 'from'], 'missing', 'Write the column that it is read from.');
  return { from, ...valuesOf(source) };
};

const fieldsOf = (reading: Reading): ReportConfig['fields'] => {
  const fields = below(reading, 'fields', 'Say where each field stands, such as { externalId: Employee_ID }.');
  refuseUnknown(fields, reportFields);
  for (const needed of NEEDED)
    if (isEntry(reading.entry['fields']) && !(needed in fields.entry))
      fields.problems.add([...fields.path, needed], 'missing', 'Every worker needs it: say where it stands in the report.');
  const named = reportFields.filter((field) => field in fields.entry);
  return Object.fromEntries(named.map((field) => [field, sourceOf(fields, field)]));
};

/** Reads `report` of an HR connection; what is wrong goes to `problems`, and the result must not be used if there are any. */
export const readReport = (value: unknown, path: Path, problems: Problems): ReportConfig => {
  const reading: Reading = { entry: isEntry(value) ? value : {}, path, problems };
  if (!isEntry(value)) problems.add(path, 'not a list of keys', 'Give format and fields at least.');
  refuseUnknown(reading, KEYS);
  const [next, total] = [text(reading, 'next', undefined), text(reading, 'total', undefined)];
  const parameters = optional(reading, 'parameters', 'Give pageSize and cursor: the names of the query parameters.');
  refuseUnknown(parameters, ['pageSize', 'cursor']);
  const report: ReportConfig = {
    format: formatOf(reading),
    rows: text(reading, 'rows', ''),
    ...(next === undefined ? {} : { next }),
    ...(total === undefined ? {} : { total }),
    separator: separatorOf(reading),
    pageSize: pageSizeOf(reading),
    parameters: { pageSize: text(parameters, 'pageSize', 'limit'), cursor: text(parameters, 'cursor', 'cursor') },
    ...watermarkOf(reading),
    fields: fieldsOf(reading),
  };
  if (report.fields.effectiveFrom && !report.fields.recordVersion && !report.watermark)
    problems.add([...path, 'fields', 'effectiveFrom'], 'rows of several dates need a version', 'Map recordVersion, or give a watermark.');
  return report;
};
