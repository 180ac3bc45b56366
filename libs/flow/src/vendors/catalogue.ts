import type { VendorAttribute, VendorCatalogue } from './attribute.ts';
import { graphUser } from './graph-user.ts';
import { oktaUser } from './okta-user.ts';

/** Kinds of connection that flows can write to. */
export type TargetKind = 'okta' | 'entra';

const catalogues: Readonly<Record<TargetKind, VendorCatalogue>> = { okta: oktaUser, entra: graphUser };

/** The catalogue of a kind; undefined for one that flows do not write to. */
export const catalogueOf = (kind: string): VendorCatalogue | undefined =>
  Object.hasOwn(catalogues, kind) ? catalogues[kind as TargetKind] : undefined;

/** A custom attribute of the vendor's schema. */
const CUSTOM: VendorAttribute = { type: 'string' };

/** An attribute of a target; one that the vendor does not document is known only if the connection declares it, and is a text. */
export const attributeOf = (catalogue: VendorCatalogue, name: string, declared: readonly string[] = []): VendorAttribute | undefined => {
  if (Object.hasOwn(catalogue.attributes, name)) return catalogue.attributes[name];
  return declared.includes(name) ? CUSTOM : undefined;
};

/** Whether a wish for the attribute is sent to this connection at all. */
export const isOffered = (attribute: VendorAttribute, name: string, declared: readonly string[] = []): boolean =>
  attribute.ifDeclared === undefined || declared.includes(name);

/** The attributes without which no account is made, `enabled` left aside. */
export const requiredAttributes = (catalogue: VendorCatalogue): readonly string[] =>
  Object.entries(catalogue.attributes)
    .filter(([, attribute]) => attribute.required && attribute.key === undefined)
    .map(([name]) => name);
