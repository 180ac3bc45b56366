import { chmod, cp, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Binaries, isReachableByOthers } from './binaries.ts';

/**
 * For root: binaries that the user `postgres` can start. PostgreSQL looks at its own file as the user that it runs as, so that no capability helps where the
 * folders above (a clone under /root, a folder made by mktemp) are closed: then it is copied once to the folder for temporary files.
 */
export async function reachableBinaries(binaries: Binaries): Promise<Binaries> {
  if (process.getuid?.() !== 0 || (await isReachableByOthers(binaries.native))) return binaries;
  const { version } = JSON.parse(await readFile(join(dirname(binaries.native), 'package.json'), 'utf8')) as { version: string };
  const copy = join(tmpdir(), `muster-postgres-${version}-${process.arch}`);
  if (!(await isOurs(copy))) await makeCopy(binaries.native, copy);
  const native = join(copy, 'native');
  return { native, initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') };
}

/** Whoever else could write there could have us run anything. */
async function isOurs(folder: string): Promise<boolean> {
  const found = await stat(folder).catch(() => undefined);
  if (!found) return false;
  if (found.uid === 0 && (found.mode & 0o022) === 0) return true;
  throw new Error(`${folder} belongs to somebody else: remove it, or set TMPDIR to a folder of your own that others may enter`);
}

async function makeCopy(from: string, to: string): Promise<void> {
  const draft = await mkdtemp(`${to}.`);
  try {
    await cp(from, join(draft, 'native'), { recursive: true, verbatimSymlinks: true });
    await chmod(draft, 0o755);
    // Another process may have been faster: its copy is as good.
    await rename(draft, to).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}
