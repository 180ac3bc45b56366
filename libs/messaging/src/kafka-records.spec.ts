import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { keyFor, keySubject, personalFields, toHeaders } from '@muster/contracts';
import { PersonalFields, type RecordedEvent } from '@muster/event-store';
import { InMemoryKeyRing } from '@muster/event-store/testing';
import type { KafkaMessage } from 'kafkajs';
import { readRecords, type Record } from './kafka-records.ts';

const fields = new PersonalFields({ keyRing: new InMemoryKeyRing(), privacy: { personalFields, keySubject } });
const data = JSON.parse(readFileSync('contracts/examples/source/worker-recorded.v1/valid/minimal.json', 'utf8')) as {
  [name: string]: unknown;
};
const event: RecordedEvent = {
  id: 'e-1',
  type: 'WorkerRecorded',
  stream: 'worker-hr.1',
  revision: 4,
  position: '77',
  recordedAt: '2026-01-02T00:00:00.000Z',
  data,
  metadata: {
    correlationId: 'c-1',
    causationId: 'e-0',
    occurredAt: '2026-01-01T00:00:00Z',
    schema: 'muster:source/worker-recorded.v1',
    actor: 'hr',
  },
};

const recordOf = (value: Buffer | null, headers: KafkaMessage['headers'] = toHeaders(event)): Record => ({
  topic: 'muster.source.events.v1',
  partition: 3,
  record: {
    key: Buffer.from(keyFor(event)),
    value,
    headers: headers ?? {},
    offset: '12',
    timestamp: '0',
    attributes: 0,
    size: 1,
  } as unknown as KafkaMessage,
});
const sealed = async (): Promise<Buffer> => Buffer.from(JSON.stringify(await fields.seal(event)));

describe('a record of a topic', () => {
  it('becomes a message with its personal fields open and its headers as fields', async () => {
    const { arrivals, unreadable } = await readRecords(fields, [recordOf(await sealed())]);
    expect(unreadable).toEqual([]);
    expect(arrivals).toEqual([
      {
        topic: 'muster.source.events.v1',
        key: 'worker-hr.1',
        stream: 'worker-hr.1',
        revision: 4,
        message: {
          topic: 'muster.source.events.v1',
          key: 'worker-hr.1',
          stream: 'worker-hr.1',
          revision: 4,
          position: '77',
          id: 'e-1',
          type: 'WorkerRecorded',
          occurredAt: '2026-01-01T00:00:00Z',
          recordedAt: '2026-01-02T00:00:00.000Z',
          correlationId: 'c-1',
          causationId: 'e-0',
          data,
        },
      },
    ]);
  });

  it.each([
    ['cut off', Buffer.from('{"a":')],
    ['no object', Buffer.from('[1]')],
    ['empty', null],
    ['not valid under the contract', Buffer.from('{"connection":7}')],
  ])('arrives without a message if its value is %s, so that the store is asked', async (_name, value) => {
    const { arrivals, unreadable } = await readRecords(fields, [recordOf(value)]);
    expect(unreadable).toEqual([]);
    expect(arrivals).toEqual([{ topic: 'muster.source.events.v1', key: 'worker-hr.1', stream: 'worker-hr.1', revision: 4 }]);
  });

  it('is unreadable without the headers of an event, and its reference quotes none of them', async () => {
    const headers = { ...toHeaders(event), ce_sequence: 'Ada Lovelace' };
    const { arrivals, unreadable } = await readRecords(fields, [recordOf(await sealed(), headers)]);
    expect(arrivals).toEqual([]);
    expect(unreadable).toMatchObject([
      { partition: 3, offset: '12', code: 'contract.envelope_invalid', error: expect.stringContaining('ce_sequence') },
    ]);
    expect(JSON.stringify(unreadable)).not.toContain('Lovelace');
  });
});
