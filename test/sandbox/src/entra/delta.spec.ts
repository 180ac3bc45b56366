import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { seeded } from '../kit/random.ts';
import type { AnswerFault, Call, JsonObject } from './call.ts';
import { readDelta } from './delta.ts';
import type { DirectoryObject } from './directory-object.ts';
import type { ReadClass, ViewLag } from './directory.ts';
import { OBSERVE } from './permissions.ts';
import { Tenant, type Wish } from './tenant.ts';

/** What a client that only follows delta believes. */
class Replica {
  readonly objects = new Map<string, JsonObject>();
  readonly members = new Map<string, Set<string>>();

  take(item: JsonObject): void {
    const id = item['id'] as string;
    if (item['@removed']) {
      this.objects.delete(id);
      this.members.delete(id);
      return;
    }
    this.objects.set(id, { ...this.objects.get(id), ...item });
    const members = this.members.get(id) ?? new Set();
    for (const entry of (item['members@delta'] ?? []) as JsonObject[]) {
      if (entry['@removed']) members.delete(entry['id'] as string);
      else members.add(entry['id'] as string);
    }
    this.members.set(id, members);
  }
}

const DELAYS: Partial<Record<ReadClass, number>> = { delta: 4_000, membership: 2_000, list: 6_000, object: 3_000 };

/** A world of a few users and groups whose time moves by hand. */
class World {
  time = 1_800_000_000_000;
  readonly random: () => number;
  readonly tenant: Tenant;
  readonly replica = { user: new Replica(), group: new Replica() };
  readonly #links: Record<'user' | 'group', string | undefined> = { user: undefined, group: undefined };
  readonly #faults: boolean;
  fired = 0;

  constructor(seed: number, { lag, faults }: { lag: boolean; faults: boolean }) {
    this.random = seeded(seed);
    this.#faults = faults;
    const delays = new Map<string, number>();
    const view: ViewLag = {
      // each object at its own distance, the same at every read
      delay: (readClass, key) => {
        const name = `${readClass}/${key}`;
        if (!delays.has(name)) delays.set(name, lag ? Math.floor(this.random() * (DELAYS[readClass] ?? 0)) : 0);
        return delays.get(name)!;
      },
      longest: () => (lag ? 6_000 : 0),
      stale: () => undefined,
    };
    const settings = { tenantId: 't', displayName: 'T', domains: ['x'], registrations: [], skus: [] };
    this.tenant = new Tenant({ settings, now: () => this.time, lag: view });
    for (let at = 0; at < 4; at++) {
      this.do({ op: 'create', kind: 'user', id: `u${at}`, properties: { displayName: `U${at}` } });
      this.do({ op: 'create', kind: 'group', id: `g${at}`, properties: { displayName: `G${at}` } });
    }
  }

  do(wish: Wish): void {
    this.tenant.commit(wish, 'user:x', 'c');
  }

  /** Reads a round of both kinds, one page after the other; `between` runs after each page. */
  read(between: () => void = () => undefined): void {
    for (const kind of ['user', 'group'] as const) {
      let link = this.#links[kind];
      for (let turn = 0; turn < 300; turn++) {
        const body = readDelta(kind)(this.tenant, this.#call(link)).body!;
        for (const item of body['value'] as JsonObject[]) this.replica[kind].take(item);
        link = (body['@odata.nextLink'] ?? body['@odata.deltaLink']) as string;
        if (body['@odata.deltaLink']) break;
        between();
      }
      this.#links[kind] = link;
    }
  }

  #call(link: string | undefined): Call {
    const query = link === undefined ? new URLSearchParams() : new URL(link).searchParams;
    return {
      method: 'GET',
      path: '/delta',
      params: {},
      query,
      headers: { prefer: 'odata.maxpagesize=2' },
      body: undefined,
      caller: { clientId: 'c', servicePrincipalId: 's', permissions: new Set(OBSERVE), directoryRoles: [] },
      root: 'https://localhost/v1.0',
      requestId: 'r',
      plays: (fault: AnswerFault) => this.#plays(fault),
      effects: [],
      created: () => undefined,
    };
  }

