import type { Credentials } from './credentials.ts';
import type { AuthorizationServer } from './oauth.ts';
import type { Org } from './org.ts';
import type { RateSettings } from './rate-buckets.ts';

/** A running org. */
export interface Okta {
  url: string;
  org: Org;
  credentials: Credentials;
  authorization: AuthorizationServer;
  rates: RateSettings;
}
