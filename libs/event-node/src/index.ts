export { CannotOpen } from './database.ts';
export { startEventNode, type EventNode, type EventNodeOptions } from './start.ts';
export { startEventNodeWorker } from './start-worker.ts';
