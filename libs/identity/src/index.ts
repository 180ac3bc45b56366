export {
  accountCategory,
  aspectOf,
  entitlementKey,
  fieldValue,
  isStale,
  type Account,
  type AccountEvent,
  type Aspect,
  type Seen,
  type SeenEntitlement,
  type SeenField,
} from './account.ts';
export {
  deleteAccount,
  entitlementGone,
  observeAccount,
  observeEntitlement,
  observeEntitlements,
  traceDisablement,
  type AwaitedRead,
  type HeldEntitlement,
  type Reading,
} from './observe-account.ts';
export { afterAnswer, bisect, endWithoutCall, type AfterAnswer, type Answer, type AnswerContext, type Call } from './after-answer.ts';
export { appCategory, deleteApp, observeApp, type App, type AppEvent } from './app.ts';
export {
  attributesOf,
  canonical,
  canonicalAttributes,
  fieldOf,
  type AttributeSource,
  type Authority,
  type Canonical,
  type CanonicalAttribute,
} from './attributes.ts';
export { caseCategory, isOpen, openCase, resolveCase, type Case, type CaseEvent } from './case.ts';
export { caseOfEnd } from './cases.ts';
export { fold, type EventOf, type Recorded, type StreamCategory } from './category.ts';
export { claimCategory, isFree, releaseClaim, takeClaim, type Claim, type ClaimEvent } from './claim.ts';
export {
  correlateAccount,
  correlateCreated,
  stepsOfAnswer,
  type CorrelateAccountInput,
  type CorrelateCreatedInput,
  type CorrelatedAccount,
  type Situation,
} from './correlate-account.ts';
export {
  correlateWorker,
  workerSource,
  type CorrelateWorkerInput,
  type Correlated,
  type LoginFacts,
  type NamedClaim,
  type Step,
} from './correlate.ts';
export type { ApplyMode, DesiredAttribute, DesiredConnection, DesiredEntitlement, DesiredState, MappingProblem } from './desired.ts';
export { deleteGroup, groupCategory, observeGroup, type Group, type GroupEvent } from './group.ts';
export { appsAt, employmentsAt, recordAt, type AppAssignment, type EmploymentAt, type EmploymentState } from './employments.ts';
export {
  assignLogin,
  followWorker,
  identityCategory,
  lifecycleRevision,
  linkAccount,
  unlinkAccount,
  wasUnlinked,
  type Identity,
  type IdentityEvent,
  type Link,
  type WorkerFacts,
} from './identity.ts';
export type { Ids } from './ids.ts';
export { isBefore, later, localDate, millis, startOfDay } from './instants.ts';
export { lifecycleAt, mayHold, type Lifecycle, type LifecycleState } from './lifecycle.ts';
export { approveRun, letGoBy, objectionTo, refuseRun } from './answer-run.ts';
export { judgeRun, type Draw, type Judging, type Verdict } from './judge-run.ts';
export { drawAllowance, hasDrawn, limitCategory, usedBefore, type Allowances, type LimitEvent } from './limit.ts';
export { allowedBy, holdEverything, limitNameOf, sendEverything, type ConnectionLimits, type Limit, type LimitName } from './limits.ts';
export { memberOf, releaseHeld, type Membership, type Released } from './release-held.ts';
export {
  countRun,
  openRun,
  planMembers,
  planText,
  recordVerdict,
  runCategory,
  sealRun,
  type Run,
  type RunChange,
  type RunCount,
  type RunEvent,
  type RunMember,
  type Sealing,
} from './run.ts';
export { loginCandidates, type LoginCandidate } from './logins.ts';
export { makePlan } from './make-plan.ts';
export { awaitedRead, isSettled, overlay, type Actual, type ActualValue, type OverlayInput } from './overlay.ts';
export {
  isOutdated,
  planCategory,
  releasePlan,
  wantedCommand,
  type Blocked,
  type HeldBecause,
  type Plan,
  type PlanDraft,
  type PlanEvent,
} from './plan.ts';
export { accountIdOf, type ConnectionView, type PlanInput } from './planning.ts';
export {
  askRetry,
  generationOf,
  hasEnded,
  provisioningCategory,
  retryCategory,
  recordEnd,
  recordSent,
  wishKey,
  type Created,
  type LastEnd,
  type Provisioning,
  type ProvisioningEvent,
  type RetryEvent,
  type Wish,
  type Write,
} from './provisioning.ts';
export {
  advanceWatermark,
  commitPage,
  completeRead,
  concludeAbsences,
  failRead,
  hasCompleteReadSince,
  hasNewSight,
  readCategory,
  startRead,
  type CompletedRead,
  type OpenRead,
  type ReadEnd,
  type ReadEvent,
  type Reads,
} from './read.ts';
export { nextStep, type DisablementInput, type Fence, type Probe, type SendInput, type SendRow, type SendStep } from './send.ts';
export { isEmpty, sameJson, sameValue } from './values.ts';
export {
  compareVersions,
  recordWorker,
  workerCategory,
  zoneOf,
  type EffectiveRecord,
  type Employment,
  type RecordVersion,
  type Worker,
  type WorkerEvent,
} from './worker.ts';
export {
  explain,
  type CanonicalExplanation,
  type Cited,
  type Explanation,
  type HistoryEvent,
  type Question,
  type TargetExplanation,
} from './explain.ts';
export { dependenciesOf, disablementOf, fenceOf, targetOf, type SendFacts } from './fence.ts';
