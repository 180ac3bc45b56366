export { fold, type EventOf, type Recorded, type StreamCategory } from './category.ts';
export type {
  ApplyMode,
  DesiredAttribute,
  DesiredConnection,
  DesiredEntitlement,
  DesiredState,
  MappingProblem,
} from './desired.ts';
