export { spawnEventNode, type SpawnedEventNode } from './testing/spawn.ts';
