import type { Connection, ConnectionConfig } from '@muster/connector';
import type { EventStore } from '@muster/event-store';
import type { ReadStore } from '@muster/read-store';
import type { Logger } from 'pino';

/** One connection that is read, and where its facts go. */
export interface Source {
  readonly config: Extract<ConnectionConfig, { kind: 'okta' | 'entra' }>;
  readonly connection: Connection;
  readonly store: EventStore;
  readonly database: ReadStore;
  readonly logger: Logger;
  now(): Date;
}

export type ObjectKind = 'account' | 'group' | 'app';

/** Something of a connection that can be fetched. */
export interface ObjectRef {
  readonly kind: ObjectKind;
  readonly id: string;
}
