import { parseArgs } from 'node:util';
import { startSandboxes, type SandboxAddresses } from './start-sandboxes.ts';

const USAGE = 'usage: sandbox --data DIR [--json] [--time-factor F] [--limits off] [--seed N] [--domain NAME]';

function readOptions(): { data: string; json: boolean; timeFactor: number; limits: boolean; seed: number; domain?: string } {
  const { values } = parseArgs({
    options: {
      data: { type: 'string', default: '.muster/sandbox' },
      json: { type: 'boolean', default: false },
      'time-factor': { type: 'string', default: process.env['MUSTER_TIME_FACTOR'] ?? '1' },
      limits: { type: 'string', default: 'on' },
      seed: { type: 'string', default: '1' },
      domain: { type: 'string' },
    },
  });
  const timeFactor = Number(values['time-factor']);
  if (!(timeFactor > 0)) throw new Error('--time-factor must be a positive number');
  return {
    data: values.data,
    json: values.json,
    timeFactor,
    limits: values.limits !== 'off',
    seed: Number(values.seed),
    ...(values.domain ? { domain: values.domain } : {}),
  };
}

function describe({ okta, entra, hr, adminUrl, caFile }: SandboxAddresses, data: string): string {
  return [
    `Okta org      ${okta.url}`,
    `Graph         ${entra.graphUrl}   sign-in ${entra.loginUrl}   tenant ${entra.tenantId}`,
    `HR system     ${hr.url}`,
    `Admin         ${adminUrl}`,
    `CA            ${caFile}`,
    `Credentials   ${data}/sandbox.json`,
  ].join('\n');
}

try {
  const { json, ...options } = readOptions();
  const sandboxes = await startSandboxes(options);
  console.log(json ? JSON.stringify(sandboxes.addresses) : describe(sandboxes.addresses, options.data));
  const stop = (): void => {
    sandboxes.close().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  console.error(USAGE);
  process.exit(2);
}
