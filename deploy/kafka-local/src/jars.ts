import { execFile } from 'node:child_process';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const OLDEST_JAVA = 17;
const DOWNLOAD_TIMEOUT_MS = 300_000;

/** This machine cannot run a Kafka broker; the message says what to install. */
export class CannotRunKafka extends Error {
  override readonly name = 'CannotRunKafka';
}

/** Throws CannotRunKafka unless there is a Java that the broker runs on. */
export async function requireJava(env: NodeJS.ProcessEnv = process.env): Promise<void> {
  const answer = await run('java', ['-version'], { env }).catch((cause: unknown) => {
    throw new CannotRunKafka(
      `Real Kafka needs Java ${OLDEST_JAVA} or newer, and there is no "java" on the PATH. Install a JRE (Debian: apt-get install default-jre-headless), or run without Kafka.`,
      { cause },
    );
  });
  const version = Number(/version "(\d+)/.exec(answer.stderr + answer.stdout)?.[1] ?? 0);
  if (version < OLDEST_JAVA)
    throw new CannotRunKafka(
      `Real Kafka needs Java ${OLDEST_JAVA} or newer, this machine has ${version || 'an unknown version'}. Install a newer JRE, or run without Kafka.`,
    );
}

/**
 * The folder with the broker's jars: MUSTER_KAFKA_LIB, else the cache folder of the workspace, where Maven puts them at the first call (about 45 MB). Of
 * several processes that do so at once, all end with the same complete folder.
 */
export async function kafkaJars(): Promise<string> {
  const given = process.env['MUSTER_KAFKA_LIB'];
  if (given) return requireJars(resolve(given));
  const folder = join(await cacheFolder(), 'muster-kafka', '4.4.0');
  if (await hasJars(folder)) return folder;
  const draft = `${folder}.${process.pid}`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true });
  try {
    await download(draft);
    await rename(draft, folder).catch(async (error: unknown) => {
      if (!(await hasJars(folder))) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return folder;
}

async function download(folder: string): Promise<void> {
  await run('mvn', ['-version']).catch((cause: unknown) => {
    throw new CannotRunKafka(
      'Real Kafka is fetched by Maven, and there is no "mvn" on the PATH. Install Maven (Debian: apt-get install maven), or set MUSTER_KAFKA_LIB to a folder with the jars of Apache Kafka 4.',
      { cause },
    );
  });
  const pom = join(import.meta.dirname, '..', 'pom.xml');
  const args = ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${folder}`];
  await run('mvn', args, { timeout: DOWNLOAD_TIMEOUT_MS, maxBuffer: 16 * 1024 * 1024 }).catch((cause: { stdout?: string }) => {
    throw new CannotRunKafka(`Maven could not fetch Apache Kafka: ${(cause.stdout ?? '').trim().slice(-600)}`, { cause });
  });
}

async function cacheFolder(): Promise<string> {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const modules = join(folder, 'node_modules');
    if (await isFolder(modules)) return join(modules, '.cache');
  }
  throw new Error('There is no node_modules above this package');
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

const hasJars = async (folder: string): Promise<boolean> =>
  (await readdir(folder).catch(() => [])).some((name) => /^kafka_2\.\d+-4\./.test(name));

async function requireJars(folder: string): Promise<string> {
  if (!(await hasJars(folder)))
    throw new CannotRunKafka(`MUSTER_KAFKA_LIB names ${folder}, which does not hold the jars of Apache Kafka 4`);
  return folder;
}
