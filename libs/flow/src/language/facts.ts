import type { Profile, WorkerRecord } from '@muster/contracts';
import { clearedView, viewOf, type View } from './views.ts';

const UNKNOWN_MANAGER = viewOf('Manager', {});
const NO_MANAGER = clearedView('Manager');

/** What is known of the person's manager; null: the person has none. */
export type ManagerFacts = { readonly employeeNumber?: string; readonly name?: string; readonly hasAccount?: boolean } | null;

/** What expressions are evaluated over: facts of one person, and of the connection that the value is meant for. */
export class Facts {
  readonly identity: View;
  readonly manager: View;
  readonly login: string | undefined;
  readonly domain: string | undefined;
  readonly #record: WorkerRecord | undefined;
  #worker: View | undefined;

  constructor(
    person: { identity: View; record?: WorkerRecord; login?: string },
    manager: ManagerFacts | undefined,
    domain: string | undefined,
  ) {
    this.identity = person.identity;
    this.#record = person.record;
    this.login = person.login;
    this.domain = domain;
    if (manager === undefined) this.manager = UNKNOWN_MANAGER;
    else this.manager = manager === null ? NO_MANAGER : viewOf('Manager', manager);
  }

  /** Few expressions read the record itself, so it is converted when the first one does. */
  get worker(): View {
    return (this.#worker ??= viewOf('Worker', { ...this.#record }));
  }

  /** The view of the canonical attributes; one serves all connections. */
  static identityView(attributes: Profile, lifecycle: string): View {
    return viewOf('Identity', { ...attributes, lifecycle });
  }
}
