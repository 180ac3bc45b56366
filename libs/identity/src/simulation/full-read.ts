import { accountCategory } from '../account.ts';
import { commitPage, completeRead, concludeAbsences, failRead, readCategory, startRead, type Shortfall } from '../read.ts';
import type { Proc } from './clock.ts';
import type { Ingestion } from './ingestion.ts';
import { transact } from './transact.ts';
import type { ConnectionSetup, World } from './world.ts';

const PAGE = 5;
const AGAIN = 120_000;

/** Reads everything, page by page, and concludes what is gone only if nothing speaks against it. */
export class FullReader {
  readonly #world: World;
  readonly #setup: ConnectionSetup;
  readonly #ingestion: Ingestion;

  constructor(world: World, setup: ConnectionSetup, ingestion: Ingestion) {
    this.#world = world;
    this.#setup = setup;
    this.#ingestion = ingestion;
  }

  start(): void {
    this.#world.spawn(this.#read(), () => this.#again());
  }

  #again(): void {
    const { clock, random } = this.#world;
    clock.at(clock.now + AGAIN + random.between(0, 10_000), () => this.start());
  }

  get #target() {
    return { category: readCategory, stream: `read-${this.#setup.name}` };
  }

  *#read(): Proc {
    const world = this.#world;
    const connection = this.#setup.name;
    const open = world.store.load(readCategory, this.#target.stream).state.open;
    if (open)
      yield* transact(
        world,
        this.#target,
        failRead(connection, open.read.readId, { code: 'target.unavailable', kind: 'transient', message: 'begun again' }),
      );
    const read = this.#ingestion.connector.nextRead('full');
    yield* transact(world, this.#target, startRead({ connection, read, scopes: ['users'] }));
    const seen = new Set<string>();
    const expected = this.#visible().length;
    const shortfalls = yield* this.#pages(read, seen);
    if (shortfalls === 'failed') return this.#again();
    const missingPermissions = this.#ingestion.connector.isTrimmed() ? ['Member.Read.Hidden'] : [];
    const end = { finishedAt: world.now, permissions: [], missingPermissions, shortfalls, expected: { users: expected } };
    const { events } = yield* transact(world, this.#target, completeRead(read.readId, end));
    for (const event of events) {
      if (event.type !== 'ReadCompleted') continue;
      if (!event.data.complete) this.#again();
      for (const id of concludeAbsences(event.data, this.#known(), { seen, settleMs: this.#setup.settleMs }))
        this.#ingestion.hint(id, 'full-read');
    }
  }

  /** What some replica shows of everything now. */
  #visible() {
    const vendor = this.#world.vendor(this.#setup.name);
    return vendor.ids.flatMap((id) => (this.#ingestion.connector.isHidden(id) ? [] : (vendor.replica(id) ?? [])));
  }

  *#pages(read: ReturnType<Ingestion['connector']['nextRead']>, seen: Set<string>): Proc<Shortfall[] | 'failed'> {
    const { faults } = this.#world;
    const list = this.#visible();
    const pages = Math.max(1, Math.ceil(list.length / PAGE));
    for (let page = 0; page < pages; page += 1) {
      yield this.#world.latency(1500);
      if (faults.strikes('full read failed', 0.08)) return 'failed';
      if (faults.strikes('full read short', 0.08)) return [];
      if (faults.strikes('full read partial', 0.08))
        return [{ code: 'read.page_missing', scope: 'users', message: 'a page was not received' }];
      const items = list.slice(page * PAGE, page * PAGE + PAGE);
      const again = faults.strikes('page repeated', 0.08) ? items : [];
      for (const account of [...items, ...again]) {
        seen.add(account.id);
        const trimmed = this.#ingestion.connector.isTrimmed();
        const sight = this.#ingestion.connector.sightOf(account, read, { trimmed });
        const { revision } = this.#world.store.load(accountCategory, this.#ingestion.stream(account.id));
        if (revision < 0) yield* this.#ingestion.record(account.id, sight);
        else if (this.#ingestion.differs(account.id, sight)) this.#ingestion.hint(account.id);
      }
      yield* transact(
        this.#world,
        this.#target,
        commitPage({ connection: this.#setup.name, readId: read.readId, scope: 'users', page, items: items.length }),
      );
      faults.crash('crash between append and commit', 0.02);
    }
    return [];
  }

  #known(): { id: string; since: string }[] {
    const prefix = `account-${this.#setup.name}.`;
    const streams = new Set(this.#world.store.log.flatMap(({ stream }) => (stream.startsWith(prefix) ? [stream] : [])));
    return [...streams].flatMap((stream) => {
      const { state } = this.#world.store.load(accountCategory, stream);
      return state.existence === 'there' && state.since !== undefined ? [{ id: stream.slice(prefix.length), since: state.since }] : [];
    });
  }
}
