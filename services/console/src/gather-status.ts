import type { ServiceContext } from '@muster/service-kit';
import type { Services } from './ask-services.ts';

interface Counted {
  readonly upTo?: object;
  readonly counts?: Record<string, number>;
  readonly waiting?: number;
  readonly openCases?: number;
  readonly hooks?: readonly object[];
  readonly heldRuns?: number;
  readonly quarantined?: readonly object[];
  /** How sending on each connection goes. */
  readonly connections?: Readonly<Record<string, object>>;
}

/** Services, connections and backlog at a glance. A service that does not answer is shown as not ready and hides nothing else. */
export async function gatherStatus(service: ServiceContext, services: Services): Promise<object> {
  const health = await Promise.all(services.names.map((name) => readiness(services, name)));
  const statuses = new Map(await Promise.all(services.names.map(async (name) => [name, await statusOf(services, name)] as const)));
  const audit = statuses.get('audit-projection');
  const connections = await services
    .json<{ connections: object[] }>('audit-projection', '/connections')
    .catch(() => ({ connections: service.connections.map(({ name, kind, state }) => ({ connection: name, kind, state })) }));
  const waiting = [...statuses].flatMap(([name, { waiting: count }]) =>
    count === undefined ? [] : [[`${name}: waiting`, count] as const],
  );
  const dead = await Promise.all(services.names.map((name) => deadLettersOf(services, name)));
  return {
    upTo: audit?.upTo ?? { position: '0', recordedAt: null },
    services: health,
    connections: connections.connections,
    hooks: [...statuses.values()].flatMap(({ hooks = [] }) => hooks),
    quarantined: [...statuses].flatMap(([name, { quarantined = [] }]) => quarantined.map((one) => ({ ...one, service: name }))),
    sending: statuses.get('provisioning')?.connections ?? {},
    counts: {
      ...audit?.counts,
      'open cases': statuses.get('reconciliation')?.openCases ?? 0,
      'held runs': statuses.get('reconciliation')?.heldRuns ?? 0,
      'dead letters': dead.reduce((sum, count) => sum + count, 0),
      ...Object.fromEntries(waiting),
    },
  };
}

async function readiness(services: Services, name: string): Promise<{ name: string; ready: boolean; because?: string }> {
  try {
    const { status, body } = await services.ask(name, '/health/ready');
    if (status === 200) return { name, ready: true };
    const { error = {} } = JSON.parse(body) as { error?: Record<string, { message?: string }> };
    return {
      name,
      ready: false,
      because: Object.entries(error)
        .map(([what, { message }]) => `${what}: ${message ?? 'down'}`)
        .join('; '),
    };
  } catch (error) {
    return { name, ready: false, because: (error as Error).message };
  }
}

async function statusOf(services: Services, name: string): Promise<Counted> {
  return services.json<Counted>(name, '/status').catch(() => ({}));
}

/** Messages and work rows that wait for a person; what only waits behind one of them is not counted. */
async function deadLettersOf(services: Services, name: string): Promise<number> {
  const none = { deadLetters: [] as { code: string }[] };
  const { deadLetters } = await services.json<typeof none>(name, '/dead-letters').catch(() => none);
  return deadLetters.filter(({ code }) => code !== 'messaging.waits').length;
}
