import { readFileSync } from 'node:fs';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import { type Child, startChild } from './child.ts';
import type { DataFolder } from './data-folder.ts';

/** Where the sandboxes answer, as they say themselves. */
export interface SandboxAddresses {
  readonly okta: {
    readonly url: string;
    readonly tokens: { readonly readOnly: string };
    readonly oauth: { readonly muster: { readonly clientId: string; readonly privateKeyFile: string } };
  };
  readonly entra: {
    readonly graphUrl: string;
    readonly loginUrl: string;
    readonly tenantId: string;
    readonly clients: Readonly<Record<'muster' | 'auditor', { readonly clientId: string; readonly clientSecret: string }>>;
  };
  readonly caFile: string;
  readonly adminUrl: string;
}

export interface Sandboxes {
  readonly addresses: SandboxAddresses;
  readonly child: Child;
}

/** Mail and login domain of the sandbox company. */
export const DOMAIN = 'kestrel.example';

const script = fileURLToPath(import.meta.resolve('@muster/sandbox')).replace(/index\.js$/, 'main.js');

/** Starts the Okta org, the Entra tenant and the HR system as a process, and trusts their certificates in this one. */
export async function startSandboxes(data: DataFolder, timeFactor: number): Promise<Sandboxes> {
  const folder = data.folder('sandbox');
  const args = ['--data', folder, '--json', '--time-factor', String(timeFactor), '--domain', DOMAIN];
  const child = await startChild(script, args, { env: process.env, logFile: data.file('sandbox.log') });
  const addresses = JSON.parse(child.firstLine) as SandboxAddresses;
  setDefaultCACertificates([...getCACertificates('default'), readFileSync(addresses.caFile, 'utf8')]);
  return { addresses, child };
}

/** Asks the sandboxes' admin server, which plays the people that work in HR, Okta and Entra. */
export async function askAdmin<T>({ addresses }: Pick<Sandboxes, 'addresses'>, path: string, body?: object): Promise<T> {
  const answer = await request(new URL(path, addresses.adminUrl), {
    method: body === undefined ? 'GET' : 'POST',
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const text = await answer.body.text();
  if (answer.statusCode >= 300) throw new Error(`the sandboxes answered ${answer.statusCode} to ${path}: ${text.slice(0, 300)}`);
  return JSON.parse(text || 'null') as T;
}
