import { recordWorker, workerCategory } from '../worker.ts';
import { workerRecord } from '../testing.ts';
import type { Proc } from './clock.ts';
import { Connector } from './connector.ts';
import type { FaultKind } from './faults.ts';
import { FullReader } from './full-read.ts';
import { Ingestion } from './ingestion.ts';
import { judge, type Outcome, type Side, type Violation } from './oracle.ts';
import { Sender } from './provisioning-shell.ts';
import { Reconciliation } from './reconciliation.ts';
import { writeScript, type AdminEdit, type Delivery, type HrVersion, type Script, type Stranger } from './script.ts';
import { transact } from './transact.ts';
import type { TrueAccount, Vendor } from './vendor.ts';
import { START, World, type WorldSetup } from './world.ts';

const MINUTE = 60_000;
const MOST_STEPS = 400_000;

export interface Played {
  readonly violations: readonly Violation[];
  readonly fired: ReadonlyMap<FaultKind, number>;
  readonly world: World;
  readonly script: Script;
  readonly outcome: Outcome;
}

interface Baseline {
  readonly existing: Map<string, string>;
  readonly strangers: Set<string>;
}

/** The record as HR would push it. */
const recordOf = (version: HrVersion) =>
  workerRecord({
    key: version.key,
    given: version.given,
    family: version.family,
    title: version.title,
    department: version.department,
    manager: version.manager,
    worker: { status: version.status, hireDate: '2026-03-01', leaveDate: null },
  });

/** hr-ingestion: what was accepted is in the store. An answer that gets lost makes HR push again. */
function* receive(world: World, { version }: Delivery): Proc {
  const stream = world.names.worker(version.key);
  const stated = {
    connection: 'hr-main',
    workerKey: version.key,
    sourceKey: `${version.key}-v${version.version}`,
    recordVersion: version.version,
    effectiveFrom: '2026-03-01',
    record: recordOf(version),
  };
  yield* transact(world, { category: workerCategory, stream }, recordWorker(stated));
  world.faults.crash('crash between append and commit', 0.02);
}

const noteHistory = (world: World, deliveries: readonly Delivery[]): void => {
  const highest = new Map<string, HrVersion>();
  const heard = new Set<string>();
  for (const { version } of deliveries) {
    const id = `${version.key} ${version.version}`;
    const before = highest.get(version.key);
    if (heard.has(id)) world.faults.note('record repeated');
    else if (before && before.version > version.version) world.faults.note('record late');
    if (before && before.version > version.version) world.faults.note('record reordered');
    if (version.version === 1 && version.status === 'terminated') world.faults.note('first seen terminated');
    if (version.version > 1 && ['terminated', 'rescinded'].includes(version.status)) world.faults.note('terminated meanwhile');
    if (before && ['terminated', 'rescinded'].includes(before.status) && version.status === 'active')
      world.faults.note('rehired or rescinded');
    heard.add(id);
    if (before === undefined || before.version < version.version) highest.set(version.key, version);
  }
};

const blank: Omit<TrueAccount, 'id' | 'login'> = { profile: {}, enabled: true, manager: null, groups: [], apps: [] };

/** Accounts that were there before us, some of them of our people, some with a login that one of them would get. */
const layBaseline = (world: World, connection: string, script: Script): Baseline => {
  const { random, faults } = world;
  const vendor = world.vendor(connection);
  const baseline: Baseline = { existing: new Map(), strangers: new Set() };
  for (const key of script.people) {
    if (!faults.strikes('existing account', 0.15)) continue;
    const account = {
      ...blank,
      login: `old${key}@example.com`,
      profile: { employeeNumber: key, title: 'Old' },
      enabled: !random.chance(0.2),
    };
    baseline.existing.set(key, vendor.found(account));
  }
  if (faults.strikes('login taken by a stranger', 0.2))
    baseline.strangers.add(vendor.add({ ...blank, login: 'ada.byron@example.com' }, 'admin'));
  return baseline;
};

const editChange = (edit: AdminEdit, account: TrueAccount): Partial<TrueAccount> => {
  switch (edit.do) {
    case 'disable':
    case 'enable':
      return { enabled: edit.do === 'enable' };
    case 'drift':
      return { profile: { ...account.profile, [edit.field]: edit.value } };
    case 'ungroup':
      return { groups: [] };
    case 'rename':
      return { login: `renamed.${account.login}` };
    case 'delete':
      return {};
  }
};

const editKinds: Record<AdminEdit['do'], FaultKind> = {
  disable: 'disabled by hand',
  enable: 'enabled by hand',
  drift: 'drift by hand',
  ungroup: 'membership removed by hand',
  rename: 'login renamed by hand',
  delete: 'deleted by hand',
};

const applyEdit = (world: World, edit: AdminEdit): void => {
  const vendor = world.vendor(edit.connection);
  const found = vendor.everything().find(({ account, deleted }) => !deleted && account.profile['employeeNumber'] === edit.key);
  if (found === undefined) return;
  const done = edit.do === 'delete' || vendor.edit(found.account.id, 'admin', editChange(edit, found.account));
  if (edit.do === 'delete') vendor.remove(found.account.id, 'admin');
  if (done) world.faults.note(editKinds[edit.do]);
};

/** Random moments at which a credential sees less than it should. */
const trimmedTimes = (world: World): [number, number][] =>
  world.setup.faults > 0 && world.random.chance(0.3)
    ? [[START + world.random.between(1, 20) * MINUTE, 0]].map(([from = 0]) => [from, from + world.random.between(1, 4) * MINUTE])
    : [];

