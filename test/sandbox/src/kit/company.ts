import { COLLEGES, DEPARTMENTS, FAMILY_NAMES, GIVEN_NAMES, SITES, type Department, type Name, type Site } from './company-names.ts';
import { seeded } from './random.ts';

export interface CompanyOptions {
  /** Default 200. */
  workers?: number;
  /** Default 30. */
  groups?: number;
  /** Groups of these names and without members, instead of drawn ones. */
  groupNames?: readonly string[];
  /** Default 8. */
  apps?: number;
  seed?: number;
  /** Mail and login domain. */
  domain?: string;
}

export interface CompanyWorker {
  /** Employee number. */
  key: string;
  givenName: string;
  familyName: string;
  displayName: string;
  /** Login and work mail: given.family, plain ASCII, numbered where two people share a name. */
  login: string;
  title: string;
  department: string;
  division: string;
  organization: string;
  costCenter: string;
  /** Employee number of the manager; only the head of the company has none. */
  managerKey?: string;
  mobilePhone: string;
  workPhone: string;
  address: { streetAddress: string; locality: string; region?: string; postalCode: string; country: string };
  preferredLanguage: string;
  locale: string;
  timeZone: string;
  employmentType: 'employee' | 'contractor' | 'intern';
  /** Local date. */
  hireDate: string;
  leaveDate?: string;
}

export interface CompanyGroup {
  name: string;
  description: string;
  /** Employee numbers. */
  members: string[];
}

export interface CompanyApp {
  name: string;
  label: string;
  /** Names of the groups that the app is given to. */
  groups: string[];
}

/** A whole company as plain data; equal options give equal companies. */
export interface Company {
  name: string;
  domain: string;
  workers: CompanyWorker[];
  groups: CompanyGroup[];
  apps: CompanyApp[];
}

const ORGANIZATION = 'Kestrel & Lindqvist';
const DAY = 24 * 3600 * 1000;
const FIRST_KEY = 100_001;

/** Draws a company: managers form a tree, some names are not ASCII, some people share a full name. */
export function drawCompany(options: CompanyOptions = {}): Company {
  const random = seeded(options.seed ?? 1);
  const domain = options.domain ?? 'kestrel.example';
  const taken = new Map<string, number>();
  const workers: CompanyWorker[] = [];
  for (let at = 0; at < (options.workers ?? 200); at++) workers.push(drawWorker({ at, workers, random, domain, taken }));
  const groups =
    options.groupNames?.map((name) => ({ name, description: 'Named by whoever asked', members: [] })) ??
    drawGroups(workers, options.groups ?? 30, random);
  return { name: ORGANIZATION, domain, workers, groups, apps: drawApps(groups, options.apps ?? 8) };
}

interface Draft {
  at: number;
  workers: readonly CompanyWorker[];
  random: () => number;
  domain: string;
  taken: Map<string, number>;
}

const pick = <T>(items: readonly T[], random: () => number): T => items[Math.floor(random() * items.length)] as T;

function drawWorker(draft: Draft): CompanyWorker {
  const { at, workers, random } = draft;
  const department: Department = at === 0 ? (DEPARTMENTS[0] as Department) : pick(DEPARTMENTS, random);
  const manager = managerOf(at, workers, random);
  return {
    key: `E${FIRST_KEY + at}`,
    ...drawName(draft),
    title: at === 0 ? 'Chief Executive Officer' : pick(department.titles, random),
    department: department.name,
    division: department.division,
    organization: ORGANIZATION,
    costCenter: department.costCenter,
    ...(manager ? { managerKey: manager.key } : {}),
    ...contact(pick(SITES, random), random),
    employmentType: random() < 0.85 ? 'employee' : random() < 0.7 ? 'contractor' : 'intern',
    hireDate: new Date(Date.UTC(2012, 0, 2) + Math.floor(random() * 5300) * DAY).toISOString().slice(0, 10),
  };
}

