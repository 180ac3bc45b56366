export { Ingestion, type IngestionOptions } from './ingestion.ts';
export { ingestionTables } from './tables.ts';
export { provesSender } from './hear-hooks.ts';
export type { HookStatus } from './check-hooks.ts';
