import type { VendorAttribute, VendorCatalogue } from './attribute.ts';

const text: VendorAttribute = { type: 'string' };
const custom: VendorAttribute = { type: 'string', ifDeclared: 'a custom attribute: it must stand in the user schema of the org' };

/** The base profile of an Okta user (Okta management API, user profile properties), and the custom attributes that our templates know. */
export const oktaUser: VendorCatalogue = {
  kind: 'okta',
  title: 'Okta user',
  managerIsReference: false,
  attributes: {
    login: { type: 'string', required: true, minLength: 5, maxLength: 100 },
    email: { type: 'string', required: true, minLength: 5, maxLength: 100 },
    firstName: { type: 'string', required: true, minLength: 1, maxLength: 50 },
    lastName: { type: 'string', required: true, minLength: 1, maxLength: 50 },
    secondEmail: { type: 'string', minLength: 5, maxLength: 100 },
    middleName: text,
    honorificPrefix: text,
    honorificSuffix: text,
    title: text,
    displayName: text,
    nickName: text,
    profileUrl: text,
    primaryPhone: { type: 'string', maxLength: 100 },
    mobilePhone: { type: 'string', maxLength: 100 },
    streetAddress: text,
    city: text,
    state: text,
    zipCode: text,
    countryCode: { type: 'string', minLength: 2, maxLength: 2 },
    postalAddress: text,
    preferredLanguage: text,
    locale: text,
    timezone: text,
    userType: text,
    employeeNumber: text,
    costCenter: text,
    organization: text,
    division: text,
    department: text,
    managerId: text,
    manager: text,
    hireDate: custom,
    leaveDate: custom,
  },
};
