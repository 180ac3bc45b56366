import type { Connection } from '@muster/connector';
import type { SandboxProcess } from '@muster/connector/testing';
import type { Source } from '../source.ts';

export type ReadConfig = Source['config'];

/** The lists of a full read. */
export const PAGE_KINDS = ['users', 'groups', 'apps', 'memberships', 'app-assignments'] as const;
export type PageKind = (typeof PAGE_KINDS)[number];

/** A vendor whose reading is put to the test: its sandbox, and what an administrator does there. */
export interface Vendor {
  readonly name: string;
  readonly kind: ReadConfig['kind'];
  readonly server: 'okta' | 'graph';
  start(): Promise<SandboxProcess>;
  config(sandbox: SandboxProcess, name: string): ReadConfig;
  connect(config: ReadConfig): Connection;
  /** Path of the list of users, and of one user. */
  readonly paths: { readonly users: string; readonly groups: string; user(id: string): string };
  /** The attribute that `edit` sets. */
  readonly title: string;
  /** The list of users begins with an empty page, once. */
  emptyPage(sandbox: SandboxProcess): Promise<unknown>;
  people(sandbox: SandboxProcess): Promise<string[]>;
  edit(sandbox: SandboxProcess, id: string, title: string): Promise<unknown>;
  remove(sandbox: SandboxProcess, id: string): Promise<unknown>;
  /** From now on the place in the log of changes is too old. */
  expireChanges(sandbox: SandboxProcess): Promise<unknown>;
  /** Takes the permission to read users away, and gives it back. */
  permission(sandbox: SandboxProcess, granted: boolean): Promise<unknown>;
}
