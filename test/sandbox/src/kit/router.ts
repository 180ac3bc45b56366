interface Node<H> {
  literal: Map<string, Node<H>>;
  parameter: { name: string; node: Node<H> } | undefined;
  handlers: Map<string, { handler: H; pattern: string; names: string[] }>;
}

const empty = <H>(): Node<H> => ({ literal: new Map(), parameter: undefined, handlers: new Map() });

export interface Match<H> {
  handler: H;
  /** The route's pattern, such as `/api/v1/users/:id`: what rate limit buckets and scopes are chosen by. */
  pattern: string;
  params: Record<string, string>;
}

/** Routes by method and path; a literal segment wins over a `:parameter`. Segments are percent-decoded one by one. */
export class Router<H> {
  #root = empty<H>();

  add(method: string, pattern: string, handler: H): void {
    let node = this.#root;
    const names: string[] = [];
    for (const segment of pattern.split('/').filter(Boolean)) {
      if (segment.startsWith(':')) {
        names.push(segment.slice(1));
        node.parameter ??= { name: segment.slice(1), node: empty<H>() };
        node = node.parameter.node;
      } else {
        const next = node.literal.get(segment) ?? empty<H>();
        node.literal.set(segment, next);
        node = next;
      }
    }
    node.handlers.set(method.toUpperCase(), { handler, pattern, names });
  }

  /** The match, 'method' if only the method is unknown, or undefined. */
  find(method: string, path: string): Match<H> | 'method' | undefined {
    const segments = path.split('/').filter(Boolean).map(decode);
    const found = this.#walk(this.#root, { segments, method, values: [] }, 0);
    if (found === undefined || found === 'method') return found;
    return {
      handler: found.route.handler,
      pattern: found.route.pattern,
      params: Object.fromEntries(found.route.names.map((name, at) => [name, found.values[at] ?? ''])),
    };
  }

  #walk(node: Node<H>, sought: Sought, at: number): Found<H> | 'method' | undefined {
    const segment = sought.segments[at];
    if (segment === undefined) {
      const route = node.handlers.get(sought.method);
      if (route) return { route, values: [...sought.values] };
      return node.handlers.size > 0 ? 'method' : undefined;
    }
    const literal = node.literal.get(segment);
    const viaLiteral = literal && this.#walk(literal, sought, at + 1);
    if (viaLiteral !== undefined && viaLiteral !== 'method') return viaLiteral;
    if (!node.parameter) return viaLiteral;
    sought.values.push(segment);
    const viaParameter = this.#walk(node.parameter.node, sought, at + 1);
    sought.values.pop();
    return viaParameter ?? viaLiteral;
  }
}

interface Sought {
  segments: string[];
  method: string;
  values: string[];
}

interface Found<H> {
  route: { handler: H; pattern: string; names: string[] };
  values: string[];
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
