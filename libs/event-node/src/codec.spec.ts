import { describe, expect, it } from '@jest/globals';
import sharedMessages from '@eventstore/db-client/generated/shared_pb.js';
import streamMessages from '@eventstore/db-client/generated/streams_pb.js';
import { encodeAppendAnswer, encodeBatchAnswer, encodeDeleteAnswer, parseAppendPart, parseBatchPart, parseDelete } from './append-codec.ts';
import { DELETED, type Outcome } from './events.ts';
import { build, fieldsOf, integer, MalformedMessage, message, text, varint } from './protobuf.ts';
import { encodeCaughtUp, encodeCheckpoint, encodeConfirmation, encodeEvent, encodeStreamNotFound } from './read-codec.ts';

const ID = '0a1b2c3d-0000-4000-8000-00000000000f';

const uuid = (id: string) => {
  const value = new sharedMessages.UUID();
  value.setString(id);
  return value;
};

const identifier = (name: string) => {
  const value = new sharedMessages.StreamIdentifier();
  value.setStreamName(Buffer.from(name).toString('base64'));
  return value;
};

const correlation = (): Uint8Array => build(text(2, ID));

describe('an append as the client encodes it', () => {
  it('in one batch message is understood', () => {
    const options = new streamMessages.BatchAppendReq.Options();
    options.setStreamIdentifier(identifier('worker-é.1'));
    options.setStreamPosition('0');
    const proposed = new streamMessages.BatchAppendReq.ProposedMessage();
    proposed.setId(uuid(ID.toUpperCase()));
    proposed.getMetadataMap().set('type', 'Noted').set('content-type', 'application/json');
    proposed.setData(Buffer.from('{}'));
    proposed.setCustomMetadata(Buffer.from('{"a":1}'));
    const request = new streamMessages.BatchAppendReq();
    request.setCorrelationId(uuid(ID));
    request.setOptions(options);
    request.addProposedMessages(proposed);
    request.setIsFinal(true);

    const part = parseBatchPart(request.serializeBinary());
    expect(part.options).toEqual({ stream: 'worker-é.1', expected: 0 });
    expect(part.final).toBe(true);
    expect(
      part.events.map(({ data, metadata, ...rest }) => ({
        ...rest,
        data: Buffer.from(data).toString(),
        metadata: Buffer.from(metadata).toString(),
      })),
    ).toEqual([{ id: ID, type: 'Noted', json: true, data: '{}', metadata: '{"a":1}' }]);
    expect(Buffer.from(part.correlation)).toEqual(Buffer.from(uuid(ID).serializeBinary()));
  });

  it.each([
    [3, 'no_stream'],
    [4, 'any'],
    [5, 'stream_exists'],
  ])('with expectation %i means %s', (tag, expected) => {
    const part = parseBatchPart(build(message(2, [...message(1, text(3, 's')), ...message(tag, [])])));
    expect(part.options?.expected).toBe(expected);
  });

  it('may say until when it is worth writing, or for how long', () => {
    const seconds = Math.floor(Date.now() / 1000) + 60;
    const at = parseBatchPart(build(message(2, message(6, [...integer(1, seconds), ...integer(2, 500_000_000)]))));
    expect(at.options?.deadline).toBe(seconds * 1000 + 500);
    const within = parseBatchPart(build(message(2, message(7, [...integer(1, 2)]))));
    expect(Math.abs((within.options?.deadline ?? 0) - Date.now() - 2_000)).toBeLessThan(1_000);
  });

  it('in the form of single appends and deletions is understood', () => {
    const options = new streamMessages.AppendReq.Options();
    options.setStreamIdentifier(identifier('s-1'));
    options.setRevision('7');
    const request = new streamMessages.AppendReq();
    request.setOptions(options);
    expect(parseAppendPart(request.serializeBinary()).options).toEqual({ stream: 's-1', expected: 7 });
    const removal = new streamMessages.DeleteReq.Options();
    removal.setStreamIdentifier(identifier('s-2'));
    removal.setNoStream(new sharedMessages.Empty());
    const deletion = new streamMessages.DeleteReq();
    deletion.setOptions(removal);
    expect(parseDelete(deletion.serializeBinary())).toEqual({ stream: 's-2', expected: 'no_stream' });
  });

  it.each([
    ['cut off in a field', build([varint(2 * 8 + 2), varint(100), Uint8Array.of(1, 2)])],
    ['cut off in a number', Uint8Array.of(8, 255)],
    ['an endless number', Uint8Array.of(8, ...Array.from({ length: 12 }, () => 255))],
    ['an unknown wire type', Uint8Array.of(7)],
  ])('and is refused if it is broken: %s', (_, source) => {
    expect(() => parseBatchPart(source)).toThrow(MalformedMessage);
  });

  it.each([
    ['an event without a type', message(1, text(2, ID))],
    ['an id that is no UUID', message(1, text(2, 'x'))],
  ])('but keeps its correlation if only an event is broken: %s', (_, broken) => {
    const part = parseBatchPart(build([...message(1, text(2, ID)), ...message(3, broken)]));
    expect(part.malformed).toBeDefined();
    expect(part.correlation.length).toBeGreaterThan(0);
  });

  it('may hold fields that are not known yet', () => {
    const known = message(2, message(1, text(3, 's')));
    const source = build([
      ...integer(90, 5),
      ...text(91, 'later'),
      varint(92 * 8 + 1),
      new Uint8Array(8),
      varint(93 * 8 + 5),
      new Uint8Array(4),
      ...known,
    ]);
    expect(parseBatchPart(source).options?.stream).toBe('s');
  });
});

