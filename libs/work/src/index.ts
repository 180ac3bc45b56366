export {
  deadWorkCauses,
  findDeadWork,
  listDeadWork,
  retryAllDeadWork,
  retryDeadWork,
  workStatus,
  type DeadWork,
  type DeadWorkCause,
  type Quarantined,
} from './dead-work.ts';
export { reactionTo, type Reaction, type WorkFault } from './retry.ts';
export {
  claimWork,
  completeWork,
  completeWorks,
  holdsClaim,
  holdsClaims,
  nextDue,
  renewClaim,
  type ClaimOptions,
  type Ending,
  type Scope,
} from './claims.ts';
export { buryWork, type Claimed, countFailure, type Lane, retryWork, upsertWork, type WorkRow } from './rows.ts';
export { runWorkers, type Workers } from './run-workers.ts';
export type { Handled, ThrownFault, WorkersOptions } from './workers-options.ts';
export { workTables } from './tables.ts';
