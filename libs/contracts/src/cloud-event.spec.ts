import { describe, expect, it } from '@jest/globals';
import { fromHeaders, InvalidEnvelope, parseSchemaId, toHeaders, type EnvelopedEvent } from './index.ts';

const event: EnvelopedEvent = {
  id: '5f0c7b9e-1d2a-4e3f-8a4b-6c7d8e9f0a1b',
  type: 'WorkerRecorded',
  stream: 'worker-hr-main.abc',
  revision: 4,
  position: '18446744073709551615',
  recordedAt: '2026-03-02T08:15:05.123Z',
  metadata: {
    correlationId: 'c-1',
    causationId: 'e-0',
    occurredAt: '2026-03-02T00:00:00+01:00',
    schema: 'muster:source/worker-recorded.v1',
  },
};
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('the headers of an event', () => {
  it('are those of CloudEvents 1.0 in Kafka binary mode, with the store order added', () => {
    expect(toHeaders(event, { traceparent, source: 'https://muster.example.com' })).toEqual({
      'content-type': 'application/json',
      ce_specversion: '1.0',
      ce_id: event.id,
      ce_source: 'https://muster.example.com',
      ce_type: 'muster.source.WorkerRecorded.v1',
      ce_subject: 'worker-hr-main.abc',
      ce_time: '2026-03-02T00:00:00+01:00',
      ce_dataschema: 'muster:source/worker-recorded.v1',
      ce_sequence: '4',
      ce_position: '18446744073709551615',
      ce_recordedtime: '2026-03-02T08:15:05.123Z',
      ce_correlationid: 'c-1',
      ce_causationid: 'e-0',
      traceparent,
    });
  });

  it('leave out what there is not', () => {
    const { causationId: _, ...metadata } = event.metadata;
    const headers = toHeaders({ ...event, metadata });
    expect(Object.keys(headers)).not.toContain('ce_causationid');
    expect(Object.keys(headers)).not.toContain('traceparent');
    expect(fromHeaders(headers)).not.toHaveProperty('causationId');
  });

  it('are read back from what Kafka hands over: buffers, lists and foreign headers', () => {
    const headers = Object.fromEntries(
      Object.entries(toHeaders(event, { traceparent })).map(([name, value]) => [name, Buffer.from(value)]),
    );
    const { metadata, ...rest } = event;
    expect(fromHeaders({ ...headers, ce_id: [Buffer.from(event.id)], 'x-other': 'y' })).toEqual({
      ...rest,
      ...metadata,
      version: 1,
      source: '/muster',
      traceparent,
    });
  });

  it('cannot be made without a schema of ours', () => {
    expect(() => toHeaders({ ...event, metadata: { ...event.metadata, schema: 'https://example.com/x' } })).toThrow(TypeError);
  });

  const good = toHeaders(event);
  it.each([
    'ce_id',
    'ce_source',
    'ce_type',
    'ce_subject',
    'ce_time',
    'ce_dataschema',
    'ce_sequence',
    'ce_position',
    'ce_recordedtime',
    'ce_correlationid',
    'ce_specversion',
  ])('are refused without %s', (name) => {
    const { [name]: _, ...rest } = good;
    expect(() => fromHeaders(rest)).toThrow(InvalidEnvelope);
    expect(() => fromHeaders(rest)).toThrow(name);
  });

  it.each([
    ['ce_specversion', '0.3'],
    ['ce_sequence', '-1'],
    ['ce_sequence', '1.5'],
    ['ce_sequence', '9007199254740993'],
    ['ce_position', '0x10'],
    ['ce_dataschema', 'muster:source/worker-recorded'],
    ['ce_type', 'WorkerRecorded'],
    ['ce_type', 'muster.identity.WorkerRecorded.v1'],
    ['ce_type', 'muster.source.WorkerRecorded.v2'],
    ['ce_type', 'muster.source..v1'],
    ['ce_type', 'muster.source.v1'],
  ])('are refused with %s = %s', (name, value) => {
    expect(() => fromHeaders({ ...good, [name]: value })).toThrow(InvalidEnvelope);
  });

  it('that are wrong are all named at once', () => {
    const { ce_id: _, ce_time: __, ...rest } = good;
    expect(() => fromHeaders(rest)).toThrow(/ce_id.*ce_time/);
  });
});

it('a schema id names its area and version', () => {
  expect(parseSchemaId('muster:identity/identity-created.v12')).toEqual({ area: 'identity', version: 12 });
  expect(parseSchemaId('muster:identity/identity-created.v0')).toBeUndefined();
});
