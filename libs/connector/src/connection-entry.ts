import type { ConnectionConfig, EntraConfig, HooksConfig, HrConfig, OktaConfig } from './connection-config.ts';
import { readChangeLimits } from './change-limits.ts';
import type { Problems } from './config-problems.ts';
import { kindDefaults } from './documented-limits.ts';
import type { ConnectionKind, KindDefaults } from './documented-limits.ts';
import { readBudget, readDuration } from './connection-limits.ts';
import { readReport } from './report-entry.ts';
import { Secret } from './secret.ts';

/** What a connection file may reach for. `readFile` throws when there is nothing to read. */
export interface SecretSources {
  env: Readonly<Record<string, string | undefined>>;
  /** Reads a text file; a relative path is relative to the connection file. */
  readFile(path: string): string;
}

type Path = readonly (string | number)[];
type Entry = Readonly<Record<string, unknown>>;

/** One entry of the file, with its path and where problems go. */
interface Reading {
  entry: Entry;
  path: Path;
  problems: Problems;
  sources: SecretSources;
}

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
const COMMON = [
  'name',
  'kind',
  'url',
  'credential',
  'state',
  'authoritative',
  'matchKey',
  'attributes',
  'domain',
  'writes',
  'settle',
  'intervals',
  'timeout',
  'budget',
  'limits',
];
const KEYS: Record<ConnectionKind, readonly string[]> = {
  okta: [...COMMON, 'hooks'],
  entra: [...COMMON, 'tenant', 'loginUrl', 'hooks'],
  hr: [...COMMON, 'report'],
};

const isEntry = (value: unknown): value is Entry => typeof value === 'object' && value !== null && !Array.isArray(value);

const refuseUnknown = ({ entry, path, problems }: Reading, known: readonly string[]): void => {
  for (const key of Object.keys(entry)) {
    if (!known.includes(key)) problems.add([...path, key], 'unknown key', `Known here: ${known.join(', ')}.`);
  }
};

const text = ({ entry, path, problems }: Reading, key: string, remedy: string, fallback?: string): string => {
  const value = entry[key] ?? fallback;
  if (typeof value === 'string' && value !== '' && value.length <= 2048) return value;
  problems.add([...path, key], value === undefined ? 'missing' : 'not a text of 1 to 2048 characters', remedy);
  return '';
};

const oneOf = <T extends string>({ entry, path, problems }: Reading, key: string, allowed: readonly T[], fallback?: T): T | undefined => {
  const value = entry[key] ?? fallback;
  const found = allowed.find((one) => one === value);
  if (!found) problems.add([...path, key], value === undefined ? 'missing' : 'not a known word', `Use one of: ${allowed.join(', ')}.`);
  return found;
};

const LOCAL = new Set(['localhost', '127.0.0.1', '[::1]']);

const address = (reading: Reading, key: string, plainHttpAtHome: boolean, fallback?: string): string => {
  const given = text(reading, key, 'Give the address of the system, such as https://example.com.', fallback);
  if (given === '') return '';
  const url = URL.canParse(given) ? new URL(given) : undefined;
  const fail = (message: string, remedy: string): string => {
    reading.problems.add([...reading.path, key], message, remedy);
    return '';
  };
  if (!url) return fail('not an address', 'Write it whole, with https://.');
  if (url.username !== '' || url.password !== '')
    return fail('an address must not hold a credential', 'Put it under credential, as env:NAME or file:PATH.');
  const allowed = url.protocol === 'https:' || (plainHttpAtHome && url.protocol === 'http:' && LOCAL.has(url.hostname));
  if (!allowed) return fail('not an https address', 'Use https: this connection carries credentials and personal data.');
  return given.replace(/\/+$/, '');
};

const SECRET_REMEDY = 'Write env:NAME or file:PATH; the secret itself never stands in this file.';
const REFERENCE = /^(env|file):(.+)$/s;

const readSecret = (scheme: string, name: string, sources: SecretSources): { value: string | undefined; where: string; remedy: string } =>
  scheme === 'env'
    ? { value: sources.env[name], where: `the environment variable ${name}`, remedy: 'Set it before the start.' }
    : { value: fileText(sources, name), where: `the file ${name}`, remedy: 'Create it, readable by this user only.' };

