export { catalogue, personalFields, redacted, schemaOf, type EventEntry } from './catalogue.ts';
export {
  fromHeaders,
  InvalidEnvelope,
  parseSchemaId,
  toHeaders,
  type EnvelopedEvent,
  type Envelope,
  type EventMetadata,
  type HeaderValue,
} from './cloud-event.ts';
export { codes, problemDetails, remedyOf, type ErrorCode, type ErrorCodeEntry, type ErrorKind, type ProblemDetails } from './codes.ts';
export {
  categories,
  categoryOf,
  isConnectionName,
  keySubject,
  parseStream,
  streamOf,
  type Category,
  type ParsedStream,
} from './streams.ts';
export { keyFor, prefixesOf, relayedPrefixes, topicFor, topicMap, topicNamed, topics, type Topic } from './topics.ts';
export { grantable, isGrant, topicOfSubscriber, viewFor, type View } from './subscriber-view.ts';
export { upcast, upcasterChain, type Upcaster } from './upcasters.ts';
export {
  isData,
  isEventType,
  validateData,
  validateEvent,
  validateSchema,
  type ContractType,
  type ContractTypes,
  type EventType,
} from './validate.ts';
export type { ValidationProblem } from './validation-problem.ts';
export type * from './generated/types.ts';
