import type { Profile, Value } from '@muster/connector';

export type Wire = Readonly<Record<string, unknown>>;

export const isWire = (value: unknown): value is Wire => typeof value === 'object' && value !== null && !Array.isArray(value);

const valueOf = (value: unknown): Value => {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map(String);
  return null;
};

const at = (object: Wire, name: string): unknown => {
  const [first = '', second] = name.split('.', 2);
  const value = object[first];
  return second === undefined ? value : isWire(value) ? value[second] : undefined;
};

/** The attributes asked for, under dotted names where Graph nests them (`employeeOrgData.division`). What Graph does not show is null. */
export const flatten = (object: Wire, names: readonly string[]): Profile =>
  Object.fromEntries(names.map((name) => [name, valueOf(at(object, name))]));

/** Lists of Graph that are cleared by an empty list instead of null. */
const LISTS = new Set(['businessPhones', 'otherMails', 'imAddresses']);

/**
 * The body for a write of these attributes: dotted names become nested objects, of which Graph changes only the members named. A single text for a
 * list becomes a list of one; `null` empties it.
 */
export const nest = (values: Profile): Record<string, unknown> => {
  const body: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(values)) {
    const [first = '', second] = name.split('.', 2);
    if (second !== undefined) body[first] = { ...(isWire(body[first]) ? body[first] : {}), [second]: value };
    else if (LISTS.has(first)) body[first] = value === null ? [] : Array.isArray(value) ? value : [String(value)];
    else body[first] = value;
  }
  return body;
};

/** The properties to select for these attributes. */
export const selectOf = (names: readonly string[], more: readonly string[]): string =>
  [...new Set([...more, ...names.map((name) => name.split('.', 1)[0] ?? name)])].join(',');

/** A text for a `$filter`, quoted for OData and encoded for the URL: the SDK does neither. */
export const literal = (text: string): string => encodeURIComponent(`'${text.replaceAll("'", "''")}'`);