const secret = (reading: Reading, key: string): Secret | undefined => {
  const at = [...reading.path, key];
  const reference = reading.entry[key];
  const [, scheme, name] = typeof reference === 'string' ? (REFERENCE.exec(reference) ?? []) : [];
  if (!scheme || !name) {
    reading.problems.add(at, reference === undefined ? 'missing' : 'not a reference to a secret', SECRET_REMEDY);
    return undefined;
  }
  const { value, where, remedy } = readSecret(scheme, name, reading.sources);
  if (value === undefined || value.trim() === '') {
    reading.problems.add(at, `${where} is missing, empty or not readable`, remedy);
    return undefined;
  }
  return new Secret(value.trim());
};

const fileText = (sources: SecretSources, path: string): string | undefined => {
  try {
    return sources.readFile(path);
  } catch {
    return undefined;
  }
};

/** The part of an entry below a key; an empty one, with the problem noted, where there is none. */
const below = (reading: Reading, key: string, remedy: string): Reading => {
  const value = reading.entry[key];
  if (!isEntry(value)) reading.problems.add([...reading.path, key], value === undefined ? 'missing' : 'not a list of keys', remedy);
  return { ...reading, entry: isEntry(value) ? value : {}, path: [...reading.path, key] };
};

const unusedSecret = new Secret('');

const oktaCredential = (reading: Reading): OktaConfig['credential'] => {
  const credential = below(reading, 'credential', 'Give clientId and privateKey, or token.');
  if ('token' in credential.entry) {
    refuseUnknown(credential, ['token']);
    return { token: secret(credential, 'token') ?? unusedSecret };
  }
  refuseUnknown(credential, ['clientId', 'privateKey', 'keyId']);
  const clientId = text(credential, 'clientId', 'Give the client id of the service app.');
  const privateKey = secret(credential, 'privateKey') ?? unusedSecret;
  const keyId = 'keyId' in credential.entry ? text(credential, 'keyId', 'Give the id of the key.') : undefined;
  return { clientId, privateKey, ...(keyId === undefined ? {} : { keyId }) };
};

const entraCredential = (reading: Reading): EntraConfig['credential'] => {
  const credential = below(reading, 'credential', 'Give clientId and clientSecret.');
  refuseUnknown(credential, ['clientId', 'clientSecret']);
  return {
    clientId: text(credential, 'clientId', 'Give the application (client) id.'),
    clientSecret: secret(credential, 'clientSecret') ?? unusedSecret,
  };
};

const hrPlace = (reading: Reading): Pick<HrConfig, 'url' | 'credential' | 'report'> => {
  const { entry, path, problems } = reading;
  const pulled = 'report' in entry;
  return {
    ...('url' in entry || pulled ? { url: address(reading, 'url', true) } : {}),
    ...(pulled ? { report: readReport(entry['report'], [...path, 'report'], problems) } : {}),
    ...hrCredential(reading, pulled),
  };
};

const hrCredential = (reading: Reading, needed: boolean): Pick<HrConfig, 'credential'> => {
  if (!('credential' in reading.entry) && !needed) return {};
  const credential = below(reading, 'credential', 'Give token.');
  refuseUnknown(credential, ['token']);
  return { credential: { token: secret(credential, 'token') ?? unusedSecret } };
};

const DOMAIN = /^(?=.{1,253}$)[a-z0-9-]+(\.[a-z0-9-]+)+$/;

/** What stands behind the @ of logins. A connection that is only observed needs none. */
const readDomain = (reading: Reading): { domain?: string } => {
  if (!('domain' in reading.entry)) return {};
  const domain = text(reading, 'domain', 'Give the domain of logins, such as example.com.');
  if (domain !== '' && !DOMAIN.test(domain))
    reading.problems.add([...reading.path, 'domain'], 'not a domain', 'Write it in lower case, such as example.com.');
  return { domain };
};

const readNames = ({ entry, path, problems }: Reading, key: string, standard: readonly string[]): string[] => {
  const given = entry[key] ?? standard;
  const valid =
    Array.isArray(given) && given.length <= 200 && given.every((name) => typeof name === 'string' && /^[\w.-]{1,256}$/.test(name));
  if (!valid) problems.add([...path, key], 'not a list of attribute names', 'List at most 200 names as the system writes them.');
  return valid ? (given as string[]) : [];
};

