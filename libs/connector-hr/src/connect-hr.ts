import { type Budget, type HrConfig, type Manifest, shareBudget } from '@muster/connector';
import type { PulledConfig } from './fetch-page.ts';
import { ReportReader, type WorkerReader } from './read-report.ts';

/** An HR system whose worker report is read. */
export interface HrConnection {
  readonly name: string;
  readonly workers: WorkerReader;
  close(): void;
}

/** HR is read only; its report needs no permission but that to read it. */
export const hrManifest: Manifest = {
  vendor: 'hr',
  capabilities: { reads: ['changes'], writes: [], grants: [] },
  permissions: [],
  privileged: [],
};

/** Whether the connection file says how the worker report of a connection is read; if not, HR only pushes. */
export const isPulled = (config: HrConfig): config is PulledConfig =>
  config.url !== undefined && config.credential !== undefined && config.report !== undefined;

/** Opens the worker report of an HR system. Makes no call by itself. */
export const connectHr = (config: PulledConfig, dependencies: { budget?: Budget } = {}): HrConnection => {
  const { budget, release } = dependencies.budget ? { budget: dependencies.budget, release: () => undefined } : shareBudget(config);
  return { name: config.name, workers: new ReportReader(config, budget), close: release };
};
