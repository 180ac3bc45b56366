import { binaryEvent, EventStoreDBClient } from '@eventstore/db-client';
import { expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnEventNode } from './testing/spawn.ts';
import { take } from './testing/fixture.ts';

const disk = mkdtempSync(join(tmpdir(), 'muster-small-disk-'));
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', disk]).status === 0;
if (!mounted) {
  rmSync(disk, { recursive: true });
  process.stderr.write('\nSKIPPED: the event node on a full disk; it needs the right to mount a tmpfs\n');
}

// In CI nothing may be missing: there it runs, and fails.
(mounted || process.env['CI'] ? it : it.skip)(
  'a full disk refuses appends, leaves everything readable, and takes appends again when there is room',
  async () => {
    const node = await spawnEventNode({ dataDir: disk });
    const client = EventStoreDBClient.connectionString(node.connectionString);
    try {
      const append = () => client.appendToStream('full-1', binaryEvent({ type: 'Big', data: new Uint8Array(20_000) }));
      let acknowledged = 0;
      let refusal: unknown;
      while (refusal === undefined && acknowledged < 1_000) {
        await append().then(
          () => acknowledged++,
          (error: unknown) => (refusal = error),
        );
      }
      // The client keeps the kind and loses the words, which are "The disk is full".
      expect(refusal).toMatchObject({ type: 'unknown' });
      expect(acknowledged).toBeGreaterThan(20);
      expect(await take(client.readStream('full-1'))).toHaveLength(acknowledged);
      spawnSync('mount', ['-o', 'remount,size=40m', disk]);
      const { nextExpectedRevision } = await append();
      expect(nextExpectedRevision).toBe(BigInt(acknowledged));
      await client.dispose();
      await node.stop();
      const again = await spawnEventNode({ dataDir: disk });
      const reader = EventStoreDBClient.connectionString(again.connectionString);
      expect(await take(reader.readStream('full-1'))).toHaveLength(acknowledged + 1);
      await reader.dispose();
      await again.stop();
    } finally {
      await client.dispose();
      await node.kill();
      spawnSync('umount', ['-l', disk]);
      rmSync(disk, { recursive: true, force: true });
    }
  },
  30_000,
);