const readCommon = (reading: Reading, defaults: KindDefaults, timeFactor: number) => {
  const { entry, path, problems } = reading;
  const matchKey = text(reading, 'matchKey', 'Name the attribute that carries the correlation key.', defaults.matchKey);
  const intervals =
    'intervals' in entry ? below(reading, 'intervals', 'Give incremental and full, such as 10s and 24h.') : { ...reading, entry: {} };
  refuseUnknown(intervals, 'intervals' in entry ? ['incremental', 'full'] : []);
  const authoritative = entry['authoritative'] ?? false;
  if (typeof authoritative !== 'boolean') problems.add([...path, 'authoritative'], 'neither true nor false', 'Write true or false.');
  return {
    state: oneOf(reading, 'state', ['observe', 'live'], 'observe') ?? 'observe',
    authoritative: authoritative === true,
    matchKey,
    attributes: [...new Set([defaults.login, matchKey, ...readNames(reading, 'attributes', defaults.attributes)])],
    writes: readNames(reading, 'writes', []),
    ...readDomain(reading),
    settleMs: readDuration(entry, 'settle', defaults.settleMs, reading) / timeFactor,
    incrementalMs: readDuration(intervals.entry, 'incremental', defaults.incrementalMs, intervals) / timeFactor,
    fullMs: readDuration(intervals.entry, 'full', defaults.fullMs, intervals) / timeFactor,
    timeoutMs: readDuration(entry, 'timeout', defaults.timeoutMs, reading),
    budget: readBudget(entry['budget'], [...path, 'budget'], problems, { defaults, timeFactor }),
    limits: readChangeLimits(entry['limits'], [...path, 'limits'], { problems, timeFactor }),
  };
};

const LEAST_SECRET = 24;

const hookSecret = (hooks: Reading, key: string): Secret | undefined => {
  const given = secret(hooks, key);
  if (given && given.reveal().length < LEAST_SECRET)
    hooks.problems.add(
      [...hooks.path, key],
      `a secret of less than ${LEAST_SECRET} characters`,
      'Make a long random one: it is all that tells a vendor from others.',
    );
  return given;
};

/** Hooks are registered by us where we write anyway; a connection that only observes leaves that to a person, unless its file says otherwise. */
const readHooks = (reading: Reading, state: ConnectionConfig['state']): { hooks?: HooksConfig } => {
  if (!('hooks' in reading.entry)) return {};
  const hooks = below(reading, 'hooks', 'Give url and secret.');
  refuseUnknown(hooks, ['url', 'secret', 'previousSecret', 'register']);
  const register = hooks.entry['register'] ?? state === 'live';
  if (typeof register !== 'boolean') hooks.problems.add([...hooks.path, 'register'], 'neither true nor false', 'Write true or false.');
  const previousSecret = 'previousSecret' in hooks.entry ? hookSecret(hooks, 'previousSecret') : undefined;
  return {
    hooks: {
      url: address(hooks, 'url', true),
      secret: hookSecret(hooks, 'secret') ?? unusedSecret,
      ...(previousSecret ? { previousSecret } : {}),
      register: register === true,
    },
  };
};

const entraPlace = (reading: Reading) => ({
  url: address(reading, 'url', false, 'https://graph.microsoft.com'),
  loginUrl: address(reading, 'loginUrl', false, 'https://login.microsoftonline.com'),
  tenant: text(reading, 'tenant', 'Give the tenant id or a verified domain of it.'),
});

/** Reads one entry; what is wrong goes to `problems`, and the result must not be used if there are any. */
export const readConnection = (
  value: unknown,
  path: Path,
  problems: Problems,
  options: SecretSources & { timeFactor?: number },
): ConnectionConfig | undefined => {
  if (!isEntry(value)) {
    problems.add(path, 'not a connection', 'Write "- name: ..." with the keys of a connection below it.');
    return undefined;
  }
  const reading: Reading = { entry: value, path, problems, sources: options };
  const name = text(reading, 'name', 'Name it with lower-case letters, digits and hyphens.');
  if (name !== '' && !NAME.test(name))
    problems.add([...path, 'name'], 'not a name', 'Use at most 63 lower-case letters, digits and hyphens, no hyphen first.');
  const kind = oneOf<ConnectionKind>(reading, 'kind', ['okta', 'entra', 'hr']);
  if (!kind) return undefined;
  refuseUnknown(reading, KEYS[kind]);
  const common = { name, ...readCommon(reading, kindDefaults[kind], options.timeFactor ?? 1) };
  switch (kind) {
    case 'okta':
      return {
        ...common,
        kind,
        url: address(reading, 'url', true),
        ...readHooks(reading, common.state),
        credential: oktaCredential(reading),
      };
    case 'entra':
      return { ...common, kind, ...entraPlace(reading), ...readHooks(reading, common.state), credential: entraCredential(reading) };
    case 'hr':
      return { ...common, kind, ...hrPlace(reading) };
  }
};
