import { setTimeout as sleep } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { faultOf, SERVICE, type ServiceContext } from '@muster/service-kit';
import { type Claimed, type Handled, runWorkers, type Workers } from '@muster/work';
import { lookAgainIfSettingsChanged } from './changed-connections.ts';
import { markDirty } from './dirty.ts';
import { type FlowChange, Governance } from './governance.ts';
import { KeptStreams } from './kept-streams.ts';
import { flowsHeardUpTo, noteFlowsHeard } from './flows-heard.ts';
import { markEverybody, runForFlow } from './open-run.ts';
import { indexedUpToNow } from './indexed.ts';
import { putQuestion } from './put-question.ts';
import { reconcileIdentity, type Reconciling } from './reconcile-identity.ts';
import { JUDGE_RUN, OPEN_CASE, parseCaseKey, RECONCILE } from './rows.ts';
import { forgetOldMembers } from './run-rows.ts';
import { settleRun } from './settle-run.ts';
import { TargetObjects } from './target-objects.ts';

const AT_ONCE = 8;
const INDEX_POLL_MS = 100;
const QUIET_MS = 5_000;
const PATIENCE_MS = 15 * 60_000;

/** Looks at whoever is marked, one row at a time for each person. */
@Injectable()
export class Reconciler implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly governance: Governance;
  readonly #service: ServiceContext;
  readonly #objects = new TargetObjects();
  readonly #streams = new KeptStreams();
  #workers: Workers | undefined;
  #starting: Promise<void> = Promise.resolve();

  constructor(@Inject(SERVICE) service: ServiceContext) {
    this.#service = service;
    this.governance = new Governance(service.store, service.logger, {
      beforeFlow: (change: FlowChange) => runForFlow(this.work, change),
      heardUpTo: () => flowsHeardUpTo(service.database.db),
      heard: (position) => noteFlowsHeard(service.database.db, position),
      afterFlows: (cause) => markEverybody(service.database.db, cause),
      onCase: (identityId, cause) => markDirty(service.database.db, [{ identityId, lane: 'live', cause }]),
    });
  }

  get work(): Reconciling {
    const { store, database, connections } = this.#service;
    const [objects, streams] = [this.#objects, this.#streams];
    return { store, db: database.db, governance: this.governance, connections, objects, streams, now: () => this.#service.now() };
  }

  onApplicationBootstrap(): void {
    this.governance.start();
    this.#starting = this.#startWhenIndexed();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#starting;
    await this.governance.stop();
    await this.#workers?.stop();
  }

  /** An index that is being made again knows of some groups and accounts and not of others: plans made meanwhile would be about nothing but that. */
  async #startWhenIndexed(): Promise<void> {
    const { database, logger, settings, inProgress, closing } = this.#service;
    const isIndexed = await this.#indexedUpTo();
    while (!closing.aborted && !(await isIndexed())) await sleep(INDEX_POLL_MS, undefined, { signal: closing }).catch(() => {});
    if (closing.aborted) return;
    if (await this.#settingsChanged()) logger.info('settings of connections changed: everybody is looked at again');
    this.#workers = runWorkers({
      store: database,
      kinds: [RECONCILE, OPEN_CASE, JUDGE_RUN],
      concurrency: AT_ONCE,
      handle: (claimed) => this.#work(claimed),
      faultOf,
      log: logger,
      timeFactor: settings.timeFactor,
      onInProgress: (change) => inProgress.inc({ kind: 'work' }, change),
    });
  }

  async #indexedUpTo(): Promise<() => Promise<boolean>> {
    const { database, store, logger, settings, closing } = this.#service;
    try {
      return await indexedUpToNow({ db: database.db, store, transport: settings.transport.kind });
    } catch (error) {
      logger.warn({ error: String(error) }, 'it cannot be told how far the index is; asking again');
      await sleep(INDEX_POLL_MS * 10, undefined, { signal: closing }).catch(() => {});
      return closing.aborted ? () => Promise.resolve(true) : this.#indexedUpTo();
    }
  }

  async #settingsChanged(): Promise<boolean> {
    const { database, connections, logger, closing } = this.#service;
    while (!closing.aborted) {
      try {
        return await lookAgainIfSettingsChanged(database.db, connections);
      } catch (error) {
        logger.warn({ error: String(error) }, 'it cannot be told whether settings changed; asking again');
        await sleep(INDEX_POLL_MS * 10, undefined, { signal: closing }).catch(() => {});
      }
    }
    return false;
  }

  async #work({ kind, key, lane }: Claimed): Promise<Handled> {
    if (kind === OPEN_CASE) return putQuestion(this.#service.store, parseCaseKey(key), this.#service.now());
    if (kind === JUDGE_RUN) return this.#settle(key);
    return reconcileIdentity(this.work, key, lane === 'batch' ? 'batch' : 'live');
  }

  async #settle(runId: string): Promise<Handled> {
    const { scaled } = this.#service;
    const next = await settleRun({ ...this.work, quietMs: scaled(QUIET_MS), patienceMs: scaled(PATIENCE_MS) }, runId);
    if (next !== undefined) return { next };
    await forgetOldMembers(this.work.db, this.#service.now());
  }
}
