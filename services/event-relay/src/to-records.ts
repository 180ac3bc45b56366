import { keyFor, toHeaders, topicFor } from '@muster/contracts';
import type { RecordedEvent } from '@muster/event-store';
import type { Identity } from '@muster/identity';
import { publicState } from './public-state.ts';
import { type Audience, everybody } from './subscribers.ts';

/** What the broker is given. A value of null is a tombstone. */
export interface OutgoingRecord {
  topic: string;
  key: string;
  value: Buffer | null;
  headers: Record<string, string>;
}

/** An event whose personal fields stand in place, and which of its fields the store held as ciphertext. */
export interface OpenedEvent extends RecordedEvent {
  sealed?: readonly string[];
}

const STATE_SCHEMA = 'muster:identity/identity-state.v1';

const json = (data: object): Buffer => Buffer.from(JSON.stringify(data));

/** An event as it travels, its data as given: opened for public topics, as stored for the others. Undefined for streams that travel on no topic. */
export function toRecord(event: RecordedEvent): OutgoingRecord | undefined {
  const topic = topicFor(event.stream);
  return topic && { topic: topic.name, key: keyFor(event), value: json(event.data), headers: toHeaders(event) };
}

/** An event of a public topic, and what each subscriber is shown of it: under the same key and headers, so that none of them sees a gap. */
export function toRecords(event: OpenedEvent, subscribers: readonly Audience[]): OutgoingRecord[] {
  const record = toRecord(event);
  if (!record) return [];
  if (record.topic !== everybody.identityEvents) return [record];
  const { data, sealed } = event;
  return [
    record,
    ...subscribers.map(({ identityEvents, view }) => ({
      ...record,
      topic: identityEvents,
      value: view ? json(view(data, sealed)) : record.value,
    })),
  ];
}

/** The state behind an identity's last event, as it travels on the compacted topic of each audience; nothing if there is nothing to show yet. */
export function toStateRecords(last: RecordedEvent, identity: Identity, audiences: readonly Audience[]): OutgoingRecord[] {
  const state = publicState(identity);
  if (state === undefined) return [];
  const { metadata } = last;
  const key = keyFor(last);
  const headers = toHeaders({
    ...last,
    revision: identity.revision,
    type: 'IdentityState',
    metadata: { ...metadata, schema: STATE_SCHEMA },
  });
  return audiences.map(({ identityState, view }) => ({
    topic: identityState,
    key,
    value: state === 'erased' ? null : json(view ? view({ ...state }) : state),
    headers,
  }));
}