  #plays(fault: AnswerFault): boolean {
    const plays = this.#faults && fault !== 'unknown-property' && this.random() < 0.3;
    if (plays) this.fired++;
    return plays;
  }

  /** What is really there. */
  truth(kind: 'user' | 'group') {
    const live = [...this.tenant.directory.objects.values()].filter(
      (object) => object.kind === kind && object.current.deletedAt === undefined,
    );
    return Object.fromEntries(
      live.map((object) => [
        object.id,
        [object.current.properties['displayName'], [...(object.members ?? [])].map((member) => member.id).toSorted()],
      ]),
    );
  }

  believed(kind: 'user' | 'group') {
    const { objects, members } = this.replica[kind];
    return Object.fromEntries(
      [...objects].map(([id, object]) => [id, [object['displayName'], kind === 'group' ? [...members.get(id)!].toSorted() : []]]),
    );
  }
}

type Step = {
  what: 'rename' | 'delete' | 'restore' | 'purge' | 'create' | 'join' | 'leave' | 'wait' | 'read' | 'read-slowly';
  a: number;
  b: number;
};

const steps = fc.array(
  fc.record<Step>({
    what: fc.constantFrom('rename', 'delete', 'restore', 'purge', 'create', 'join', 'join', 'leave', 'wait', 'wait', 'read', 'read-slowly'),
    a: fc.nat(5),
    b: fc.nat(9),
  }),
  { maxLength: 60 },
);

/** The change that a step means in this world, if it means one. */
function wishOf(world: World, step: Step, at: number): Wish | undefined {
  const { what, a, b } = step;
  const { directory } = world.tenant;
  if (what === 'create') return { op: 'create', kind: 'user', id: `u${4 + at}`, properties: { displayName: `C${at}` } };
  if (what === 'join' || what === 'leave') return memberWish(directory, what, { a, b });
  const object = directory.find(`${b % 2 === 0 ? 'u' : 'g'}${a}`);
  return object && lifeWish(object, step, at);
}

function lifeWish(object: DirectoryObject, { what, b }: Step, at: number): Wish | undefined {
  const { id } = object;
  if (what === 'purge' && b === 0) return { op: 'delete', id, soft: false };
  if (object.current.deletedAt !== undefined) return what === 'restore' ? { op: 'restore', id } : undefined;
  if (what === 'rename') return { op: 'update', id, properties: { displayName: `N${at}` } };
  return what === 'delete' ? { op: 'delete', id, soft: true } : undefined;
}

function memberWish(directory: World['tenant']['directory'], op: 'join' | 'leave', { a, b }: { a: number; b: number }): Wish | undefined {
  const [group, member] = [directory.live(`g${a % 4}`), directory.live(`u${b % 5}`)];
  if (!group || !member || group.members!.has(member) === (op === 'join')) return undefined;
  return { op, id: group.id, members: [member.id] };
}

function play(world: World, list: readonly Step[]): void {
  list.forEach((step, at) => {
    world.time += 500;
    if (step.what === 'wait') world.time += step.a * 1_000;
    if (step.what === 'read') world.read();
    if (step.what === 'read-slowly') {
      world.read(() => {
        world.time += 700;
        const wish = wishOf(world, { what: 'rename', a: step.b % 6, b: step.a }, at);
        if (wish) world.do(wish);
      });
    }
    const wish = wishOf(world, step, at);
    if (wish) world.do(wish);
  });
  world.time += 10_000;
  world.read();
}

describe('a client that only follows delta', () => {
  it.each([
    ['at once', { lag: false, faults: false }],
    ['behind lagging replicas', { lag: true, faults: false }],
    ['through empty pages, duplicates and replays', { lag: true, faults: true }],
  ])('ends with what is really there, %s', (_, weather) => {
    let fired = 0;
    fc.assert(
      fc.property(steps, fc.nat(), (list, seed) => {
        const world = new World(seed, weather);
        play(world, list);
        fired += world.fired;
        expect(world.believed('user')).toEqual(world.truth('user'));
        expect(world.believed('group')).toEqual(world.truth('group'));
      }),
      { numRuns: 300 },
    );
    expect(fired > 0).toBe(weather.faults);
  });
});
