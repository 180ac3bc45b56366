import { topicMap } from '@muster/contracts';
import type { Message } from '@muster/messaging';
import type { Database } from '@muster/read-store';
import { indexObjects, indexReads } from './index-connections.ts';
import { indexEvents } from './index-events.ts';
import { indexIdentityIntervals, indexSourceIntervals } from './index-intervals.ts';
import { indexNames, indexStreams } from './index-people.ts';

/** Writes a batch of one topic into the tables of a schema. */
export type Indexer = (db: Database, batch: readonly Message[]) => Promise<void>;

async function indexSource(db: Database, batch: readonly Message[]): Promise<void> {
  await indexEvents(db, batch);
  await indexObjects(db, batch);
  await indexReads(db, batch);
  await indexSourceIntervals(db, batch);
}

async function indexIdentities(db: Database, batch: readonly Message[]): Promise<void> {
  await indexEvents(db, batch);
  await indexStreams(db, batch);
  await indexNames(db, batch);
  await indexIdentityIntervals(db, batch);
}

async function indexOthers(db: Database, batch: readonly Message[]): Promise<void> {
  await indexEvents(db, batch);
  await indexStreams(db, batch);
}

/** All that the projection is made of, by topic. */
export const indexers = {
  [topicMap.source.name]: indexSource,
  [topicMap.identityEvents.name]: indexIdentities,
  [topicMap.provisioningCommands.name]: indexOthers,
  [topicMap.provisioningEvents.name]: indexOthers,
} as const satisfies Record<string, Indexer>;
