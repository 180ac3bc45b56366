import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findBinaries, isReachableByOthers, type Binaries } from './binaries.ts';
import { reachableBinaries } from './reachable-binaries.ts';

let closed: string;
let inside: Binaries;

beforeAll(async () => {
  // mkdtemp makes folders that only their owner may enter.
  closed = await mkdtemp(join(tmpdir(), 'muster-closed-'));
  const { native } = await findBinaries();
  await cp(dirname(native), closed, { recursive: true, verbatimSymlinks: true });
  const bin = join(closed, 'native', 'bin');
  inside = { native: join(closed, 'native'), initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres') };
}, 30_000);
afterAll(() => rm(closed, { recursive: true, force: true }));

describe('binaries in a folder that only root may enter', () => {
  it('are copied, once, to where the user of the server reaches them; for anybody else they stay', async () => {
    const isRoot = process.getuid?.() === 0;
    const found = await reachableBinaries(inside);
    expect(found.native.startsWith(closed)).toBe(!isRoot);
    if (isRoot) expect(await isReachableByOthers(found.native)).toBe(true);
    expect(await reachableBinaries(inside)).toEqual(found);
  }, 30_000);
});
