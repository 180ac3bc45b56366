export { InMemoryKeyRing, FileKeyRing } from './testing/key-rings.ts';
