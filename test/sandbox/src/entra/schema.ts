/** The kinds of directory object that the tenant holds. */
export type Kind = 'user' | 'group' | 'servicePrincipal';

/** What Graph knows about one property: its type, who may write it, how it may be filtered. */
export interface PropertySpec {
  type: 'string' | 'boolean' | 'dateTime' | 'strings' | 'complex' | 'complexes' | 'integer';
  /** `create`: only in the POST; `never`: read-only. */
  write: 'always' | 'create' | 'never';
  /** Longest text in characters. */
  longest?: number;
  filter?: boolean;
  /** Returned when nothing is selected. */
  shown?: boolean;
  /** Never returned. */
  secret?: boolean;
  /** The names inside a complex property. */
  members?: readonly string[];
  /** May be set to null. */
  clears?: boolean;
}

export type Schema = ReadonlyMap<string, PropertySpec>;

const text = (longest: number, extra: Partial<PropertySpec> = {}): PropertySpec => ({
  type: 'string',
  write: 'always',
  clears: true,
  filter: true,
  longest,
  ...extra,
});
const READ_ONLY = { write: 'never' } as const;
const SHOWN = { shown: true } as const;
const flag = (extra: Partial<PropertySpec> = {}): PropertySpec => ({ type: 'boolean', write: 'always', filter: true, ...extra });
const date = (extra: Partial<PropertySpec> = {}): PropertySpec => ({
  type: 'dateTime',
  write: 'always',
  clears: true,
  filter: true,
  ...extra,
});
const strings = (extra: Partial<PropertySpec> = {}): PropertySpec => ({ type: 'strings', write: 'always', filter: true, ...extra });
const complexes = (extra: Partial<PropertySpec> = {}): PropertySpec => ({ type: 'complexes', ...READ_ONLY, ...extra });

const EXTENSION_ATTRIBUTES = Array.from({ length: 15 }, (_, index) => `extensionAttribute${index + 1}`);

/** Graph reference, resource type `user`, properties of v1.0; the lengths are those of the reference. */
const USER: Record<string, PropertySpec> = {
  id: { type: 'string', ...READ_ONLY, filter: true, ...SHOWN },
  businessPhones: strings({ ...SHOWN }),
  displayName: text(256, { ...SHOWN, clears: false }),
  givenName: text(64, SHOWN),
  jobTitle: text(128, SHOWN),
  mail: text(1123, SHOWN),
  mobilePhone: text(64, SHOWN),
  officeLocation: text(128, SHOWN),
  preferredLanguage: text(20, SHOWN),
  surname: text(64, SHOWN),
  userPrincipalName: text(113, { ...SHOWN, clears: false }),
  accountEnabled: flag(),
  ageGroup: text(20),
  assignedLicenses: complexes({ filter: true }),
  assignedPlans: complexes({ filter: true }),
  city: text(128),
  companyName: text(64),
  consentProvidedForMinor: text(20),
  country: text(128),
  createdDateTime: date(READ_ONLY),
  creationType: text(64, READ_ONLY),
  deletedDateTime: date(READ_ONLY),
  department: text(64),
  employeeHireDate: date(),
  employeeId: text(16),
  employeeLeaveDateTime: date(),
  employeeOrgData: { type: 'complex', write: 'always', clears: true, filter: true, members: ['costCenter', 'division'] },
  employeeType: text(64),
  externalUserState: text(64, READ_ONLY),
  externalUserStateChangeDateTime: date(READ_ONLY),
  faxNumber: text(64),
  identities: complexes({ write: 'create', filter: true }),
  imAddresses: strings(READ_ONLY),
  isResourceAccount: flag(READ_ONLY),
  lastPasswordChangeDateTime: date({ ...READ_ONLY, filter: false }),
  licenseAssignmentStates: complexes(),
  mailNickname: text(64, { clears: false }),
  onPremisesDistinguishedName: text(1000, { ...READ_ONLY, filter: false }),
  onPremisesDomainName: text(255, { ...READ_ONLY, filter: false }),
  onPremisesExtensionAttributes: { type: 'complex', write: 'always', filter: true, members: EXTENSION_ATTRIBUTES },
  onPremisesImmutableId: text(64),
  onPremisesLastSyncDateTime: date(READ_ONLY),
  onPremisesProvisioningErrors: complexes(),
  onPremisesSamAccountName: text(64, READ_ONLY),
  onPremisesSecurityIdentifier: text(128, READ_ONLY),
  onPremisesSyncEnabled: flag(READ_ONLY),
  onPremisesUserPrincipalName: text(1000, { ...READ_ONLY, filter: false }),
  otherMails: strings(),
  passwordPolicies: text(128, { filter: false }),
  passwordProfile: {
    type: 'complex',
    write: 'always',
    secret: true,
    members: ['password', 'forceChangePasswordNextSignIn', 'forceChangePasswordNextSignInWithMfa'],
  },
  postalCode: text(40),
  preferredDataLocation: text(10, { filter: false }),
  provisionedPlans: complexes({ filter: true }),
  proxyAddresses: strings(READ_ONLY),
  securityIdentifier: text(128, READ_ONLY),
  showInAddressList: flag({ filter: false, clears: true }),
  signInSessionsValidFromDateTime: date({ ...READ_ONLY, filter: false }),
  state: text(128),
  streetAddress: text(1024),
  usageLocation: text(2),
  userType: text(6, { clears: true }),
};