describe('answers, read by the stubs of the client', () => {
  const batch = (outcome: Outcome) => streamMessages.BatchAppendResp.deserializeBinary(encodeBatchAnswer(correlation(), 's-1', outcome));

  it('say where an append was written', () => {
    const answer = batch({ kind: 'written', revision: 0, position: 123_456_789_012 });
    expect(answer.getCorrelationId()?.getString()).toBe(ID);
    expect(answer.getSuccess()?.hasCurrentRevision()).toBe(true);
    expect(answer.getSuccess()?.getCurrentRevision()).toBe('0');
    expect(answer.getSuccess()?.getPosition()?.getCommitPosition()).toBe('123456789012');
  });

  it.each<[Exclude<Outcome, { kind: 'written' }>, string]>([
    [{ kind: 'wrong-expected-version', expected: 4, current: 0 }, 'WrongExpectedVersion'],
    [{ kind: 'stream-deleted' }, 'StreamDeleted'],
    [{ kind: 'timeout' }, 'Timeout'],
    [{ kind: 'too-large', limit: 1024 }, 'MaximumAppendSizeExceeded'],
    [{ kind: 'refused', message: 'The disk is full' }, 'Unknown'],
  ])('say why it was not: %j', (outcome, type) => {
    const answer = batch(outcome);
    expect(answer.getError()?.getDetails()?.getTypeName()).toBe(`event_store.client.${type}`);
    expect(Buffer.from(answer.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString()).toBe('s-1');
  });

  it('tell a conflict with a stream from one without', () => {
    const details = (current: number) =>
      batch({ kind: 'wrong-expected-version', expected: 'no_stream', current })
        .getError()
        ?.getDetails()
        ?.unpack((bytes) => sharedMessages.WrongExpectedVersion.deserializeBinary(bytes), 'event_store.client.WrongExpectedVersion');
    expect(details(0)?.hasCurrentStreamRevision()).toBe(true);
    expect(details(0)?.getCurrentStreamRevision()).toBe('0');
    expect(details(-1)?.hasCurrentNoStream()).toBe(true);
    expect(details(-1)?.hasExpectedNoStream()).toBe(true);
  });

  it('exist for single appends and deletions too', () => {
    const written = streamMessages.AppendResp.deserializeBinary(encodeAppendAnswer({ kind: 'written', revision: 3, position: 9 }));
    expect([written.getSuccess()?.getCurrentRevision(), written.getSuccess()?.getPosition()?.getPreparePosition()]).toEqual(['3', '9']);
    const refused = streamMessages.AppendResp.deserializeBinary(
      encodeAppendAnswer({ kind: 'wrong-expected-version', expected: 2, current: 1 }),
    );
    expect([refused.getWrongExpectedVersion()?.getExpectedRevision(), refused.getWrongExpectedVersion()?.getCurrentRevision()]).toEqual([
      '2',
      '1',
    ]);
    expect(streamMessages.DeleteResp.deserializeBinary(encodeDeleteAnswer(77)).getPosition()?.getCommitPosition()).toBe('77');
  });

  it('give events whole', () => {
    const data = Buffer.from([0, 255, 1]);
    const stored = {
      id: ID,
      stream: 's-é',
      type: 'Noted',
      revision: 0,
      position: 300,
      json: false,
      created: 1_700_000_000_123,
      metadata: Buffer.from('m'),
      data,
    };
    const answer = streamMessages.ReadResp.deserializeBinary(encodeEvent(stored)).getEvent();
    const event = answer?.getEvent() as streamMessages.ReadResp.ReadEvent.RecordedEvent;
    expect(answer?.getCommitPosition()).toBe('300');
    expect(event.getId()?.getString()).toBe(ID);
    expect(event.getStreamRevision()).toBe('0');
    expect(event.getMetadataMap().get('created')).toBe('17000000001230000');
    expect(event.getMetadataMap().get('content-type')).toBe('application/octet-stream');
    expect(Buffer.from(event.getData_asU8())).toEqual(data);
    expect(Buffer.from(event.getCustomMetadata_asU8()).toString()).toBe('m');
    const tombstone = streamMessages.ReadResp.deserializeBinary(encodeEvent({ ...stored, revision: DELETED }));
    expect(tombstone.getEvent()?.getEvent()?.getStreamRevision()).toBe('9223372036854775807');
  });

  it('give the signs of a subscription', () => {
    const read = (source: Buffer) => streamMessages.ReadResp.deserializeBinary(source);
    expect(read(encodeConfirmation('id')).getConfirmation()?.getSubscriptionId()).toBe('id');
    expect(read(encodeCheckpoint(5)).getCheckpoint()?.getCommitPosition()).toBe('5');
    expect(read(encodeCaughtUp()).hasCaughtUp()).toBe(true);
    expect(
      Buffer.from(read(encodeStreamNotFound('gone')).getStreamNotFound()?.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString(),
    ).toBe('gone');
  });
});

it.each([0, 1, 127, 128, 300, 2 ** 31, 2 ** 32 + 5, 2 ** 52 + 1])('the number %d survives', (value) => {
  expect([...fieldsOf(build(integer(1, value)))][0]?.number).toBe(value);
});
