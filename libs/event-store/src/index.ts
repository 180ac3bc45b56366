export { EventStore, type ConnectOptions } from './event-store.ts';
export type {
  Appended,
  Category,
  Decided,
  EventMetadata,
  EventShape,
  ExpectedRevision,
  Loaded,
  NewEvent,
  ReadAllOptions,
  ReadStreamOptions,
  RecordedEvent,
  Transacted,
} from './port.ts';
export { comparePositions, START_POSITION } from './positions.ts';
export { Subscription, type SubscribeOptions } from './subscription.ts';
export type { TransactMeta } from './transact.ts';
export { PersonalFields, type Opened, type Privacy, type Sealed } from './personal-fields.ts';
export { newDataKey, readMasterKey, unwrapKey, wrapKey, type DataKey, type KeyRing, type WrappedKey } from './key-ring.ts';
export {
  AccessDenied,
  AppendTooLarge,
  CannotDecrypt,
  EventStoreError,
  MasterKeyInvalid,
  StoreFault,
  StoreMisuse,
  StoreTimeout,
  StoreUnavailable,
  StreamDeleted,
  TooMuchContention,
  WrongRevision,
} from './errors.ts';
