import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ConnectionDeclared, type EventType, type FlowPublished, type FlowRetired, schemaOf, streamOf } from '@muster/contracts';
import type { Category, EventStore } from '@muster/event-store';
import { checkFlow, type Flow, type FlowProblem, parseFlow } from '@muster/flow';
import { type ServiceContext, SettingsError } from '@muster/service-kit';

/** Flow files that cannot be published; every problem of every file, with line and remedy. */
export class FlowsInvalid extends Error {
  constructor(readonly problems: readonly FlowProblem[]) {
    super(
      `flows are not usable:\n${problems.map(({ file, line, column, message, remedy }) => `  ${file}:${line}:${column} ${message}. ${remedy}`).join('\n')}`,
    );
    this.name = 'FlowsInvalid';
  }
}

const metadata = (now: Date) => (event: { type: string }) => ({
  correlationId: `start ${now.toISOString()}`,
  occurredAt: now.toISOString(),
  schema: schemaOf(event.type as EventType),
  actor: 'console',
});

interface LastEvent {
  readonly version: number;
  readonly hash: string;
  readonly inForce: boolean;
}

/** What changed with the flows at a start. */
export interface FlowChanges {
  /** How many got a new version. */
  readonly published: number;
  /** Ids of those that are not in force any more. */
  readonly retired: readonly string[];
}

/**
 * Reads the flow files of a folder, checks all of them against the connections, publishes those whose content changed as their next version, and retires
 * those whose file is gone. A folder without a single flow file retires nothing: it is more likely the wrong folder than a decision.
 *
 * @throws FlowsInvalid; then nothing was published or retired.
 */
export async function publishFlows(service: ServiceContext, folder: string): Promise<FlowChanges> {
  const { store, connections } = service;
  const files = flowFiles(folder);
  const parsed = files.map((name) => parseFlow(readFileSync(join(folder, name), 'utf8'), name));
  const flows = parsed.flatMap(({ flow }) => (flow ? [flow] : []));
  const checked = flows.flatMap(
    (flow) =>
      checkFlow(
        flow,
        connections.filter(({ kind }) => kind !== 'hr'),
      ).problems,
  );
  const problems = [...parsed.flatMap((one) => one.problems), ...checked, ...namedTwice(flows)];
  if (problems.length > 0) throw new FlowsInvalid(problems);
  let published = 0;
  for (const flow of flows) if (await publish(store, flow, service.now())) published += 1;
  const retired = files.length === 0 ? [] : await retireOthers(store, new Set(flows.map(({ document }) => document.flow)), service.now());
  return { published, retired };
}

function namedTwice(flows: readonly Flow[]): FlowProblem[] {
  const first = new Map<string, string>();
  return flows.flatMap(({ document, source: { file } }) => {
    const other = first.get(document.flow);
    if (other === undefined) first.set(document.flow, file);
    if (other === undefined) return [];
    const message = `the flow "${document.flow}" stands in ${other}, too`;
    return [{ code: 'flow.invalid', file, line: 1, column: 1, path: 'flow', message, remedy: 'Give one of them another id, or remove it' }];
  });
}

function flowFiles(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /\.flow\.ya?ml$/.test(name))
      .toSorted();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new SettingsError([`MUSTER_FLOWS names ${folder}, which cannot be read (${code}); set it to the folder of flow files`]);
  }
}

async function publish(store: EventStore, { document }: Flow, now: Date): Promise<boolean> {
  const { version: _stated, ...content } = document;
  const contentHash = createHash('sha256').update(JSON.stringify(content)).digest('hex');
  const { events } = await store.transact(
    flowCategory,
    streamOf.flow(document.flow),
    (last): Published[] => {
      if (last.inForce && last.hash === contentHash) return [];
      const version = last.version + 1;
      return [
        {
          type: 'FlowPublished',
          data: { flowId: document.flow, version, document: { ...document, version }, contentHash, publishedBy: 'console' },
        },
      ];
    },
    metadata(now),
  );
  return events.length > 0;
}

async function retireOthers(store: EventStore, kept: ReadonlySet<string>, now: Date): Promise<string[]> {
  const others = new Set<string>();
  for await (const { type, data } of store.readAll({ prefixes: ['flow-'] }))
    if (type === 'FlowPublished' && !kept.has(data.flowId as string)) others.add(data.flowId as string);
  const retired: string[] = [];
  for (const flowId of others) if (await retire(store, flowId, now)) retired.push(flowId);
  return retired;
}

async function retire(store: EventStore, flowId: string, now: Date): Promise<boolean> {
  const { events } = await store.transact(
    flowCategory,
    streamOf.flow(flowId),
    ({ inForce, version }): Retired[] => (inForce ? [{ type: 'FlowRetired', data: { flowId, version, retiredBy: 'console' } }] : []),
    metadata(now),
  );
  return events.length > 0;
}

type Published = { type: 'FlowPublished'; data: FlowPublished };
type Retired = { type: 'FlowRetired'; data: FlowRetired };
type Declared = { type: 'ConnectionDeclared'; data: ConnectionDeclared };

const flowCategory: Category<LastEvent, Published | Retired> = {
  name: 'flow',
  initial: { version: 0, hash: '', inForce: false },
  evolve: (last, { type, data }) => {
    switch (type) {
      case 'FlowPublished':
        return { version: data.version, hash: data.contentHash, inForce: true };
      case 'FlowRetired':
        return { ...last, inForce: false };
    }
  },
};

/** Records each connection whose kind or state is not the one recorded last. */
export async function declareConnections({ store, connections, now }: ServiceContext): Promise<void> {
  for (const { name, kind, state, authoritative, ...rest } of connections) {
    const url = 'url' in rest && typeof rest.url === 'string' ? { url: rest.url } : {};
    const declared: ConnectionDeclared = { connection: name, kind, state, authoritative, ...url, declaredBy: 'connection file' };
    await store.transact(
      connectionCategory,
      streamOf.connection(name),
      (last): Declared[] =>
        last && JSON.stringify(essence(last)) === JSON.stringify(essence(declared)) ? [] : [{ type: 'ConnectionDeclared', data: declared }],
      metadata(now()),
    );
  }
}

const essence = ({ kind, state, authoritative, url }: ConnectionDeclared) => [kind, state, authoritative, url ?? null];

const connectionCategory: Category<ConnectionDeclared | undefined, Declared> = {
  name: 'connection',
  initial: undefined,
  evolve: (_last, { data }) => data,
};
