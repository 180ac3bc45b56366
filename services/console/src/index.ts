export { consoleService } from './module.ts';
export type { ConsoleConfig } from './config.ts';
