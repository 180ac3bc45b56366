export { findDeadWork, listDeadWork, retryDeadWork, workStatus, type DeadWork } from './dead-work.ts';
export { reactionTo, type Reaction, type WorkFault } from './retry.ts';
export {
  buryWork,
  type Claimed,
  type ClaimOptions,
  claimWork,
  completeWork,
  countFailure,
  holdsClaim,
  type Lane,
  renewClaim,
  retryWork,
  upsertWork,
  type WorkRow,
} from './rows.ts';
export { type Handled, runWorkers, type ThrownFault, type Workers, type WorkersOptions } from './run-workers.ts';
export { workTables } from './tables.ts';
