export { connectHr, hrManifest, isPulled, type HrConnection } from './connect-hr.ts';
export type { PulledConfig } from './fetch-page.ts';
export type { RowProblem } from './map-row.ts';
export type { ReportedWorker, WorkerPage, WorkerReader } from './read-report.ts';
