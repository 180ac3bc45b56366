/** What a test may ask of the child that runs the product. */
export type Order =
  | { readonly order: 'seed' }
  | { readonly order: 'hire' }
  | { readonly order: 'view'; readonly view: View; readonly about: string };

/** Reads of the vendors' own APIs with read-only credentials. */
export type View = 'oktaUser' | 'oktaGroups' | 'oktaApps' | 'entraUser' | 'entraManager' | 'entraGroups';

export interface Asked {
  readonly id: number;
  readonly order: Order;
}

export interface Answered {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}
