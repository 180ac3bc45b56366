import { GossipService } from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import gossipMessages, { type ClusterInfo } from '@eventstore/db-client/generated/gossip_pb.js';
import { ServerFeaturesService } from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import featureMessages, { type SupportedMethods } from '@eventstore/db-client/generated/serverfeatures_pb.js';
import sharedMessages from '@eventstore/db-client/generated/shared_pb.js';
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js';
import type {
  handleUnaryCall,
  Server,
  ServerDuplexStream,
  ServerReadableStream,
  ServerUnaryCall,
  ServerWritableStream,
  sendUnaryData,
} from '@grpc/grpc-js';
import { encodeDeleteAnswer, parseAppendPart, parseBatchPart, parseDelete, type AppendPart, type BatchPart } from './append-codec.ts';
import { OpenCall } from './call.ts';
import type { EventLog } from './event-log.ts';
import type { GroupCommit } from './group-commit.ts';
import { parseRead } from './read-request.ts';
import { serveAppend, serveBatchAppend } from './serve-append.ts';
import { serveRead, serveSubscription } from './serve-read.ts';
import { invalidArgument, statusOf, stopping, unimplemented } from './statuses.ts';

export interface ServiceContext {
  log: EventLog;
  commits: GroupCommit;
  /** Calls that stay open; told of every commit, and ended when the node stops. */
  calls: Set<OpenCall>;
  limits: { maxAppendBytes: number; maxEventBytes: number };
  address: () => { host: string; port: number };
}

type Delete = NonNullable<BatchPart['options']>;

const encoded = (answer: Buffer): Buffer => answer;

/** The method as the client's stubs describe it, with hand-made (de)serialisers where speed or newer fields ask for it. */
const streamsDefinition = {
  read: { ...StreamsService.read, responseSerialize: encoded },
  append: { ...StreamsService.append, requestDeserialize: parseAppendPart, responseSerialize: encoded },
  batchAppend: { ...StreamsService.batchAppend, requestDeserialize: parseBatchPart, responseSerialize: encoded },
  delete: { ...StreamsService.delete, requestDeserialize: parseDelete, responseSerialize: encoded },
  tombstone: { ...StreamsService.tombstone, requestDeserialize: parseDelete, responseSerialize: encoded },
};

const read =
  ({ log, calls }: ServiceContext) =>
  (stream: ServerWritableStream<ReadReq, Buffer>): void => {
    const call = new OpenCall(stream);
    if (stream.request.getOptions()?.getUuidOption()?.hasStructured()) return call.fail(unimplemented('Event ids are given as text only'));
    try {
      const request = parseRead(stream.request);
      const serve = request.count === undefined ? serveSubscription : serveRead;
      calls.add(call);
      const done = serve(log, call, request).catch((error: Error) => call.fail(invalidArgument(error.message)));
      void done.finally(() => calls.delete(call));
    } catch (error) {
      call.fail(invalidArgument((error as Error).message));
    }
  };

const batchAppend =
  ({ commits, calls, limits }: ServiceContext) =>
  (stream: ServerDuplexStream<BatchPart, Buffer>): void => {
    const call = serveBatchAppend(stream, (request, settle) => commits.append(request, settle), limits);
    calls.add(call);
    stream.on('close', () => calls.delete(call));
  };

const append =
  ({ commits, limits }: ServiceContext) =>
  (source: ServerReadableStream<AppendPart, Buffer>, callback: sendUnaryData<Buffer>): void =>
    serveAppend(source, callback, { write: (request, settle) => commits.append(request, settle), limits });

const remove =
  ({ log, commits }: ServiceContext, kind: 'soft' | 'tombstone') =>
  (call: ServerUnaryCall<Delete, Buffer>, callback: sendUnaryData<Buffer>): void => {
    const { stream, expected } = call.request;
    const outcome = commits.run(() => log.delete(stream, expected, kind));
    if (!outcome) return callback(stopping());
    if (outcome.kind === 'written') callback(null, encodeDeleteAnswer(outcome.position));
    else callback(statusOf(stream, outcome));
  };

const SUPPORTED: readonly [service: string, method: string, ...features: string[]][] = [
  ['event_store.client.streams.Streams', 'read', 'position', 'events'],
  ['event_store.client.streams.Streams', 'append'],
  ['event_store.client.streams.Streams', 'batchappend', 'deadline_duration'],
  ['event_store.client.streams.Streams', 'delete'],
  ['event_store.client.streams.Streams', 'tombstone'],
  ['event_store.client.gossip.Gossip', 'read'],
  ['event_store.client.server_features.ServerFeatures', 'getsupportedmethods'],
];

/** The protocol version that clients compare with: the server whose behaviour is followed. */
const SERVER_VERSION = '24.6.0';

const supportedMethods: handleUnaryCall<unknown, SupportedMethods> = (_, callback) => {
  const answer = new featureMessages.SupportedMethods();
  answer.setEventStoreServerVersion(SERVER_VERSION);
  for (const [service, method, ...features] of SUPPORTED) {
    const supported = new featureMessages.SupportedMethod();
    supported.setServiceName(service);
    supported.setMethodName(method);
    supported.setFeaturesList(features);
    answer.addMethods(supported);
  }
  callback(null, answer);
};

const gossip =
  ({ address }: ServiceContext): handleUnaryCall<unknown, ClusterInfo> =>
  (_, callback) => {
    const { host, port } = address();
    const endpoint = new gossipMessages.EndPoint();
    endpoint.setAddress(host);
    endpoint.setPort(port);
    const instance = new sharedMessages.UUID();
    instance.setString('00000000-0000-4000-8000-000000000001');
    const member = new gossipMessages.MemberInfo();
    member.setInstanceId(instance);
    member.setTimeStamp(String(BigInt(Date.now()) * 10_000n));
    member.setState(gossipMessages.MemberInfo.VNodeState.LEADER);
    member.setIsAlive(true);
    member.setHttpEndPoint(endpoint);
    const answer = new gossipMessages.ClusterInfo();
    answer.addMembers(member);
    callback(null, answer);
  };

/** Streams, ServerFeatures and Gossip; gRPC answers UNIMPLEMENTED to everything else. */
export const addServices = (server: Server, context: ServiceContext): void => {
  server.addService(streamsDefinition, {
    read: read(context),
    append: append(context),
    batchAppend: batchAppend(context),
    delete: remove(context, 'soft'),
    tombstone: remove(context, 'tombstone'),
  });
  server.addService(ServerFeaturesService, { getSupportedMethods: supportedMethods });
  server.addService(GossipService, { read: gossip(context) });
};
