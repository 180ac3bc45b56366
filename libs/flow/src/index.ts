export { checkFlow, type FlowReport } from './check-flow.ts';
export {
  compileFlow,
  namedObjects,
  type AccountStep,
  type CompiledFlow,
  type CompiledStep,
  type EntitlementStep,
  type NoneStep,
  type ObjectName,
} from './compile-flow.ts';
export type { DecisionInput, Manager, Sourced, TargetConnection } from './decision-input.ts';
export { desiredState } from './desired-state.ts';
export { diffFlows, type FlowChange } from './diff-flows.ts';
export type { CheckedConnection } from './flow-check.ts';
export { observedObjects, type ObservedObjects } from './observed-objects.ts';
export type { Overlap } from './overlaps.ts';
export { parseFlow, recordedFlow, type Flow, type ParsedFlow } from './parse-flow.ts';
export type { FlowProblem } from './problem.ts';
export { trace, type Outcome, type Trace, type TracedExpression, type TracedFlow, type TracedStep } from './trace.ts';
export type { VendorAttribute, VendorCatalogue } from './vendors/attribute.ts';
export { catalogueOf, requiredAttributes, type TargetKind } from './vendors/catalogue.ts';
