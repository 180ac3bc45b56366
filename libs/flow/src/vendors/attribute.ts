/** One attribute of a target's account, as its vendor documents it. */
export interface VendorAttribute {
  readonly type: 'string' | 'boolean' | 'integer' | 'strings';
  /** No account is made without it. */
  readonly required?: true;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  /** Set if it cannot be written: why, and what to do instead. */
  readonly readOnly?: string;
  /** Set if it is written only where the connection declares it: why. Elsewhere a wish for it is left out. */
  readonly ifDeclared?: string;
  /** Set if it is no attribute of a mapping but a key of the account step. */
  readonly key?: 'enabled' | 'manager';
}

/** What is known of the accounts of one kind of target. */
export interface VendorCatalogue {
  readonly kind: string;
  readonly title: string;
  readonly attributes: Readonly<Record<string, VendorAttribute>>;
  /** Holds the manager as a reference to an account, not as text. */
  readonly managerIsReference: boolean;
  /** Why apps are not assigned to accounts directly, if so. */
  readonly appsThroughGroups?: string;
}
