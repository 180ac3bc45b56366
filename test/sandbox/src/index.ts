export { startSandboxes, type SandboxAddresses, type SandboxOptions, type Sandboxes, type SeedOptions } from './start-sandboxes.ts';
export { drawCompany, type Company, type CompanyApp, type CompanyGroup, type CompanyOptions, type CompanyWorker } from './kit/company.ts';
export type { FaultRule } from './kit/faults.ts';
export type { JournalEntry } from './kit/journal.ts';
export type { LagRule, ReadClass } from './kit/lag.ts';
