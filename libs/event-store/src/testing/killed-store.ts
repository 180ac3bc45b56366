import { spawnEventNode } from '@muster/event-node/testing';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventStore } from '../event-store.ts';
import { InMemoryKeyRing } from './key-rings.ts';
import { noted, privacy } from './port-context.ts';

/** Run as a process of its own: 400 appends of 40 kB are in flight when the store freezes and dies. */
const dataDir = await mkdtemp(join(tmpdir(), 'muster-killed-'));
const node = await spawnEventNode({ dataDir });
const store = EventStore.connect({ connectionString: node.connectionString, keyRing: new InMemoryKeyRing(), privacy, timeoutMs: 2_000 });
await store.append('warm-1', [noted(0)], 'none');
node.signal('SIGSTOP');
const filler = 'x'.repeat(2_000);
const appends = Array.from({ length: 400 }, (_, n) =>
  store.append(
    `flight-${n}`,
    Array.from({ length: 20 }, (__, i) => noted(i, { filler })),
    'none',
  ),
);
setTimeout(() => void node.kill(), 150);
const results = await Promise.allSettled(appends);
const failed = results.filter((result) => result.status === 'rejected' && (result.reason as Error).name === 'StoreUnavailable').length;
// Whatever is rejected where nobody catches it ends the process within this time.
await new Promise((resolve) => setTimeout(resolve, 300));
await store.close();
await rm(dataDir, { recursive: true });
process.stdout.write(`${failed} of ${results.length} failed with StoreUnavailable\n`);
