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
