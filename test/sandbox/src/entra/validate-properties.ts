import type { JsonObject } from './call.ts';
import { badRequest, invalidProperty, invalidValue, readOnly, textOf, type Json } from './errors.ts';
import { RESOURCE_NAMES, SCHEMAS, type Kind, type PropertySpec } from './schema.ts';

export type Properties = Record<string, Json>;

/** The body of a write as an object; throws Graph's 400 for anything else. */
export function objectBody(body: Json | undefined): JsonObject {
  if (body === undefined) throw new Error('a write without a body reached the directory');
  if (body === null || typeof body !== 'object' || Array.isArray(body)) throw emptyPayload();
  return body;
}

export const emptyPayload = () => badRequest('Empty Payload. JSON content expected.');

const isAnnotation = (name: string) => name.startsWith('@') || name.includes('@odata.');

/**
 * Checks every property of a create or an update against the schema: unknown names, read-only ones, types, lengths, empty texts
 * (which the directory refuses; null clears). Annotations are left out of the result.
 */
export function validateProperties(kind: Kind, body: JsonObject, mode: 'create' | 'update'): Properties {
  const valid: Properties = {};
  for (const [name, value] of Object.entries(body)) {
    if (isAnnotation(name) || value === undefined) continue;
    const spec = SCHEMAS[kind].get(name);
    if (!spec) throw invalidProperty(name);
    if (spec.write === 'never' || (spec.write === 'create' && mode === 'update')) throw readOnly(name);
    checkValue(kind, { name, value, spec });
    valid[name] = spec.type === 'dateTime' && value !== null ? inUtc(textOf(value)) : value;
  }
  return valid;
}

interface Given {
  name: string;
  value: Json;
  spec: PropertySpec;
}

function checkValue(kind: Kind, { name, value, spec }: Given): void {
  const wrong = () => invalidValue(name, RESOURCE_NAMES[kind]);
  if (value === null) {
    if (!spec.clears) throw wrong();
    return;
  }
  const { fits, edm } = TYPES[spec.type];
  if (!fits(value)) throw unconvertible(value, edm);
  const texts = Array.isArray(value) ? value : [value];
  if (texts.some((text) => text === '' || (typeof text === 'string' && text.length > (spec.longest ?? Infinity)))) throw wrong();
  if (spec.type === 'complex') checkComplex(name, value, spec);
}

const isDateTime = (value: Json) =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(value) && !Number.isNaN(Date.parse(value));

const TYPES: Record<PropertySpec['type'], { edm: string; fits: (value: Json) => boolean }> = {
  string: { edm: 'Edm.String', fits: (value) => typeof value === 'string' },
  boolean: { edm: 'Edm.Boolean', fits: (value) => typeof value === 'boolean' },
  integer: { edm: 'Edm.Int32', fits: (value) => Number.isInteger(value) },
  dateTime: { edm: 'Edm.DateTimeOffset', fits: isDateTime },
  strings: { edm: 'Collection(Edm.String)', fits: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string') },
  complexes: { edm: 'Collection', fits: Array.isArray },
  complex: { edm: 'a complex type', fits: (value) => typeof value === 'object' && value !== null && !Array.isArray(value) },
};

function checkComplex(name: string, value: Json, spec: PropertySpec): void {
  for (const member of Object.keys(value as object)) {
    if (!isAnnotation(member) && !spec.members?.includes(member)) throw badRequest(`Invalid property '${member}' in '${name}'.`);
  }
}

const inUtc = (value: string) => new Date(value).toISOString().replace(/\.000Z$/, 'Z');

const unconvertible = (value: Json, type: string) =>
  badRequest(`Cannot convert the literal '${textOf(value)}' to the expected type '${type}'.`);
