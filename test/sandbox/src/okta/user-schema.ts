import { invalid, isRecord, malformed } from './errors.ts';
import type { Profile } from './records.ts';

interface Attribute {
  title: string;
  type: 'string' | 'boolean' | 'integer' | 'number' | 'array';
  required?: boolean;
  minLength?: number;
  maxLength?: number;
  format?: string;
  enum?: unknown[];
  mutability: 'READ_WRITE' | 'READ_ONLY';
  scope: 'NONE';
}

const text = (title: string, more: Partial<Attribute> = {}): Attribute => ({
  title,
  type: 'string',
  mutability: 'READ_WRITE',
  scope: 'NONE',
  ...more,
});

/** Okta's default user profile. */
export const BASE_ATTRIBUTES: Readonly<Record<string, Attribute>> = {
  login: text('Username', { required: true, minLength: 5, maxLength: 100 }),
  firstName: text('First name', { required: true, minLength: 1, maxLength: 50 }),
  lastName: text('Last name', { required: true, minLength: 1, maxLength: 50 }),
  middleName: text('Middle name'),
  honorificPrefix: text('Honorific prefix'),
  honorificSuffix: text('Honorific suffix'),
  email: text('Primary email', { required: true, minLength: 5, maxLength: 100, format: 'email' }),
  title: text('Title'),
  displayName: text('Display name'),
  nickName: text('Nickname'),
  profileUrl: text('Profile Url', { format: 'uri' }),
  secondEmail: text('Secondary email', { minLength: 5, maxLength: 100, format: 'email' }),
  mobilePhone: text('Mobile phone', { maxLength: 100 }),
  primaryPhone: text('Primary phone', { maxLength: 100 }),
  streetAddress: text('Street address'),
  city: text('City'),
  state: text('State'),
  zipCode: text('Zip code'),
  countryCode: text('Country code', { format: 'country-code' }),
  postalAddress: text('Postal Address'),
  preferredLanguage: text('Preferred language', { format: 'language-code' }),
  locale: text('Locale', { format: 'locale' }),
  timezone: text('Time zone', { format: 'timezone' }),
  userType: text('User type'),
  employeeNumber: text('Employee number'),
  costCenter: text('Cost center'),
  organization: text('Organization'),
  division: text('Division'),
  department: text('Department'),
  managerId: text('ManagerId'),
  manager: text('Manager'),
};

/** Shown by Okta even when empty. */
const ALWAYS_SHOWN = ['mobilePhone', 'secondEmail'];

const FORMATS: Readonly<Record<string, RegExp>> = {
  email: /^[^\s@]+@[^\s@]+\.[^\s@]+$/,
  'country-code': /^[A-Z]{2}$/,
  'language-code': /^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*$/,
  locale: /^[a-z]{2,3}([_-][A-Za-z0-9]{2,8})*$/,
  timezone: /^[A-Za-z_]+(\/[A-Za-z0-9_+-]+)*$/,
  uri: /^https?:\/\/\S+$/,
};

/** The org's user schema: the base attributes and what an admin added. */
export class UserSchema {
  #custom: Record<string, Attribute>;

  constructor(custom: Record<string, Attribute> = {}) {
    this.#custom = { ...custom };
  }

  get custom(): Readonly<Record<string, Attribute>> {
    return this.#custom;
  }

  addCustom(properties: Record<string, unknown>): void {
    for (const [name, definition] of Object.entries(properties)) {
      if (definition === null) delete this.#custom[name];
      else if (isRecord(definition)) this.#custom[name] = { ...text(name), ...(definition as Partial<Attribute>) };
    }
  }

