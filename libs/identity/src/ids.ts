import type { Value } from '@muster/contracts';

/**
 * Names that only the shell can make, as plain functions: the core has no key and no hash. All are deterministic: the same input gives the
 * same name for ever.
 */
export interface Ids {
  /** Opaque id from parts, the same for the same parts. No part holds personal data in clear. */
  commandId(parts: readonly string[]): string;
  /** UUID of a case from parts. */
  caseId(parts: readonly string[]): string;
  /** HMAC under the identity's key over canonical JSON. */
  valueHmac(value: Value | Readonly<Record<string, Value>>): string;
}
