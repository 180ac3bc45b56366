import { keyFor, toHeaders, topicFor, topicMap } from '@muster/contracts';
import type { RecordedEvent } from '@muster/event-store';
import type { Identity } from '@muster/identity';
import { publicState } from './public-state.ts';

/** What the broker is given. A value of null is a tombstone. */
export interface OutgoingRecord {
  topic: string;
  key: string;
  value: Buffer | null;
  headers: Record<string, string>;
}

const STATE_SCHEMA = 'muster:identity/identity-state.v1';

/** An event as it travels, its data as given: opened for public topics, as stored for the others. Undefined for streams that travel on no topic. */
export function toRecord(event: RecordedEvent): OutgoingRecord | undefined {
  const topic = topicFor(event.stream);
  return topic && { topic: topic.name, key: keyFor(event), value: Buffer.from(JSON.stringify(event.data)), headers: toHeaders(event) };
}

/** The state behind an identity's last event, as it travels on the compacted topic; undefined if there is nothing to show yet. */
export function toStateRecord(last: RecordedEvent, identity: Identity): OutgoingRecord | undefined {
  const state = publicState(identity);
  if (state === undefined) return undefined;
  const { metadata } = last;
  return {
    topic: topicMap.identityState.name,
    key: keyFor(last),
    value: state === 'erased' ? null : Buffer.from(JSON.stringify(state)),
    headers: toHeaders({ ...last, revision: identity.revision, type: 'IdentityState', metadata: { ...metadata, schema: STATE_SCHEMA } }),
  };
}
