import type { Rate } from './ledger.ts';

const MINUTE = 60_000;
const perMinute = (limit: number): Rate => ({ limit, perMs: MINUTE });

/** What a kind of connection is given unless its file says otherwise. */
export interface KindDefaults {
  buckets: Readonly<Record<string, Rate>>;
  share: number;
  concurrency: number;
  settleMs: number;
  incrementalMs: number;
  fullMs: number;
  timeoutMs: number;
  matchKey: string;
  login: string;
  attributes: readonly string[];
}

const DAY = 24 * 60 * MINUTE;

/**
 * The last limits that Okta published for a workforce org (other plans have less; the dashboard of an org shows its own) and its default share of
 * half a bucket per OAuth app. `users`, `groups`: list and create; `userRead`, `userWrite`, `group`, `app`: one object by itself; `apps`: the list
 * and everything below an app, assignments above all; `other`: everything below a user or group, and the rest.
 */
const okta: KindDefaults = {
  buckets: {
    users: perMinute(600),
    userRead: perMinute(2000),
    userWrite: perMinute(600),
    groups: perMinute(500),
    group: perMinute(1000),
    apps: perMinute(100),
    app: perMinute(500),
    logs: perMinute(120),
    devices: perMinute(100),
    other: perMinute(1200),
  },
  share: 0.5,
  concurrency: 37,
  settleMs: 30_000,
  incrementalMs: 10_000,
  fullMs: DAY,
  timeoutMs: 30_000,
  matchKey: 'employeeNumber',
  login: 'login',
  attributes: [
    'login',
    'email',
    'employeeNumber',
    'firstName',
    'lastName',
    'displayName',
    'title',
    'department',
    'division',
    'organization',
    'costCenter',
    'managerId',
    'manager',
    'mobilePhone',
    'primaryPhone',
    'streetAddress',
    'city',
    'state',
    'zipCode',
    'countryCode',
    'preferredLanguage',
    'locale',
    'timezone',
    'userType',
  ],
};

/**
 * Microsoft's throttling limits of the identity service for one app in one tenant: resource units (the smallest tenant size), writes, and the
 * reports of the audit log.
 */
const entra: KindDefaults = {
  buckets: {
    units: { limit: 3500, perMs: 10_000 },
    writes: { limit: 3000, perMs: 150_000 },
    audit: { limit: 5, perMs: 10_000 },
  },
  share: 1,
  concurrency: 64,
  settleMs: 120_000,
  incrementalMs: 30_000,
  fullMs: DAY,
  timeoutMs: 30_000,
  matchKey: 'employeeId',
  login: 'userPrincipalName',
  attributes: [
    'userPrincipalName',
    'mailNickname',
    'employeeId',
    'mail',
    'givenName',
    'surname',
    'displayName',
    'jobTitle',
    'department',
    'employeeOrgData.division',
    'employeeOrgData.costCenter',
    'companyName',
    'mobilePhone',
    'businessPhones',
    'streetAddress',
    'city',
    'state',
    'postalCode',
    'country',
    'usageLocation',
    'preferredLanguage',
    'employeeType',
    'employeeHireDate',
  ],
};

const hr: KindDefaults = {
  buckets: { requests: perMinute(600) },
  share: 1,
  concurrency: 8,
  settleMs: 0,
  incrementalMs: 5 * MINUTE,
  fullMs: DAY,
  timeoutMs: 60_000,
  matchKey: 'externalId',
  login: 'userName',
  attributes: [],
};

/** Start values by kind of connection: a connection file changes any of them. */
export const kindDefaults = { okta, entra, hr } as const satisfies Record<string, KindDefaults>;

export type ConnectionKind = keyof typeof kindDefaults;
