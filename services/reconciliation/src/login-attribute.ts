import type { ConnectionConfig } from '@muster/connector';

/** Under which name a kind of system keeps what its users sign in with; undefined: its accounts have no login. */
export const loginAttribute = (kind: ConnectionConfig['kind']): string | undefined => {
  switch (kind) {
    case 'okta':
      return 'login';
    case 'entra':
      return 'userPrincipalName';
    case 'hr':
      return undefined;
  }
};

/** What stands before the @, in lower case: logins are claimed without their domain. */
export const localPart = (login: string): string => login.split('@', 1)[0]?.toLowerCase() ?? '';
