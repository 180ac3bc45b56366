import type { Answer, Call, InnerRequest, JsonObject } from './call.ts';
import { badQuery, textOf, type Json } from './errors.ts';

/** json-batching: at most this many requests in one batch. */
const MOST_REQUESTS = 20;

interface Item extends InnerRequest {
  id: string;
  dependsOn: string[];
}

/**
 * Runs a JSON batch: each request by itself, after those that it depends on; a request whose dependency failed is answered 424.
 * The answers do not come in the order of the requests.
 */
export function runBatch(call: Call, run: (item: InnerRequest) => Answer): Answer {
  const items = itemsOf(call.body);
  const statuses = new Map<string, number>();
  const responses: JsonObject[] = [];
  let waiting = items;
  while (waiting.length > 0) {
    const ready = waiting.filter((item) => item.dependsOn.every((id) => statuses.has(id)));
    if (ready.length === 0) throw badQuery('Invalid batch payload: the dependencies of the requests form a circle.');
    for (const item of ready) {
      const answer = item.dependsOn.some((id) => statuses.get(id)! >= 400) ? failedDependency(item) : run(item);
      statuses.set(item.id, answer.status);
      responses.push(describe(item, answer));
    }
    waiting = waiting.filter((item) => !statuses.has(item.id));
  }
  return { status: 200, body: { responses: responses.reverse() as Json[] } };
}

function itemsOf(body: Json | undefined): Item[] {
  const requests = body !== null && typeof body === 'object' && !Array.isArray(body) ? body?.['requests'] : undefined;
  if (!Array.isArray(requests) || requests.length === 0) throw badQuery("Invalid batch payload format: 'requests' is missing or empty.");
  if (requests.length > MOST_REQUESTS) {
    throw badQuery(`Invalid batch payload format: the number of requests exceeds the maximum of ${MOST_REQUESTS}.`);
  }
  const items = requests.map(itemOf);
  const ids = new Set(items.map((item) => item.id));
  if (ids.size < items.length) throw badQuery('Invalid batch payload format: request ids must be unique.');
  const unknown = items.flatMap((item) => item.dependsOn).find((id) => !ids.has(id));
  if (unknown !== undefined) throw badQuery(`Invalid batch payload format: dependsOn names the unknown request '${unknown}'.`);
  return items;
}

function itemOf(request: Json): Item {
  const { id, method, url, headers, body, dependsOn } = (request ?? {}) as JsonObject;
  if (typeof id !== 'string' || typeof method !== 'string' || typeof url !== 'string') {
    throw badQuery('Invalid batch payload format: every request needs id, method and url.');
  }
  return {
    id,
    method: method.toUpperCase(),
    url: url.startsWith('/') ? url : `/${url}`,
    headers: lowerCased((headers ?? {}) as JsonObject),
    body,
    dependsOn: Array.isArray(dependsOn) ? dependsOn.map(String) : [],
  };
}

const lowerCased = (headers: JsonObject) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), textOf(value)]));

function failedDependency(item: Item): Answer {
  const message = `The request depends on a request that failed: ${item.dependsOn.join(', ')}.`;
  return { status: 424, body: { error: { code: 'FailedDependency', message } } };
}

function describe(item: Item, { status, headers, body }: Answer): JsonObject {
  const type = body === undefined ? {} : { 'Content-Type': 'application/json' };
  const response: JsonObject = { id: item.id, status, headers: { ...headers, ...type } };
  if (body !== undefined) response['body'] = body as Json;
  return response;
}
