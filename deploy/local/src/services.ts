import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { auditProjection } from '@muster/audit-projection';
import { azureAdIngestion } from '@muster/azure-ad-ingestion';
import { consoleService } from '@muster/console';
import { hrIngestion } from '@muster/hr-ingestion';
import { oktaIngestion } from '@muster/okta-ingestion';
import { provisioning } from '@muster/provisioning';
import { reconciliation } from '@muster/reconciliation';
import { openPlatform, readSettings, type RunningService, type Service, startService } from '@muster/service-kit';
import { startChild } from './child.ts';
import type { DataFolder } from './data-folder.ts';
import type { Parts } from './parts.ts';

/** What every service is told. */
export type ServiceEnvironment = Readonly<Record<string, string>>;

/** In the order in which they start; the console comes last, as it has to know where the others answer. */
const BEHIND_THE_CONSOLE: readonly Service[] = [
  hrIngestion,
  oktaIngestion,
  azureAdIngestion,
  reconciliation,
  provisioning,
  auditProjection,
];

/** Every service in this process, on one store client and without a broker. Gives the console's address. */
export async function startInProcess(parts: Parts, data: DataFolder, environment: ServiceEnvironment): Promise<string> {
  const settings = readSettings({ ...environment });
  const platform = await parts.start(
    'platform',
    () => openPlatform(settings),
    (opened) => opened.close(),
  );
  const start = (service: Service): Promise<RunningService> =>
    parts.start(
      service.name,
      () => startService(service, platform),
      (running) => running.close(),
      (running) => running.url,
    );
  const urls: Record<string, string> = {};
  for (const service of BEHIND_THE_CONSOLE) urls[service.name] = (await start(service)).url;
  const config = { services: urls, operatorToken: data.token('token'), flowsFolder: environment['MUSTER_FLOWS'] ?? '' };
  return (await start(consoleService(config))).url;
}

/** A service that runs as a process of its own. */
export interface ServiceProcess {
  readonly name: string;
  readonly pid: number;
  readonly url: string;
  readonly stop: () => Promise<void>;
}

const scriptOf = (name: string): string => fileURLToPath(import.meta.resolve(`@muster/${name}`)).replace(/index\.js$/, 'main.js');

/** Starts one service as a process. Its log goes to `<name>.log` in the data folder. */
export async function startProcess(name: string, data: DataFolder, environment: ServiceEnvironment): Promise<ServiceProcess> {
  const child = await startChild(scriptOf(name), [], { env: { ...process.env, ...environment }, logFile: data.file(`${name}.log`) });
  const { url } = JSON.parse(child.firstLine) as { url: string };
  return { name, pid: child.pid, url, stop: child.stop };
}

/** Every service as a process of its own. Gives the console's address. */
export async function startProcesses(parts: Parts, data: DataFolder, environment: ServiceEnvironment): Promise<string> {
  const start = (name: string): Promise<ServiceProcess> =>
    parts.start(
      name,
      () => startProcess(name, data, environment),
      (running) => running.stop(),
      ({ url, pid }) => `${url}  pid ${pid}`,
    );
  const names = [...BEHIND_THE_CONSOLE.map(({ name }) => name), 'event-relay'];
  const started = await Promise.all(names.map(start));
  const urls = Object.fromEntries(started.map(({ name, url }) => [name, url]));
  writeFileSync(data.file('services.json'), JSON.stringify(urls), { mode: 0o600 });
  return (await start('console')).url;
}
