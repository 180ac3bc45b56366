export { connectOkta } from './connect-okta.ts';
export type { OktaDependencies } from './connect-okta.ts';
export { oktaManifest } from './manifest.ts';
export { decodeDelivery, SECRET_HEADER } from './decode-delivery.ts';
