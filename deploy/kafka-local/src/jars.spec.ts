import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CannotRunKafka, kafkaJars, requireJava } from './jars.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'muster-path-'));
});
afterEach(async () => {
  delete process.env['MUSTER_KAFKA_LIB'];
  await rm(folder, { recursive: true, force: true });
});

const pretend = (program: string, script: string): Promise<void> =>
  writeFile(join(folder, program), `#!/bin/sh\n${script}\n`, { mode: 0o755 });

describe('a machine that cannot run Kafka', () => {
  it('is told to install Java if there is none', async () => {
    await expect(requireJava({ PATH: folder })).rejects.toThrow(/Java 17 or newer, and there is no "java"/);
  });

  it('is told if its Java is too old', async () => {
    await pretend('java', 'echo \'openjdk version "11.0.2" 2019-01-15\' >&2');
    await expect(requireJava({ PATH: `${folder}:${process.env['PATH']}` })).rejects.toThrow(/this machine has 11/);
  });

  it('is told that a folder of jars holds none', async () => {
    process.env['MUSTER_KAFKA_LIB'] = folder;
    await expect(kafkaJars()).rejects.toThrow(CannotRunKafka);
    await expect(kafkaJars()).rejects.toThrow(/MUSTER_KAFKA_LIB/);
  });
});
