import { readFileSync } from 'node:fs';
import { Agent, fetch } from 'undici';
import { guid, seeded, shuffled } from '../kit/random.ts';
import type { HrSystem, OutboxEntry } from './hr-system.ts';
import { scimOf } from './worker.ts';

export interface PushTarget {
  /** The SCIM bulk endpoint. */
  target: string;
  token: string;
  /** PEM of the authority to trust, or the path of its file; without it the process's own authorities. */
  ca?: string;
}

export interface PushOrder extends PushTarget {
  /** Worker keys; without them everything that waits in the outbox. */
  ids?: string[];
  /** With `ids`: all versions of each worker, not only the newest. */
  versions?: 'newest' | 'all';
  shuffle?: boolean;
  /** Sends everything so often. Default 1. */
  repeat?: number;
  seed?: number;
  /** Operations a request, at most 50. */
  size?: number;
  timeoutMs?: number;
}

export interface PushResult {
  requests: { status: number; operations: number; error?: string; body?: unknown }[];
  sent: number;
  accepted: number;
  refused: number;
  /** What still waits in the outbox. */
  waiting: number;
}

const HIGHEST = 50;

interface Sending {
  entry: OutboxEntry;
  bulkId: string;
}

/** Sends records as SCIM bulk requests. An outbox entry leaves the outbox when its operation was answered 2xx, or refused with another 4xx than 401, 403, 408 and 429. */
export async function push(hr: HrSystem, order: PushOrder): Promise<PushResult> {
  const result: PushResult = { requests: [], sent: 0, accepted: 0, refused: 0, waiting: 0 };
  const random = seeded(order.seed ?? 1);
  const once = chosen(hr, order);
  const entries = Array.from({ length: Math.max(1, order.repeat ?? 1) }, () => once).flat();
  const queue = order.shuffle ? shuffled(entries, random) : entries;
  const size = Math.min(HIGHEST, Math.max(1, order.size ?? HIGHEST));
  const agent = new Agent(
    order.ca === undefined ? {} : { connect: { ca: order.ca.includes('BEGIN CERTIFICATE') ? order.ca : readFileSync(order.ca, 'utf8') } },
  );
  try {
    for (let at = 0; at < queue.length; at += size) {
      const batch = queue
        .slice(at, at + size)
        .map((entry, index) => ({ entry, bulkId: guid(`${entry.id}/${at + index}/${hr.kit.clock.now()}`) }));
      await sendBatch(hr, { order, agent, batch, result });
    }
  } finally {
    await agent.close();
  }
  hr.state.commit();
  return { ...result, waiting: hr.outbox.size };
}

/** The operations of an order; an entry that is not from the outbox has no id of its own. */
function chosen(hr: HrSystem, { ids, versions = 'newest' }: PushOrder): OutboxEntry[] {
  if (!ids) return [...hr.outbox.scan('list')].map(([, entry]) => entry);
  const waiting = [...hr.outbox.values()];
  return ids.flatMap((key) => {
    const newest = hr.find(key).version;
    const first = versions === 'all' ? 1 : newest;
    return Array.from({ length: newest - first + 1 }, (_, step) => {
      const version = first + step;
      return waiting.find((entry) => entry.key === key && entry.version === version) ?? { id: '', key, version };
    });
  });
}

async function sendBatch(
  hr: HrSystem,
  { order, agent, batch, result }: { order: PushOrder; agent: Agent; batch: Sending[]; result: PushResult },
): Promise<void> {
  const operations = batch.map(({ entry, bulkId }) => ({
    method: 'POST',
    bulkId,
    path: '/Users',
    data: scimOf(hr.version(entry.key, entry.version) ?? hr.find(entry.key)),
  }));
  result.sent += operations.length;
  const body = { schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'], Operations: operations };
  try {
    const response = await fetch(order.target, {
      method: 'POST',
      headers: { authorization: `Bearer ${order.token}`, 'content-type': 'application/scim+json', accept: 'application/scim+json' },
      body: JSON.stringify(body),
      dispatcher: agent,
      signal: AbortSignal.timeout(order.timeoutMs ?? 60_000),
    });
    const text = await response.text();
    const answer = parse(text);
    result.requests.push({
      status: response.status,
      operations: operations.length,
      ...(response.ok ? {} : { body: answer ?? text.slice(0, 2000) }),
    });
    settle(hr, batch, { status: response.status, answer, result });
  } catch (error) {
    result.requests.push({ status: 0, operations: operations.length, error: messageOf(error) });
  }
}

const messageOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
};

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const FOR_LATER = new Set([401, 403, 408, 429]);

function settle(hr: HrSystem, batch: Sending[], { status, answer, result }: { status: number; answer: unknown; result: PushResult }): void {
  const each = statuses(answer);
  for (const { entry, bulkId } of batch) {
    const { status: own, response } = each.get(bulkId) ?? { status, response: answer };
    if (own >= 200 && own < 300) {
      result.accepted++;
      if (entry.id !== '') hr.acknowledge(entry.id);
    } else if (own >= 400 && own < 500 && !FOR_LATER.has(own)) {
      result.refused++;
      hr.refused(entry, own, response);
    }
  }
}

/** The status of each operation in a SCIM BulkResponse. */
function statuses(answer: unknown): Map<string, { status: number; response: unknown }> {
  const operations = (answer as { Operations?: unknown } | undefined)?.Operations;
  const result = new Map<string, { status: number; response: unknown }>();
  if (!Array.isArray(operations)) return result;
  for (const operation of operations as Record<string, unknown>[]) {
    if (typeof operation['bulkId'] === 'string')
      result.set(operation['bulkId'], { status: Number(operation['status']), response: operation['response'] });
  }
  return result;
}