const sideOf = (world: World, connection: string, baseline: Baseline): Side => {
  const vendor = world.vendor(connection);
  const { state, reference, logLagMs, settleMs } = world.connection(connection);
  return {
    name: connection,
    live: state === 'live',
    reference,
    logLagMs,
    settleMs,
    accounts: vendor.everything(),
    journal: vendor.journal,
    log: vendor.log,
    poisoned: vendor.poisoned,
    ...baseline,
  };
};

/** Builds a world from its seed, plays it to its end and judges what came of it. */
export const play = (setup: WorldSetup): Played => {
  const world = new World(setup);
  const { clock, faults, random } = world;
  const script = writeScript(
    {
      people: setup.people,
      changesEach: setup.changesEach,
      start: START + 3 * MINUTE,
      connections: world.connections.map(({ name }) => name),
      outside: setup.outside,
      disorder: setup.faults === 0 ? 0 : 0.25,
      strangers: setup.faults === 0 ? 0 : 0.3,
    },
    random,
  );
  noteHistory(world, script.deliveries);
  const connectors = new Map(world.connections.map(({ name }) => [name, new Connector(world, name, trimmedTimes(world))]));
  const baselines = new Map<string, Baseline>();
  const readers: FullReader[] = [];
  const ingestions: Ingestion[] = [];
  for (const connection of world.connections) {
    const connector = connectors.get(connection.name) ?? new Connector(world, connection.name, []);
    const ingestion = new Ingestion(world, connection, connector);
    ingestions.push(ingestion);
    readers.push(new FullReader(world, connection, ingestion));
    baselines.set(connection.name, layBaseline(world, connection.name, script));
  }
  for (const stranger of script.strangers) clock.at(stranger.at, () => appear(world, stranger, baselines.get(stranger.connection)));
  for (const vendor of world.vendors.values()) undoSome(world, vendor);
  const reconciliation = new Reconciliation(world);
  const sender = new Sender(world, connectors);
  const readAll = (): void => {
    for (const reader of readers) reader.start();
  };
  for (const delivery of script.deliveries) clock.at(delivery.at, () => hear(world, delivery));
  for (const edit of script.edits) clock.at(edit.at, () => applyEdit(world, edit));
  const poisons = setup.faults > 0 && setup.people > 1 && random.chance(0.6);
  if (poisons) clock.at(START + 4 * MINUTE, () => poison(world));
  const calmAt = script.endsAt + 20 * MINUTE;
  const loseAll = (): void => {
    faults.note('rows lost');
    reconciliation.loseRows();
    for (const ingestion of ingestions) ingestion.loseRows();
    sender.rows.lose();
    readAll();
  };
  if (setup.faults > 0 && random.chance(0.3)) clock.at(random.between(script.deliveries[0]?.at ?? START, calmAt), loseAll);
  for (const [index, { settleMs }] of world.connections.entries())
    clock.at(START + settleMs + random.between(0, 5000), () => readers[index]?.start());
  clock.at(random.between(START + 5 * MINUTE, script.endsAt + 10 * MINUTE), readAll);
  clock.at(calmAt, () => {
    faults.calm = true;
  });
  for (const after of [15, 30, 75]) clock.at(calmAt + after * MINUTE, readAll);
  const cameToRest = clock.run(MOST_STEPS);
  const outcome: Outcome = {
    deliveries: script.deliveries,
    identityOf: new Map(script.people.map((key) => [key, world.names.identityId(key)])),
    sides: world.connections.map(({ name }) => sideOf(world, name, baselines.get(name) ?? { existing: new Map(), strangers: new Set() })),
    events: world.store.log.map(({ stream, type, at, data }) => ({ stream, type, at, data: data as Record<string, unknown> })),
    quietAt: calmAt + 60 * MINUTE,
    removes: setup.hold.disables === 'send',
    cameToRest,
    bugs: world.bugs,
  };
  return { violations: judge(outcome), fired: faults.fired, world, script, outcome };
};

/** A push is answered only after the append; without an answer HR pushes again. */
const hear = (world: World, delivery: Delivery): void => {
  world.spawn(receive(world, delivery), () => world.clock.at(world.clock.now + 5000, () => hear(world, delivery)));
};

/** A second writer: now and then somebody undoes what we wrote, before or after anybody has read it. */
const undoSome = (world: World, vendor: Vendor): void => {
  const { clock, faults, random } = world;
  const tell = vendor.onChange;
  vendor.onChange = (entry) => {
    tell(entry);
    const ours = entry.actor === 'muster' && entry.what !== 'created' && entry.what !== 'deleted';
    if (!ours || world.setup.outside === 0 || faults.calm || !random.chance(0.06)) return;
    clock.at(clock.now + random.between(1, random.pick([2000, 60_000])), () => {
      if (vendor.undo(entry.accountId, 'admin')) faults.note('our write undone by hand');
    });
  };
};

const appear = (world: World, { connection, login }: Stranger, baseline: Baseline | undefined): void => {
  const vendor = world.vendor(connection);
  if (vendor.logins.has(login)) return;
  world.faults.note('login taken by a stranger');
  baseline?.strangers.add(vendor.add({ ...blank, login }, 'admin'));
};

/** One account that groups refuse from now on. */
const poison = (world: World): void => {
  for (const vendor of world.vendors.values()) {
    const [first] = vendor.ids;
    if (first !== undefined && vendor.truth(first)?.profile['employeeNumber'] !== undefined) vendor.poisoned.add(first);
  }
};
