export { openReadStore, type Database, type ReadStore, type ReadStoreOptions } from './read-store.ts';
export type { Migration } from './migrate.ts';
export { isDatabaseTrouble } from './database-errors.ts';
export { dropStates, loadStates, saveStates, type CurrentState } from './current-states.ts';
export { acquireLease, LeaseLost, requireLease, withLease, type Lease, type LeaseOptions, type WithLeaseOptions } from './lease.ts';
export { PgKeyRing, SubjectErased, type KeyRingOptions } from './key-ring.ts';
export { createMasterKey } from './master-key.ts';
export { describeError, type DeadLetter, type Described } from './dead-letter.ts';
