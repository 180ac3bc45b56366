import type { VendorReply, VendorRequest } from '../kit/server.ts';
import { invalid } from './errors.ts';

export interface PageRequest {
  limit: number;
  /** The cursor, opened; '' at the beginning. */
  after: string;
}

/** `limit` and `after` of a list. A limit above the highest is cut, as Okta does; one that is no positive number is refused. */
export function pageRequest(request: VendorRequest, normal: number, highest = normal): PageRequest {
  const given = request.query.get('limit');
  const limit = given === null ? normal : Number(given);
  if (!Number.isInteger(limit) || limit < 1) throw invalid('limit', 'limit: The limit must be a positive number');
  return { limit: Math.min(limit, highest), after: openCursor(request.query.get('after')) };
}

const sealCursor = (text: string): string => Buffer.from(`c1:${text}`).toString('base64url');

function openCursor(cursor: string | null): string {
  if (cursor === null || cursor === '') return '';
  const text = Buffer.from(cursor, 'base64url').toString();
  if (!text.startsWith('c1:')) throw invalid('after', 'after: Invalid cursor');
  return text.slice(3);
}

/**
 * One page out of a sequence of (cursor, item), with `self` and, if more follows, `next` links. Plays the faults `empty-page` (an empty page whose next
 * link leads on), `repeat-page` (the next link leads to the same page once more) and `short-page` (an early end without a next link).
 */
export function page<T>(
  request: VendorRequest,
  { limit, after }: PageRequest,
  items: Iterable<readonly [string, T]>,
  present: (item: T) => unknown,
): VendorReply {
  if (request.fault('empty-page')) return linked(request, [], after === '' ? '!' : after);
  const shown: unknown[] = [];
  let last = after;
  let more = false;
  for (const [cursor, item] of items) {
    if (shown.length === limit) {
      more = true;
      break;
    }
    shown.push(present(item));
    last = cursor;
  }
  if (more && request.fault('repeat-page')) return linked(request, shown, after === '' ? '!' : after);
  if (request.fault('short-page')) return linked(request, shown.slice(0, Math.ceil(shown.length / 2)), undefined);
  return linked(request, shown, more ? last : undefined);
}

/** `!` stands for "from the beginning, but with a cursor"; it sorts before every id. */
function linked(request: VendorRequest, body: unknown[], next: string | undefined): VendorReply {
  return { status: 200, headers: { link: links(request, next === undefined ? undefined : sealCursor(next)) }, body };
}

/** The two header lines of Okta's Link header. */
export function links(request: VendorRequest, nextCursor: string | undefined): string[] {
  const self = `${request.origin}${request.path}${request.query.size > 0 ? `?${request.query.toString()}` : ''}`;
  const result = [`<${self}>; rel="self"`];
  if (nextCursor !== undefined) {
    const query = new URLSearchParams(request.query);
    query.set('after', nextCursor);
    result.push(`<${request.origin}${request.path}?${query.toString()}>; rel="next"`);
  }
  return result;
}

export { openCursor, sealCursor };
