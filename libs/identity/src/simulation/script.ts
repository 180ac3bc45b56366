import type { Random } from './random.ts';

const MINUTE = 60_000;

/** What HR states of a person at one version. Uses nothing of the product. */
export interface HrVersion {
  readonly key: string;
  readonly version: number;
  readonly at: number;
  readonly given: string;
  readonly family: string;
  readonly title: string | null;
  readonly department: string | null;
  readonly manager: string | null;
  readonly status: 'active' | 'onLeave' | 'terminated' | 'rescinded';
}

/** One arrival of a version at our door; the same version may arrive often, late, and in any order. */
export interface Delivery {
  readonly at: number;
  readonly version: HrVersion;
}

export type AdminEdit =
  | {
      readonly at: number;
      readonly connection: string;
      readonly key: string;
      readonly do: 'disable' | 'enable' | 'delete' | 'ungroup' | 'rename';
    }
  | {
      readonly at: number;
      readonly connection: string;
      readonly key: string;
      readonly do: 'drift';
      readonly field: 'title' | 'department';
      readonly value: string;
    };

/** An account of somebody who is none of our people appears, with a login that one of them may get. */
export interface Stranger {
  readonly at: number;
  readonly connection: string;
  readonly login: string;
}

export interface Script {
  readonly strangers: readonly Stranger[];
  readonly people: readonly string[];
  readonly deliveries: readonly Delivery[];
  readonly edits: readonly AdminEdit[];
  readonly endsAt: number;
}

export interface ScriptSetup {
  readonly people: number;
  readonly changesEach: number;
  readonly start: number;
  readonly connections: readonly string[];
  /** Share of people that outside hands touch. */
  readonly outside: number;
  /** Share of connections in which a stranger appears. */
  readonly strangers: number;
  /** Share of deliveries that are repeated or come late. */
  readonly disorder: number;
}

const TITLES = ['Engineer', 'Chief', null, 'Refused', 'Writer'];
const DEPARTMENTS = ['Engines', 'Letters', 'Ships', null];
const GIVEN = ['Ada', 'Ada', 'Grace', 'Zoë', 'Alan'];
const FAMILY = ['Byron', 'Byron', 'Hopper', 'Núñez'];

/** `together`: pushed all at once, and all with the same name. */
interface Company {
  readonly setup: ScriptSetup;
  readonly people: readonly string[];
  readonly together: boolean;
}

const firstVersion = (key: string, at: number, { people, together }: Company, random: Random): HrVersion => ({
  key,
  version: 1,
  at,
  given: together ? 'Ada' : random.pick(GIVEN),
  family: together ? 'Byron' : random.pick(FAMILY),
  title: random.pick(['Engineer', 'Writer', 'Chief', 'Refused']),
  department: random.pick(['Engines', 'Letters']),
  manager: people.length > 1 && random.chance(0.6) ? random.pick(people.filter((other) => other !== key)) : null,
  status: random.chance(0.05) ? 'terminated' : 'active',
});

const otherManager = (before: HrVersion, { people }: Company, random: Random): string | null => {
  const others = people.filter((other) => other !== before.key);
  return others.length === 0 ? null : random.pick([...others, null]);
};

const hasLeft = ({ status }: HrVersion): boolean => status === 'terminated' || status === 'rescinded';

/** What may change from one version to the next, the likelier the more often it stands here. */
const changes: readonly ((before: HrVersion, company: Company, random: Random) => Partial<HrVersion>)[] = [
  (_before, _company, random) => ({ title: random.pick(TITLES) }),
  (_before, _company, random) => ({ title: random.pick(TITLES) }),
  (_before, _company, random) => ({ department: random.pick(DEPARTMENTS) }),
  (_before, _company, random) => ({ department: random.pick(DEPARTMENTS) }),
  (before, company, random) => ({ manager: otherManager(before, company, random) }),
  (before) => ({ status: before.status === 'onLeave' ? 'active' : 'onLeave' }),
  (_before, _company, random) => ({ family: random.pick(FAMILY) }),
  () => ({ status: 'rescinded' }),
  (before) => ({ status: hasLeft(before) ? 'active' : 'terminated' }),
  (before) => ({ status: hasLeft(before) ? 'active' : 'terminated' }),
];

const versionsOf = (key: string, company: Company, random: Random): HrVersion[] => {
  const { setup } = company;
  let at = setup.start + random.between(0, company.together ? 500 : 3 * MINUTE);
  let version = firstVersion(key, at, company, random);
  const versions = [version];
  const most = random.between(Math.floor(setup.changesEach / 3), setup.changesEach);
  for (let change = 0; change < most; change += 1) {
    at += random.chance(0.5) ? random.between(100, 20_000) : random.between(20_000, 8 * MINUTE);
    version = { ...version, ...random.pick(changes)(version, company, random), version: version.version + 1, at };
    versions.push(version);
  }
  return versions;
};

const deliveriesOf = (version: HrVersion, disorder: number, random: Random): Delivery[] => {
  const late = random.chance(disorder) ? random.between(1000, 5 * MINUTE) : random.between(0, 500);
  const again = random.chance(disorder) ? [{ at: version.at + random.between(0, 15 * MINUTE), version }] : [];
  return [{ at: version.at + late, version }, ...again];
};

const FIELDS = ['title', 'department'] as const;

const editOf = (key: string, at: number, setup: ScriptSetup, random: Random): AdminEdit => {
  const connection = random.pick(setup.connections);
  const kind = random.pick(['disable', 'disable', 'enable', 'drift', 'drift', 'ungroup', 'delete', 'rename'] as const);
  if (kind === 'drift')
    return { at, connection, key, do: 'drift', field: random.pick(FIELDS), value: random.pick(['Intruder', 'Engineer', 'Ships']) };
  return { at, connection, key, do: kind };
};

/** A made-up history: what HR says when, how it arrives, and what other hands do meanwhile. */
export const writeScript = (setup: ScriptSetup, random: Random): Script => {
  const people = Array.from({ length: setup.people }, (_, index) => String(1001 + index));
  const together = random.chance(0.3);
  const versions = people.flatMap((key) => versionsOf(key, { setup, people, together }, random));
  const deliveries = versions.flatMap((version) => deliveriesOf(version, setup.disorder, random));
  const edits = people.flatMap((key) =>
    random.chance(setup.outside)
      ? Array.from({ length: random.between(1, 3) }, () =>
          editOf(key, setup.start + random.between(2 * MINUTE, 25 * MINUTE), setup, random),
        )
      : [],
  );
  const strangers = setup.connections.flatMap((connection) =>
    random.chance(setup.strangers)
      ? [
          {
            at: setup.start + random.between(-2 * MINUTE, 2 * MINUTE),
            connection,
            login: `${random.pick(['ada', 'grace', 'alan'])}.${random.pick(['byron', 'hopper'])}@example.com`,
          },
        ]
      : [],
  );
  const times = [...deliveries, ...edits].map(({ at }) => at);
  return {
    people,
    strangers,
    deliveries: deliveries.toSorted((a, b) => a.at - b.at),
    edits: edits.toSorted((a, b) => a.at - b.at),
    endsAt: Math.max(...times),
  };
};
