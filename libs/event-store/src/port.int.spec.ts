import { describe, it } from '@jest/globals';
import { startEventNode } from '@muster/event-node';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describePort } from './testing/port-suite.ts';

describePort('the event store port on the event node', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'muster-port-'));
  const node = await startEventNode({ dataDir });
  return {
    connectionString: node.connectionString,
    stop: async () => {
      await node.close();
      await rm(dataDir, { recursive: true });
    },
  };
});

const real = process.env['MUSTER_TEST_ESDB'];
if (real) {
  describePort('the event store port on the server of MUSTER_TEST_ESDB', async () => ({
    connectionString: real,
    stop: async () => undefined,
  }));
} else {
  describe('the event store port on a real server', () => {
    it.skip('SKIPPED: set MUSTER_TEST_ESDB to the connection string of an EventStoreDB to run it', () => undefined);
  });
  process.stderr.write('\nSKIPPED: the port suite on a real EventStoreDB; set MUSTER_TEST_ESDB to its connection string to run it\n');
}