  /** The profile after a create or a full replacement. Throws E0000001 with a cause for each bad field. */
  replacement(given: unknown, what: string): Profile {
    const profile = this.#cleared({}, this.#record(given));
    const causes = [...this.#missing(profile), ...this.#faults(this.#record(given))];
    if (causes.length > 0) throw invalid(firstField(causes) ?? what, ...causes);
    return profile;
  }

  /** The profile after a partial update: a missing field stays, null clears. */
  update(before: Profile, given: unknown, what: string): Profile {
    const changes = this.#record(given);
    const profile = this.#cleared(before, changes);
    const causes = [...this.#missing(profile), ...this.#faults(changes)];
    if (causes.length > 0) throw invalid(firstField(causes) ?? what, ...causes);
    return profile;
  }

  /** As answers show it. */
  shown(profile: Profile): Profile {
    return { ...Object.fromEntries(ALWAYS_SHOWN.map((name) => [name, null])), ...profile };
  }

  /** GET /api/v1/meta/schemas/user/default */
  document(origin: string): object {
    const subschema = (id: string, properties: Readonly<Record<string, Attribute>>): object => ({
      id,
      type: 'object',
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, { required, ...definition }]) => [
          name,
          { ...definition, ...(required ? { required } : {}) },
        ]),
      ),
      required: Object.entries(properties).flatMap(([name, { required }]) => (required ? [name] : [])),
    });
    return {
      id: `${origin}/meta/schemas/user/default`,
      $schema: 'http://json-schema.org/draft-04/schema#',
      name: 'user',
      title: 'User',
      description: 'Okta user profile template with default permission settings',
      lastUpdated: '2025-01-01T00:00:00.000Z',
      created: '2025-01-01T00:00:00.000Z',
      definitions: { base: subschema('#base', BASE_ATTRIBUTES), custom: subschema('#custom', this.#custom) },
      type: 'object',
      properties: { profile: { allOf: [{ $ref: '#/definitions/custom' }, { $ref: '#/definitions/base' }] } },
      _links: {
        self: { rel: 'self', href: `${origin}/api/v1/meta/schemas/user/default`, method: 'GET' },
        type: { rel: 'type', href: `${origin}/api/v1/meta/types/user/otyfnly5cQjJT9PnR0g4`, method: 'GET' },
      },
    };
  }

  #record(given: unknown): Profile {
    if (!isRecord(given)) throw malformed();
    return given;
  }

  #cleared(before: Profile, changes: Profile): Profile {
    const merged: Record<string, unknown> = { ...before };
    for (const [name, value] of Object.entries(changes)) {
      if (value === null || value === undefined) delete merged[name];
      else merged[name] = value;
    }
    return merged;
  }

  #missing(profile: Profile): string[] {
    const all = { ...BASE_ATTRIBUTES, ...this.#custom };
    return Object.entries(all).flatMap(([name, { required }]) =>
      required && (profile[name] === undefined || profile[name] === '') ? [`${name}: The field cannot be left blank`] : [],
    );
  }

  #faults(changes: Profile): string[] {
    return Object.entries(changes).flatMap(([name, value]) => {
      if (value === null || value === undefined || value === '') return [];
      const attribute = BASE_ATTRIBUTES[name] ?? this.#custom[name];
      if (!attribute) return [`Property name '${name}' is not defined in profile`];
      const fault = faultOf(name, value, attribute);
      return fault === undefined ? [] : [fault];
    });
  }
}

function faultOf(name: string, value: unknown, attribute: Attribute): string | undefined {
  const kind = Array.isArray(value) ? 'array' : typeof value;
  const expected = attribute.type === 'integer' ? 'number' : attribute.type;
  if (kind !== expected) return `${name}: Property type is ${attribute.type} but a value of type ${kind} was given`;
  if (typeof value !== 'string') return undefined;
  if (name === 'login' && !FORMATS['email']?.test(value)) return 'login: Username must be in the form of an email address';
  return textFault(name, value, attribute);
}

function textFault(name: string, value: string, { minLength = 0, maxLength = 1024, format, enum: allowed }: Attribute): string | undefined {
  if (value.length < minLength || value.length > maxLength)
    return `${name}: String is outside of the permitted length of ${minLength} to ${maxLength}`;
  if (format && FORMATS[format] && !FORMATS[format].test(value)) return `${name}: Does not match the required format ${format}`;
  if (allowed && !allowed.includes(value)) return `${name}: Value must be one of ${allowed.join(', ')}`;
  return undefined;
}

const firstField = (causes: readonly string[]): string | undefined => /^(\w+): /.exec(causes[0] ?? '')?.[1];