/** Graph reference, resource type `group`. */
const GROUP: Record<string, PropertySpec> = {
  id: { type: 'string', ...READ_ONLY, filter: true, ...SHOWN },
  deletedDateTime: date({ ...READ_ONLY, ...SHOWN }),
  classification: text(64, { ...SHOWN, filter: false }),
  createdDateTime: date({ ...READ_ONLY, ...SHOWN }),
  creationOptions: strings({ write: 'create', filter: false, ...SHOWN }),
  description: text(1024, SHOWN),
  displayName: text(256, { ...SHOWN, clears: false }),
  expirationDateTime: date({ ...READ_ONLY, ...SHOWN }),
  groupTypes: strings(SHOWN),
  isAssignableToRole: flag({ write: 'create', ...SHOWN }),
  mail: text(256, { ...READ_ONLY, ...SHOWN }),
  mailEnabled: flag(SHOWN),
  mailNickname: text(64, { ...SHOWN, clears: false }),
  membershipRule: text(3072, { ...SHOWN, filter: false }),
  membershipRuleProcessingState: text(10, { ...SHOWN, filter: false }),
  onPremisesDomainName: text(255, { ...READ_ONLY, ...SHOWN, filter: false }),
  onPremisesLastSyncDateTime: date({ ...READ_ONLY, ...SHOWN }),
  onPremisesNetBiosName: text(64, { ...READ_ONLY, ...SHOWN, filter: false }),
  onPremisesSamAccountName: text(256, { ...READ_ONLY, ...SHOWN }),
  onPremisesSecurityIdentifier: text(128, { ...READ_ONLY, ...SHOWN }),
  onPremisesSyncEnabled: flag({ ...READ_ONLY, ...SHOWN }),
  preferredDataLocation: text(10, { ...SHOWN, filter: false }),
  preferredLanguage: text(20, { ...SHOWN, filter: false }),
  proxyAddresses: strings({ ...READ_ONLY, ...SHOWN }),
  renewedDateTime: date({ ...READ_ONLY, ...SHOWN }),
  resourceBehaviorOptions: strings({ write: 'create', filter: false, ...SHOWN }),
  resourceProvisioningOptions: strings({ filter: true, ...SHOWN }),
  securityEnabled: flag(SHOWN),
  securityIdentifier: text(128, { ...READ_ONLY, ...SHOWN }),
  theme: text(20, { ...SHOWN, filter: false }),
  uniqueName: text(128, { ...SHOWN, write: 'create' }),
  visibility: text(20, { ...SHOWN, filter: false }),
  assignedLicenses: complexes({ filter: true }),
  hasMembersWithLicenseErrors: flag(READ_ONLY),
};

/** Graph reference, resource type `servicePrincipal`. */
const SERVICE_PRINCIPAL: Record<string, PropertySpec> = {
  id: { type: 'string', ...READ_ONLY, filter: true, ...SHOWN },
  deletedDateTime: date({ ...READ_ONLY, ...SHOWN }),
  accountEnabled: flag(SHOWN),
  alternativeNames: strings(SHOWN),
  appDisplayName: text(256, { ...READ_ONLY, ...SHOWN }),
  appId: text(36, { write: 'create', ...SHOWN }),
  appOwnerOrganizationId: text(36, { ...READ_ONLY, ...SHOWN }),
  appRoleAssignmentRequired: flag({ ...SHOWN, filter: false }),
  appRoles: complexes(SHOWN),
  createdDateTime: date({ ...READ_ONLY, ...SHOWN }),
  description: text(1024, { ...SHOWN, filter: false }),
  disabledByMicrosoftStatus: text(64, { ...READ_ONLY, ...SHOWN, filter: false }),
  displayName: text(256, SHOWN),
  homepage: text(256, SHOWN),
  loginUrl: text(256, { ...SHOWN, filter: false }),
  logoutUrl: text(256, { ...SHOWN, filter: false }),
  notes: text(1024, { ...SHOWN, filter: false }),
  oauth2PermissionScopes: complexes(SHOWN),
  preferredSingleSignOnMode: text(32, { ...SHOWN, filter: false }),
  replyUrls: strings({ ...SHOWN, filter: false }),
  servicePrincipalNames: strings(SHOWN),
  servicePrincipalType: text(32, { ...READ_ONLY, ...SHOWN }),
  signInAudience: text(64, { ...READ_ONLY, ...SHOWN, filter: false }),
  tags: strings(SHOWN),
};

const asSchema = (specs: Record<string, PropertySpec>): Schema => new Map(Object.entries(specs));

export const SCHEMAS: Record<Kind, Schema> = {
  user: asSchema(USER),
  group: asSchema(GROUP),
  servicePrincipal: asSchema(SERVICE_PRINCIPAL),
};

/** The names that an answer carries when nothing is selected. */
export const SHOWN_NAMES: Record<Kind, readonly string[]> = {
  user: shownIn(SCHEMAS.user),
  group: shownIn(SCHEMAS.group),
  servicePrincipal: shownIn(SCHEMAS.servicePrincipal),
};

/** How Graph names the kind in its messages. */
export const RESOURCE_NAMES: Record<Kind, string> = { user: 'User', group: 'Group', servicePrincipal: 'ServicePrincipal' };

export const ODATA_TYPES: Record<Kind, string> = {
  user: '#microsoft.graph.user',
  group: '#microsoft.graph.group',
  servicePrincipal: '#microsoft.graph.servicePrincipal',
};

/** Which collection of the service root holds a kind. */
export const COLLECTIONS: Record<Kind, string> = { user: 'users', group: 'groups', servicePrincipal: 'servicePrincipals' };

/** The empty value of a property: collections are never null. */
export const emptyOf = (spec: PropertySpec | undefined): [] | null => (spec?.type === 'strings' || spec?.type === 'complexes' ? [] : null);

function shownIn(schema: Schema): readonly string[] {
  return [...schema].filter(([, spec]) => spec.shown).map(([name]) => name);
}
