import { execFile } from 'node:child_process';
import { chown, lchown, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isReachableByOthers } from './binaries.ts';

const run = promisify(execFile);

/** How PostgreSQL's programs are started: as we are, or, since PostgreSQL refuses root, as the user `postgres`. */
export interface RunAs {
  command(program: string, args: string[]): { file: string; args: string[] };
  uid?: number;
  gid?: number;
  /** Gives a folder and all in it to that user. */
  own(path: string): Promise<void>;
}

const ourselves: RunAs = { command: (file, args) => ({ file, args }), own: async () => {} };

/**
 * For root: the user `postgres`, created if missing. If that user could not walk into the folders (a clone under /root, a folder made by
 * mktemp), the program is started by setpriv with the one capability it lacks.
 */
export async function runAs(folders: string[]): Promise<RunAs> {
  if (process.getuid?.() !== 0) return ourselves;
  const { uid, gid } = await postgresUser();
  const own = (path: string): Promise<void> => giveTo(path, uid, gid);
  const reachable = (await Promise.all(folders.map(isReachableByOthers))).every(Boolean);
  if (reachable) return { uid, gid, own, command: (file, args) => ({ file, args }) };
  await requireSetpriv(folders);
  const become = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--inh-caps=+dac_override', '--ambient-caps=+dac_override'];
  return { own, command: (program, args) => ({ file: 'setpriv', args: [...become, program, ...args] }) };
}

async function postgresUser(): Promise<{ uid: number; gid: number }> {
  const found = await idsOf('postgres');
  if (found) return found;
  await run('useradd', ['--system', '--user-group', '--no-create-home', 'postgres']).catch((cause: unknown) => {
    throw new Error(
      'PostgreSQL does not run as root, and the user "postgres" could not be created. Start as another user, or create that user.',
      { cause },
    );
  });
  const created = await idsOf('postgres');
  if (!created) throw new Error('The user "postgres" was created but cannot be found');
  return created;
}

async function idsOf(name: string): Promise<{ uid: number; gid: number } | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined;
  }
}

async function requireSetpriv(folders: string[]): Promise<void> {
  await run('setpriv', ['--version']).catch((cause: unknown) => {
    throw new Error(
      `PostgreSQL does not run as root, and the user "postgres" cannot reach ${folders.join(' or ')}. ` +
        'Use folders that others may enter (chmod o+x on those above), install setpriv, or start as another user.',
      { cause },
    );
  });
}

async function giveTo(path: string, uid: number, gid: number): Promise<void> {
  await chown(path, uid, gid);
  for (const entry of await readdir(path, { withFileTypes: true, recursive: true }))
    await lchown(join(entry.parentPath, entry.name), uid, gid);
}
