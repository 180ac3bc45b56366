import { ServerFeaturesService } from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import featureMessages from '@eventstore/db-client/generated/serverfeatures_pb.js';
import sharedMessages from '@eventstore/db-client/generated/shared_pb.js';
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streamMessages, { type BatchAppendReq, type BatchAppendResp } from '@eventstore/db-client/generated/streams_pb.js';
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';

/**
 * A server that acknowledges every append to the official client and drops the data: what client, gRPC and sockets cost by themselves. Runs as a
 * process of its own, as the event node does.
 */
let revision = 0;

function acknowledge(call: ServerDuplexStream<BatchAppendReq, BatchAppendResp>): void {
  call.on('data', (request: BatchAppendReq) => {
    revision += request.getProposedMessagesList().length;
    if (!request.getIsFinal()) return;
    const position = new sharedMessages.AllStreamPosition();
    position.setCommitPosition(String(revision * 256));
    position.setPreparePosition(String(revision * 256));
    const success = new streamMessages.BatchAppendResp.Success();
    success.setCurrentRevision(String(revision));
    success.setPosition(position);
    const answer = new streamMessages.BatchAppendResp();
    answer.setCorrelationId(request.getCorrelationId());
    answer.setStreamIdentifier(request.getOptions()?.getStreamIdentifier());
    answer.setSuccess(success);
    call.write(answer);
  });
  call.on('end', () => call.end());
  call.on('error', () => undefined);
}

const features = (): InstanceType<typeof featureMessages.SupportedMethods> => {
  const answer = new featureMessages.SupportedMethods();
  answer.setEventStoreServerVersion('24.6.0');
  const method = new featureMessages.SupportedMethod();
  method.setServiceName('event_store.client.streams.Streams');
  method.setMethodName('batchappend');
  method.setFeaturesList(['deadline_duration']);
  answer.addMethods(method);
  return answer;
};

const server = new Server({ 'grpc.max_receive_message_length': -1 });
server.addService(ServerFeaturesService, {
  getSupportedMethods: (_call: unknown, answer: (error: null, value: unknown) => void) => answer(null, features()),
});
server.addService({ batchAppend: StreamsService.batchAppend } as never, { batchAppend: acknowledge } as never);
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`esdb://127.0.0.1:${port}?tls=false\n`);
});
process.once('SIGTERM', () => {
  server.forceShutdown();
  process.exit(0);
});
