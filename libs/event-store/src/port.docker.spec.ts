import { describe, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { GenericContainer, Wait } from 'testcontainers';
import { describePort } from './testing/port-suite.ts';

const IMAGE = process.env['MUSTER_TEST_ESDB_IMAGE'] ?? 'eventstore/eventstore:24.6.0-jammy';
const PORT = 2113;

/** A real server, single node, insecure, in memory: what stands behind the port in a test differs in nothing else. */
const start = async () => {
  const container = await new GenericContainer(IMAGE)
    .withEnvironment({
      EVENTSTORE_INSECURE: 'true',
      EVENTSTORE_CLUSTER_SIZE: '1',
      EVENTSTORE_MEM_DB: 'true',
      EVENTSTORE_RUN_PROJECTIONS: 'None',
    })
    .withExposedPorts(PORT)
    .withWaitStrategy(Wait.forHttp('/health/live', PORT).forStatusCode(204))
    .withStartupTimeout(120_000)
    .start();
  const connectionString = `esdb://${container.getHost()}:${container.getMappedPort(PORT)}?tls=false`;
  return { connectionString, stop: async () => void (await container.stop()) };
};

const real = process.env['MUSTER_TEST_ESDB'];
const engine = real === undefined && spawnSync('docker', ['info'], { stdio: 'ignore', timeout: 20_000 }).status === 0;
if (real !== undefined) {
  describePort('the event store port on the server of MUSTER_TEST_ESDB', async () => ({
    connectionString: real,
    stop: async () => undefined,
  }));
} else if (engine) {
  describePort(`the event store port on ${IMAGE}`, start);
} else {
  describe.skip('the event store port on a real EventStoreDB in Docker', () => {
    it('SKIPPED: no Docker engine answers; start one, or set MUSTER_TEST_ESDB to the connection string of a server', () => undefined);
  });
  process.stderr.write('\nSKIPPED: the port suite on a real EventStoreDB: no Docker engine answers (docker info)\n');
}
