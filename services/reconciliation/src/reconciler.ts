import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { faultOf } from '@muster/connector';
import { SERVICE, type ServiceContext } from '@muster/service-kit';
import { type Claimed, type Handled, runWorkers, type Workers } from '@muster/work';
import { sql } from 'kysely';
import { Governance, type GovernanceChange } from './governance.ts';
import { putQuestion } from './put-question.ts';
import { reconcileIdentity, type Reconciling } from './reconcile-identity.ts';
import { markDirty, OPEN_CASE, parseCaseKey, RECONCILE } from './rows.ts';

const AT_ONCE = 8;

/** Looks at whoever is marked, one row at a time for each person. */
@Injectable()
export class Reconciler implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly governance: Governance;
  readonly #service: ServiceContext;
  #workers: Workers | undefined;

  constructor(@Inject(SERVICE) service: ServiceContext) {
    this.#service = service;
    this.governance = new Governance(service.store, service.logger, (change) => this.#lookAgain(change));
  }

  get work(): Reconciling {
    const { store, database, connections } = this.#service;
    return { store, db: database.db, governance: this.governance, connections, now: () => this.#service.now() };
  }

  onApplicationBootstrap(): void {
    const { database, logger, settings, inProgress } = this.#service;
    this.governance.start();
    this.#workers = runWorkers({
      store: database,
      kinds: [RECONCILE, OPEN_CASE],
      concurrency: AT_ONCE,
      handle: (claimed) => this.#work(claimed),
      faultOf,
      log: logger,
      timeFactor: settings.timeFactor,
      onInProgress: (change) => inProgress.inc({ kind: 'work' }, change),
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.governance.stop();
    await this.#workers?.stop();
  }

  async #work({ kind, key }: Claimed): Promise<Handled> {
    if (kind === OPEN_CASE) return putQuestion(this.#service.store, parseCaseKey(key), this.#service.now());
    const next = await reconcileIdentity(this.work, key);
    return next === undefined ? undefined : { next };
  }

  async #lookAgain(change: GovernanceChange): Promise<void> {
    const { db } = this.#service.database;
    if (change !== 'everybody') return markDirty(db, change);
    const { rows } = await sql<{ identity_id: string }>`select identity_id from person`.execute(db);
    return markDirty(
      db,
      rows.map((row) => row.identity_id),
      'batch',
    );
  }
}
