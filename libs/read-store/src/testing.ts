import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from './embedded.ts';

/** An embedded PostgreSQL in a temporary folder, for one spec file. `stop` removes it with its data. */
export async function startTemporaryPostgres(): Promise<{ url: string; pid: number; dataDir: string; stop(): Promise<void> }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'muster-pg-'));
  const server = await startEmbeddedPostgres({ dataDir });
  const stop = async (): Promise<void> => {
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  return { url: server.url, pid: server.pid, dataDir, stop };
}

export { startEmbeddedPostgres, type EmbeddedPostgres } from './embedded.ts';
