import type { VendorAttribute, VendorCatalogue } from './attribute.ts';

const text = (maxLength: number): VendorAttribute => ({ type: 'string', maxLength });
const readOnly = (why: string): VendorAttribute => ({ type: 'string', readOnly: why });

const BY_THE_DIRECTORY = 'The directory sets it itself: leave it out.';
const BY_EXCHANGE = 'Exchange sets it: change it there.';
const BY_SYNC = 'It comes from the on-premises directory: change it there.';

/** The user of Microsoft Graph v1.0 (user resource type). Properties of a complex property stand under `parent.child`. */
export const graphUser: VendorCatalogue = {
  kind: 'entra',
  title: 'Entra user',
  managerIsReference: true,
  appsThroughGroups: 'assigning apps to accounts needs a permission that leads to Global Administrator',
  attributes: {
    accountEnabled: { type: 'boolean', required: true, key: 'enabled' },
    manager: { type: 'string', key: 'manager' },
    userPrincipalName: { type: 'string', required: true, minLength: 3, maxLength: 113 },
    mailNickname: { type: 'string', required: true, minLength: 1, maxLength: 64 },
    displayName: { type: 'string', required: true, minLength: 1, maxLength: 256 },
    givenName: text(64),
    surname: text(64),
    jobTitle: text(128),
    department: text(64),
    companyName: text(64),
    'employeeOrgData.division': { type: 'string' },
    'employeeOrgData.costCenter': { type: 'string' },
    employeeId: text(16),
    employeeType: { type: 'string' },
    employeeHireDate: { type: 'string' },
    employeeLeaveDateTime: { type: 'string', ifDeclared: 'it needs the permission User-LifeCycleInfo.ReadWrite.All' },
    mail: { type: 'string', maxLength: 320, ifDeclared: 'Exchange owns it where a mailbox exists' },
    otherMails: { type: 'strings', maxItems: 250 },
    mobilePhone: text(64),
    businessPhones: { type: 'strings', maxItems: 1 },
    faxNumber: { type: 'string' },
    officeLocation: text(128),
    streetAddress: text(1024),
    city: text(128),
    state: text(128),
    postalCode: text(40),
    country: text(128),
    usageLocation: { type: 'string', minLength: 2, maxLength: 2 },
    preferredLanguage: { type: 'string' },
    ageGroup: { type: 'string' },
    consentProvidedForMinor: { type: 'string' },
    userType: { type: 'string' },
    onPremisesImmutableId: { type: 'string' },
    id: readOnly(BY_THE_DIRECTORY),
    createdDateTime: readOnly(BY_THE_DIRECTORY),
    deletedDateTime: readOnly(BY_THE_DIRECTORY),
    creationType: readOnly(BY_THE_DIRECTORY),
    lastPasswordChangeDateTime: readOnly(BY_THE_DIRECTORY),
    securityIdentifier: readOnly(BY_THE_DIRECTORY),
    signInSessionsValidFromDateTime: readOnly(BY_THE_DIRECTORY),
    assignedLicenses: readOnly('Licences are given through groups: use a group step.'),
    passwordProfile: readOnly('The first password is made by the connector and kept nowhere: leave it out.'),
    proxyAddresses: readOnly(BY_EXCHANGE),
    imAddresses: readOnly(BY_EXCHANGE),
    onPremisesDistinguishedName: readOnly(BY_SYNC),
    onPremisesDomainName: readOnly(BY_SYNC),
    onPremisesSamAccountName: readOnly(BY_SYNC),
    onPremisesSecurityIdentifier: readOnly(BY_SYNC),
    onPremisesSyncEnabled: readOnly(BY_SYNC),
    onPremisesUserPrincipalName: readOnly(BY_SYNC),
  },
};
