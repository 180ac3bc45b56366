import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ConnectionDeclared, type EventType, type FlowPublished, schemaOf, streamOf } from '@muster/contracts';
import type { Category, EventStore } from '@muster/event-store';
import { checkFlow, type Flow, type FlowProblem, parseFlow } from '@muster/flow';
import type { ServiceContext } from '@muster/service-kit';

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
}

/**
 * Reads the flow files of a folder, checks all of them against the connections, and publishes those whose content changed as their next version.
 *
 * @throws FlowsInvalid; then nothing was published.
 */
export async function publishFlows(service: ServiceContext, folder: string): Promise<number> {
  const { store, connections } = service;
  const files = readdirSync(folder)
    .filter((name) => /\.flow\.ya?ml$/.test(name))
    .toSorted();
  const parsed = files.map((name) => parseFlow(readFileSync(join(folder, name), 'utf8'), name));
  const flows = parsed.flatMap(({ flow }) => (flow ? [flow] : []));
  const checked = flows.flatMap(
    (flow) =>
      checkFlow(
        flow,
        connections.filter(({ kind }) => kind !== 'hr'),
      ).problems,
  );
  const problems = [...parsed.flatMap((one) => one.problems), ...checked];
  if (problems.length > 0) throw new FlowsInvalid(problems);
  let published = 0;
  for (const flow of flows) if (await publish(store, flow, service.now())) published += 1;
  return published;
}

async function publish(store: EventStore, { document }: Flow, now: Date): Promise<boolean> {
  const { version: _stated, ...content } = document;
  const contentHash = createHash('sha256').update(JSON.stringify(content)).digest('hex');
  const { events } = await store.transact(
    flowCategory,
    streamOf.flow(document.flow),
    (last): Published[] => {
      if (last.hash === contentHash) return [];
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

type Published = { type: 'FlowPublished'; data: FlowPublished };
type Declared = { type: 'ConnectionDeclared'; data: ConnectionDeclared };

const flowCategory: Category<LastEvent, Published> = {
  name: 'flow',
  initial: { version: 0, hash: '' },
  evolve: (_last, { data }) => ({
    version: data.version,
    hash: data.contentHash,
  }),
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
