import { createHmac } from 'node:crypto';
import type { HooksConfig } from './connection-config.ts';

/** Where the vendor of a connection calls: below the console's address, which stands in the connection file. */
export const hookAddress = (connection: string, { url }: HooksConfig): string => `${url}/hooks/${connection}`;

/** Tells whether a hook was given the present secret, and says nothing about the secret itself. */
export const printOf = (hookId: string, { secret }: HooksConfig): string =>
  createHmac('sha256', secret.reveal()).update(`hook ${hookId}`).digest('base64url').slice(0, 22);