/** Every fortieth person has the name of somebody before. */
function drawName({
  at,
  workers,
  random,
  domain,
  taken,
}: Draft): Pick<CompanyWorker, 'givenName' | 'familyName' | 'displayName' | 'login'> {
  const given: Name = pick(GIVEN_NAMES, random);
  const family: Name = pick(FAMILY_NAMES, random);
  const twin = at > 0 && at % 40 === 0 ? workers[at - 7] : undefined;
  const { givenName, familyName } = twin ?? { givenName: given.name, familyName: family.name };
  const base = twin ? (twin.login.split('@')[0] as string).replace(/\d+$/, '') : loginBase(given, family);
  const count = (taken.get(base) ?? 0) + 1;
  taken.set(base, count);
  return { givenName, familyName, displayName: `${givenName} ${familyName}`, login: `${base}${count > 1 ? count : ''}@${domain}` };
}

const loginBase = (given: Name, family: Name): string => `${given.ascii}.${family.ascii}`.toLowerCase().replaceAll(/[^a-z0-9.-]/g, '');

/** The head leads the first ten, who lead everybody else in a tree that is about as wide at each step. */
function managerOf(at: number, workers: readonly CompanyWorker[], random: () => number): CompanyWorker | undefined {
  if (at === 0) return undefined;
  if (at <= 10) return workers[0];
  return workers[1 + Math.floor(random() * Math.min(at - 1, Math.max(10, Math.floor(at / 6))))];
}

function contact(
  site: Site,
  random: () => number,
): Pick<CompanyWorker, 'mobilePhone' | 'workPhone' | 'address' | 'preferredLanguage' | 'locale' | 'timeZone'> {
  const digits = (count: number): string => Array.from({ length: count }, () => Math.floor(random() * 10)).join('');
  return {
    mobilePhone: `${site.mobile} ${digits(7)}`,
    workPhone: `${site.phone} ${digits(4)}`,
    address: {
      streetAddress: `${1 + Math.floor(random() * 180)} ${site.street}`,
      locality: site.city,
      ...(site.region === undefined ? {} : { region: site.region }),
      postalCode: site.postalCode,
      country: site.country,
    },
    preferredLanguage: site.language,
    locale: site.locale,
    timeZone: site.timeZone,
  };
}

function drawGroups(workers: readonly CompanyWorker[], count: number, random: () => number): CompanyGroup[] {
  const groups: CompanyGroup[] = [
    { name: 'All staff', description: 'Everybody with an employment', members: workers.map((worker) => worker.key) },
  ];
  for (const { name } of DEPARTMENTS) {
    groups.push({
      name: `Department ${name}`,
      description: `People of ${name}`,
      members: workers.filter((worker) => worker.department === name).map((worker) => worker.key),
    });
  }
  for (let at = 0; groups.length < count; at++) {
    const share = 0.03 + random() * 0.2;
    const name = COLLEGES[at % COLLEGES.length] as string;
    const suffix = at < COLLEGES.length ? '' : ` ${Math.floor(at / COLLEGES.length) + 1}`;
    groups.push({
      name: `${name}${suffix}`,
      description: `Drawn at random`,
      members: workers.filter(() => random() < share).map((worker) => worker.key),
    });
  }
  return groups.slice(0, count);
}

const APPS = ['Salesforce', 'Jira', 'Slack', 'Zoom', 'Workday', 'GitHub', 'Figma', 'Expensify', 'Miro', 'Tableau', 'DocuSign', 'Datadog'];

function drawApps(groups: readonly CompanyGroup[], count: number): CompanyApp[] {
  return Array.from({ length: count }, (_, at) => {
    const label = `${APPS[at % APPS.length]}${at < APPS.length ? '' : ` ${Math.floor(at / APPS.length) + 1}`}`;
    const first = groups[at % Math.max(1, groups.length)];
    const second = groups[(at * 3 + 1) % Math.max(1, groups.length)];
    return {
      name: label.toLowerCase().replaceAll(' ', '_'),
      label,
      groups: [...new Set([first?.name, second?.name])].filter((name) => name !== undefined),
    };
  });
}
