import type { ConnectionConfig, NewAccount, Profile } from '@muster/connector';
import type { Command } from '@muster/contracts';

/** Systems that accounts are made in. */
export type TargetConfig = Extract<ConnectionConfig, { kind: 'okta' | 'entra' }>;

/** Which attributes of a connection carry the login and the correlation key. */
export interface KeyAttributes {
  readonly login: string;
  readonly matchKey: string;
}

const LOGINS: Record<TargetConfig['kind'], string> = { okta: 'login', entra: 'userPrincipalName' };

export const keyAttributes = ({ kind, matchKey }: Pick<TargetConfig, 'kind' | 'matchKey'>): KeyAttributes => ({
  login: LOGINS[kind],
  matchKey,
});

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** The correlation key that an account made by this create carries; undefined for everything else. */
export const matchKeyOf = ({ action, profile = {} }: Command, { matchKey }: KeyAttributes): string | undefined =>
  action === 'create' ? textOf(profile[matchKey]) : undefined;

/** The account that a create asks for. Throws for a create without login or key: planning lets none pass. */
export const newAccountOf = (command: Command, attributes: KeyAttributes): NewAccount => {
  const { [attributes.login]: login, [attributes.matchKey]: key, ...profile } = command.profile ?? {};
  const [loginText, keyText] = [textOf(login), textOf(key)];
  if (loginText === undefined || keyText === undefined)
    throw new TypeError(`the create ${command.commandId} names no ${loginText === undefined ? attributes.login : attributes.matchKey}`);
  return { login: loginText, matchKey: keyText, profile, enabled: command.value !== false };
};

/** The attributes that set commands of one account write, under the names of its system; null clears. */
export const valuesOf = (commands: readonly Command[]): Profile =>
  Object.fromEntries(commands.flatMap(({ field, value }) => (field === undefined ? [] : [[field, value ?? null]])));

/** The account of a manager, or none. */
export const managerOf = ({ value }: Command): string | null => textOf(value) ?? null;
