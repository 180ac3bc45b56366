export { connectEntra } from './connect-entra.ts';
export type { EntraDependencies } from './connect-entra.ts';
export { entraManifest } from './manifest.ts';
export { decodeNotices } from './decode-notices.ts';
