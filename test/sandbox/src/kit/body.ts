import type { IncomingMessage } from 'node:http';

const CAP = 8 * 1024 * 1024;

export class TooLarge extends Error {}

/** The body as text; throws TooLarge beyond 8 MiB. */
export async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > CAP) throw new TooLarge();
    chunks.push(chunk);
  }
  return chunks.length === 0 ? '' : Buffer.concat(chunks).toString('utf8');
}

/** JSON when the type says so or says nothing, a form as a record of texts, anything else not parsed. */
export function parseBody(text: string, contentType: string): { body: unknown; malformed: boolean } {
  if (text === '') return { body: undefined, malformed: false };
  if (contentType.includes('application/x-www-form-urlencoded'))
    return { body: Object.fromEntries(new URLSearchParams(text)), malformed: false };
  if (contentType !== '' && !contentType.includes('json')) return { body: undefined, malformed: false };
  try {
    return { body: JSON.parse(text) as unknown, malformed: false };
  } catch {
    return { body: undefined, malformed: true };
  }
}
