export { Api, findTarget, type Target } from './api.ts';
export { CommandError, EXIT } from './exit-codes.ts';
export type * from './answers.ts';
export type * from './answers-runs.ts';
export type * from './answers-access.ts';
