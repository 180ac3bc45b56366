export { Ingestion, type IngestionOptions } from './ingestion.ts';
export { ingestionTables } from './tables.ts';
