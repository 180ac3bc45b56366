import { recordWorker, workerCategory } from '../worker.ts';
import { workerRecord } from '../testing.ts';
import type { Proc } from './clock.ts';
import { Connector } from './connector.ts';
import type { FaultKind } from './faults.ts';
import { FullReader } from './full-read.ts';
import { disorder } from './history.ts';
import { Ingestion } from './ingestion.ts';
import { judge, type Outcome, type Side, type Violation } from './oracle.ts';
import { Sender } from './provisioning-shell.ts';
import { Reconciliation } from './reconciliation.ts';
import { appear, applyEdit, layBaseline, poison, undoSome, type Baseline } from './outside.ts';
import { writeScript, type Delivery, type HrVersion, type Script } from './script.ts';
import { transact } from './transact.ts';
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

/** What is built into a world before it starts. */
interface Cast {
  readonly script: Script;
  readonly readers: readonly FullReader[];
  readonly baselines: ReadonlyMap<string, Baseline>;
  /** PostgreSQL is lost, with everything in it. */
  readonly loseRows: () => void;
}

const nobody: Baseline = { existing: new Map(), strangers: new Set() };

const scriptOf = (world: World): Script => {
  const { people, changesEach, outside, faults } = world.setup;
  const disorderly = faults === 0 ? { disorder: 0, strangers: 0 } : { disorder: 0.25, strangers: 0.3 };
  const connections = world.connections.map(({ name }) => name);
  return writeScript({ people, changesEach, outside, connections, start: START + 3 * MINUTE, ...disorderly }, world.random);
};

const assemble = (world: World): Cast => {
  const script = scriptOf(world);
  const connectors = new Map(world.connections.map(({ name }) => [name, new Connector(world, name, trimmedTimes(world))]));
  const ingestions = world.connections.flatMap((connection) => {
    const connector = connectors.get(connection.name);
    return connector ? [new Ingestion(world, connection, connector)] : [];
  });
  const readers = ingestions.map((ingestion) => new FullReader(world, world.connection(ingestion.connector.name), ingestion));
  const baselines = new Map(world.connections.map(({ name }) => [name, layBaseline(world, name, script)]));
  for (const vendor of world.vendors.values()) undoSome(world, vendor);
  const reconciliation = new Reconciliation(world);
  const sender = new Sender(world, connectors);
  const loseRows = (): void => {
    world.faults.note('rows lost');
    reconciliation.loseRows();
    for (const ingestion of ingestions) ingestion.loseRows();
    sender.rows.lose();
    // Hints that were open are lost with the rows: only a full read finds what they were about.
    for (const reader of readers) reader.start();
  };
  return { script, readers, baselines, loseRows };
};

/** Puts everything on the clock that happens by itself; gives the time from which nothing more goes wrong. */
const schedule = (world: World, { script, readers, baselines, loseRows }: Cast): number => {
  const { clock, faults, random, setup } = world;
  const readAll = (): void => {
    for (const reader of readers) reader.start();
  };
  for (const stranger of script.strangers) clock.at(stranger.at, () => appear(world, stranger, baselines.get(stranger.connection)));
  for (const delivery of script.deliveries) clock.at(delivery.at, () => hear(world, delivery));
  for (const edit of script.edits) clock.at(edit.at, () => applyEdit(world, edit));
  const calmAt = script.endsAt + 20 * MINUTE;
  if (setup.faults > 0 && random.chance(0.6)) clock.at(START + 4 * MINUTE, () => poison(world));
  if (setup.faults > 0 && random.chance(0.3)) clock.at(random.between(START + 3 * MINUTE, calmAt), loseRows);
  for (const [index, { settleMs }] of world.connections.entries())
    clock.at(START + settleMs + random.between(0, 5000), () => readers[index]?.start());
  clock.at(random.between(START + 5 * MINUTE, script.endsAt + 10 * MINUTE), readAll);
  clock.at(calmAt, () => {
    faults.calm = true;
  });
  for (const after of [15, 30, 75]) clock.at(calmAt + after * MINUTE, readAll);
  return calmAt;
};

/** Builds a world from its seed, plays it to its end and judges what came of it. */
export const play = (setup: WorldSetup): Played => {
  const world = new World(setup);
  const cast = assemble(world);
  const { script, baselines } = cast;
  for (const kind of disorder(script.deliveries)) world.faults.note(kind);
  const calmAt = schedule(world, cast);
  const cameToRest = world.clock.run(MOST_STEPS);
  const outcome: Outcome = {
    deliveries: script.deliveries,
    identityOf: new Map(script.people.map((key) => [key, world.names.identityId(key)])),
    sides: world.connections.map(({ name }) => sideOf(world, name, baselines.get(name) ?? nobody)),
    events: world.store.log.map(({ stream, type, at, data }) => ({ stream, type, at, data: data as Record<string, unknown> })),
    quietAt: calmAt + 60 * MINUTE,
    removes: setup.removals === 'send',
    cameToRest,
    bugs: world.bugs,
  };
  return { violations: judge(outcome), fired: world.faults.fired, world, script, outcome };
};

/** A push is answered only after the append; without an answer HR pushes again. */
const hear = (world: World, delivery: Delivery): void => {
  world.spawn(receive(world, delivery), () => world.clock.at(world.clock.now + 5000, () => hear(world, delivery)));
};
