/** An application permission of Microsoft Graph, as it stands in the `roles` claim. */
export type Permission = string;

const READ_DIRECTORY: readonly Permission[] = ['Directory.Read.All', 'Directory.ReadWrite.All'];
const WRITE_DIRECTORY: readonly Permission[] = ['Directory.ReadWrite.All'];

/** Any one of these lets the call through; the names are those of the permissions reference. */
export const MAY = {
  readUsers: ['User.Read.All', 'User.ReadWrite.All', 'User.ReadBasic.All', ...READ_DIRECTORY],
  readProfiles: ['User.Read.All', 'User.ReadWrite.All', ...READ_DIRECTORY],
  writeUsers: ['User.ReadWrite.All', ...WRITE_DIRECTORY],
  enableUsers: ['User.EnableDisableAccount.All', 'User.ReadWrite.All', ...WRITE_DIRECTORY],
  deleteUsers: ['User.ReadWrite.All', 'User.DeleteRestore.All', ...WRITE_DIRECTORY],
  revokeSessions: ['User.RevokeSessions.All', 'User.ReadWrite.All', ...WRITE_DIRECTORY],
  readLeaveDates: ['User-LifeCycleInfo.Read.All', 'User-LifeCycleInfo.ReadWrite.All'],
  writeLeaveDates: ['User-LifeCycleInfo.ReadWrite.All'],
  readGroups: ['GroupMember.Read.All', 'GroupMember.ReadWrite.All', 'Group.Read.All', 'Group.ReadWrite.All', ...READ_DIRECTORY],
  readMemberships: [
    'GroupMember.Read.All',
    'GroupMember.ReadWrite.All',
    'Group.Read.All',
    'Group.ReadWrite.All',
    'User.Read.All',
    'User.ReadWrite.All',
    ...READ_DIRECTORY,
  ],
  createGroups: ['Group.Create', 'Group.ReadWrite.All', ...WRITE_DIRECTORY],
  writeGroups: ['Group.ReadWrite.All', ...WRITE_DIRECTORY],
  writeMembers: ['GroupMember.ReadWrite.All', 'Group.ReadWrite.All', ...WRITE_DIRECTORY],
  readHiddenMembers: ['Member.Read.Hidden'],
  writeRoleAssignable: ['RoleManagement.ReadWrite.Directory'],
  readApplications: ['Application.Read.All', 'Application.ReadWrite.All', ...READ_DIRECTORY],
  writeApplications: ['Application.ReadWrite.All', ...WRITE_DIRECTORY],
  writeAppRoles: ['AppRoleAssignment.ReadWrite.All'],
  readSkus: ['LicenseAssignment.Read.All', 'LicenseAssignment.ReadWrite.All', 'Organization.Read.All', ...READ_DIRECTORY],
  readAudits: ['AuditLog.Read.All'],
  anything: [],
} satisfies Record<string, readonly Permission[]>;

/** The directory role that acts on privileged users; given to an app registration, not a Graph permission. */
export const PRIVILEGED_AUTHENTICATION_ADMINISTRATOR = 'Privileged Authentication Administrator';

/** What an app registration of the tenant may do, and how it proves itself. */
export interface AppRegistration {
  clientId: string;
  displayName: string;
  secret: string;
  permissions: readonly Permission[];
  /** Directory roles of its service principal. */
  directoryRoles?: readonly string[];
  /** PEM of public keys or certificates whose assertions count. */
  publicKeys?: readonly string[];
}

/** What an observing connection asks for. */
export const OBSERVE: readonly Permission[] = [
  'User.Read.All',
  'GroupMember.Read.All',
  'Application.Read.All',
  'Device.Read.All',
  'Member.Read.Hidden',
  'RoleManagement.Read.Directory',
  'AuditLog.Read.All',
  'LicenseAssignment.Read.All',
];

/** What a writing connection asks for on top. */
export const WRITE: readonly Permission[] = [
  'User.ReadWrite.All',
  'User.EnableDisableAccount.All',
  'User.RevokeSessions.All',
  'GroupMember.ReadWrite.All',
  'LicenseAssignment.ReadWrite.All',
];

/** Everything, for the hands of an administrator. */
export const ADMINISTRATE: readonly Permission[] = [
  ...OBSERVE,
  ...WRITE,
  'Directory.ReadWrite.All',
  'Group.ReadWrite.All',
  'Application.ReadWrite.All',
  'AppRoleAssignment.ReadWrite.All',
  'RoleManagement.ReadWrite.Directory',
  'User-LifeCycleInfo.ReadWrite.All',
];
