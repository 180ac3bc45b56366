export { Fault, faultOf } from './fault.ts';
export type { FaultDetails, FaultKind, FaultRecord } from './fault.ts';
export type {
  Aspect,
  DisablementTrace,
  EntitlementRef,
  HolderRef,
  ObservedAccount,
  ObservedApp,
  ObservedEntitlement,
  ObservedGroup,
  Profile,
  Value,
} from './observed.ts';
export type {
  AccountReader,
  AppReader,
  CallOptions,
  ChangeReader,
  ConnectionState,
  DisablementTracer,
  EntitlementReader,
  GroupReader,
  HeldEntitlements,
  Hint,
  Lane,
  Page,
  PermissionReader,
  PermissionReport,
  Scope,
  Shortfall,
  Watermark,
} from './reading.ts';
export type { AccountChange, AccountWriter, EntitlementWriter, NewAccount, Outcome, WriteOptions } from './writing.ts';
export type { Connection, Readers, Writers } from './connection.ts';
export type { HookKeeper, KeptHook, KnownHook, SubscriptionNews, Told } from './hooks.ts';
export { hookAddress, printOf } from './hook-address.ts';
export { comparePermissions } from './manifest.ts';
export type { Manifest, PermissionNeed } from './manifest.ts';
export { Secret } from './secret.ts';
export { Budget } from './budget.ts';
export type { AcquireOptions, Permit } from './budget.ts';
export { shareBudget } from './share-budget.ts';
export { Ledger, timeFor } from './ledger.ts';
export type { BudgetLimits, BudgetSignal, Cost, Rate } from './ledger.ts';
export type { ChangeLimit, ChangeLimits, ChangeName } from './change-limits.ts';
export { kindDefaults } from './documented-limits.ts';
export type { ConnectionKind, KindDefaults } from './documented-limits.ts';
export { parseConnectionFile } from './connection-file.ts';
export type { ConnectionFile, ParseOptions } from './connection-file.ts';
export type { SubscriberConfig } from './subscriber-entry.ts';
export type { SecretSources } from './connection-entry.ts';
export { ConnectionFileInvalid } from './config-problems.ts';
export type { ConfigProblem } from './config-problems.ts';
export type { ConnectionConfig, EntraConfig, HooksConfig, HrConfig, OktaConfig } from './connection-config.ts';
export { type FieldSource, type ReportConfig, type ReportField } from './report-config.ts';
export { collectPages, walkPages } from './walk-pages.ts';
export type { PageWalk, RawPage } from './walk-pages.ts';
export { mapFew, outcomeOf, Withheld } from './send-each.ts';
export { bareCause, scrub } from './scrub.ts';
