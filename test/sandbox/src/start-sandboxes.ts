import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openEntra, type EntraSandbox } from './entra/open-entra.ts';
import { seedEntra } from './entra/seed.ts';
import { startHr } from './hr/hr.ts';
import type { HrSystem } from './hr/hr-system.ts';
import { startReport, type ReportAddress } from './hr/report.ts';
import { writeSecret } from './kit/ca.ts';
import { drawCompany, type Company, type CompanyOptions } from './kit/company.ts';
import type { Kit } from './kit/kit.ts';
import { openKit, type KitOptions } from './kit/open-kit.ts';
import { startOkta } from './okta/okta.ts';
import type { Okta } from './okta/okta-parts.ts';
import { seedOkta } from './okta/seed.ts';
import { entraSeedOf } from './seed-company.ts';

export interface SandboxOptions extends KitOptions {
  /** Mail and login domain of org and tenant. */
  domain?: string;
}

/** How to reach what was started. Secrets are also in DATA, in files that only the owner can read. */
export interface SandboxAddresses {
  okta: {
    url: string;
    /** SSWS: another admin's, the product's, a read-only one. */
    tokens: { admin: string; muster: string; readOnly: string };
    /** Service apps with a private key (RSA, PEM): `muster`, `observe` (reads only), `dpop` (sender-constrained tokens). */
    oauth: Record<string, { clientId: string; privateKeyFile: string; scopes: string[] }>;
  };
  entra: {
    graphUrl: string;
    loginUrl: string;
    tenantId: string;
    clients: Readonly<Record<string, { clientId: string; clientSecret: string }>>;
  };
  /** The HR system is worked in under `url` on the admin server; its worker report is at `report.url` + `.json` or `.csv`. */
  hr: { url: string; report: ReportAddress };
  caFile: string;
  adminUrl: string;
}

export interface Sandboxes {
  readonly addresses: SandboxAddresses;
  readonly kit: Kit;
  readonly okta: Okta;
  readonly entra: EntraSandbox;
  readonly hr: HrSystem;
  /** Fills HR, org and tenant with a company; what is there stays. */
  seedCompany(options?: SeedOptions): { company: Company; added: object };
  close(): Promise<void>;
}

export interface SeedOptions extends CompanyOptions {
  /** `full` (default): people, groups, apps; `frame`: groups and apps, and nobody but the administrator that every org and tenant has; `empty`: nothing. */
  directories?: 'full' | 'frame' | 'empty';
  /** HR has the records to push. Default true. */
  announce?: boolean;
}

const DEFAULT_DOMAIN = 'kestrel.example';

/** Starts the Okta org, the Entra tenant and the HR system on a data folder. A later start on the folder goes on with its data, ports and credentials. */
export async function startSandboxes(options: SandboxOptions): Promise<Sandboxes> {
  const kit = openKit(options);
  try {
    return await start(kit, options.domain ?? DEFAULT_DOMAIN);
  } catch (error) {
    await kit.close();
    throw error;
  }
}

async function start(kit: Kit, domain: string): Promise<Sandboxes> {
  const portsFile = join(kit.data, 'ports.json');
  const ports = existsSync(portsFile) ? (JSON.parse(readFileSync(portsFile, 'utf8')) as Record<string, number>) : {};
  const okta = await startOkta(kit, ports['okta']);
  const entra = await openEntra(kit, { domains: [domain], displayName: 'Kestrel & Lindqvist' });
  const hr = startHr(kit);
  const report = await startReport(hr, ports['hr']);
  const sandboxes = { kit, okta, entra, hr, seedCompany: seeder({ okta, entra, hr }, domain), close: () => kit.close() };
  kit.admin.route('POST', '/seed', ({ body }) => {
    const { company, added } = sandboxes.seedCompany((body ?? {}) as SeedOptions);
    return {
      name: company.name,
      domain: company.domain,
      workers: company.workers.length,
      groups: company.groups.length,
      apps: company.apps.length,
      added,
    };
  });
  await kit.admin.listen(ports['admin']);
  writeFileSync(portsFile, JSON.stringify({ okta: portOf(okta.url), hr: portOf(report.url), admin: portOf(kit.admin.url) }));
  const addresses = addressesOf(kit, { okta, entra, report });
  writeSecret(join(kit.data, 'sandbox.json'), JSON.stringify(addresses, null, 2));
  return { ...sandboxes, addresses };
}

const seeder =
  ({ okta, entra, hr }: Pick<Sandboxes, 'okta' | 'entra' | 'hr'>, domain: string): Sandboxes['seedCompany'] =>
  ({ directories = 'full', announce = true, ...options } = {}) => {
    const company = drawCompany({ domain, ...options });
    const added: Record<string, unknown> = { hr: hr.seed(company, announce) };
    if (directories === 'empty') return { company, added };
    const seen = directories === 'full' ? company : withoutPeople(company);
    added['okta'] = seedOkta(okta.org, seen);
    seedEntra(entra.tenant, entraSeedOf(seen));
    return { company, added };
  };

const withoutPeople = (company: Company): Company => ({
  ...company,
  workers: company.workers.slice(0, 1).map(({ managerKey: _none, ...first }) => ({
    ...first,
    key: 'ADMINISTRATOR',
    givenName: 'Break',
    familyName: 'Glass',
    displayName: 'Break Glass',
    login: `break.glass@${company.domain}`,
  })),
  groups: company.groups.map((group) => ({ ...group, members: [] })),
});

const portOf = (url: string): number => Number(new URL(url).port);

interface Started {
  okta: Okta;
  entra: EntraSandbox;
  report: ReportAddress;
}

function addressesOf(kit: Kit, { okta, entra, report }: Started): SandboxAddresses {
  const secret = (name: string): string => okta.credentials.tokens.get(name)?.secret ?? '';
  return {
    okta: {
      url: okta.url,
      tokens: { admin: secret('admin'), muster: secret('muster'), readOnly: secret('readOnly') },
      oauth: Object.fromEntries(
        [...okta.credentials.apps].map(([name, { clientId, privateKeyFile, scopes }]) => [name, { clientId, privateKeyFile, scopes }]),
      ),
    },
    entra: { graphUrl: entra.graphUrl, loginUrl: entra.loginUrl, tenantId: entra.tenantId, clients: entra.credentials },
    hr: { url: `${kit.admin.url}/hr`, report },
    caFile: kit.certificates.caFile,
    adminUrl: kit.admin.url,
  };
}
