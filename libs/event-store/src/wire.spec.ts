import { describe, expect, it } from '@jest/globals';
import streamMessages from '@eventstore/db-client/generated/streams_pb.js';
import { randomUUID } from 'node:crypto';
import { encodeAppend } from './wire.ts';

const parse = (expected: number | 'none' | 'any', events = 1) => {
  const correlation = randomUUID();
  const ids = Array.from({ length: events }, () => randomUUID());
  const wire = ids.map((id) => ({ id, type: 'Noted', data: Buffer.from('{"é":1}'), metadata: Buffer.from('{}') }));
  const request = streamMessages.BatchAppendReq.deserializeBinary(
    encodeAppend(correlation, { stream: 'worker-é.1', events: wire, expected, timeoutMs: 1_500 }),
  );
  return { request, correlation, ids, options: request.getOptions() as streamMessages.BatchAppendReq.Options };
};

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();

describe('an append request, read by the stubs of the client', () => {
  it('names stream, ids, types, content and deadline', () => {
    const { request, correlation, ids, options } = parse(3, 300);
    expect(request.getCorrelationId()?.getString()).toBe(correlation);
    expect(request.getIsFinal()).toBe(true);
    expect(text(options.getStreamIdentifier()?.getStreamName_asU8())).toBe('worker-é.1');
    const deadline = options.getDeadline()?.toDate().getTime() ?? 0;
    expect(Math.abs(deadline - Date.now() - 1_500)).toBeLessThan(500);
    const proposed = request.getProposedMessagesList();
    expect(proposed.map((event) => event.getId()?.getString())).toEqual(ids);
    expect(new Set(proposed.map((event) => event.getMetadataMap().get('type')))).toEqual(new Set(['Noted']));
    const [first] = proposed as [streamMessages.BatchAppendReq.ProposedMessage];
    expect(first.getMetadataMap().get('content-type')).toBe('application/json');
    expect([text(first.getData_asU8()), text(first.getCustomMetadata_asU8())]).toEqual(['{"é":1}', '{}']);
  });

  it.each([0, 1, 127, 128, 1_000_000, 2 ** 40])('expects revision %d', (revision) => {
    const { options } = parse(revision);
    expect([options.hasStreamPosition(), options.getStreamPosition()]).toEqual([true, String(revision)]);
  });

  it('expects no stream, or anything', () => {
    expect(parse('none').options.hasNoStream()).toBe(true);
    expect(parse('any').options.hasAny()).toBe(true);
  });
});
