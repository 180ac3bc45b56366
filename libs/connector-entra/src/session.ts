import { AuthenticationHandler, Client, GraphError } from '@microsoft/microsoft-graph-client';
import { Fault, Withheld, comparePermissions } from '@muster/connector';
import type { Budget, CallOptions, EntraConfig, PermissionReport, RawPage, Watermark } from '@muster/connector';
import { costOf } from './costs.ts';
import { answered, graphAnswer, unanswered } from './faults.ts';
import type { Attempt } from './faults.ts';
import { BudgetedHttp, calls } from './http.ts';
import type { Call } from './http.ts';
import { entraManifest } from './manifest.ts';
import { isWire } from './properties.ts';
import type { Wire } from './properties.ts';
import { Tokens } from './tokens.ts';

export interface Request {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the version root, encoded. */
  path: string;
  body?: unknown;
  headers?: Readonly<Record<string, string>>;
}

/** A page of a list or of a delta round; `delta` is where the next round begins. */
export interface GraphPage extends RawPage<Wire> {
  delta?: Watermark;
}

const VERSION = 'v1.0';

/** One client on one tenant: token, budget, errors. Everything else in this connector goes through it. */
export class EntraSession {
  readonly config: EntraConfig;
  readonly #tokens: Tokens;
  readonly #http: BudgetedHttp;
  readonly #client: Client;

  constructor(config: EntraConfig, budget: Budget) {
    this.config = config;
    this.#tokens = new Tokens(config);
    this.#http = new BudgetedHttp(budget, config.timeoutMs);
    const authentication = new AuthenticationHandler({ getAccessToken: () => this.#tokens.get() });
    authentication.setNext(this.#http);
    this.#client = Client.initWithMiddleware({
      baseUrl: config.url,
      defaultVersion: VERSION,
      middleware: authentication,
      // The SDK sends no token to a host that it does not know; it compares names without port.
      customHosts: new Set([new URL(config.url).hostname]),
    });
  }

  /** The JSON of one object, or `absent` for 404. */
  async get(
    path: string,
    what: string,
    options: CallOptions & { headers?: Readonly<Record<string, string>> } = {},
  ): Promise<Wire | 'absent'> {
    try {
      const answer = await this.#read({ method: 'GET', path, ...(options.headers ? { headers: options.headers } : {}) }, what, {
        lane: 'live',
        ...options,
      });
      return answer.body;
    } catch (error) {
      if (error instanceof Fault && error.code === 'target.not_found') return 'absent';
      throw error;
    }
  }

  /** One page; `cursor` is a path below the version root, so that a stored one cannot send the token elsewhere. */
  async page(
    cursor: Watermark,
    what: string,
    options: CallOptions & { headers?: Readonly<Record<string, string>> } = {},
  ): Promise<GraphPage> {
    if (!cursor.startsWith('/')) throw this.#foreignPlace(what);
    const { body, startedAt } = await this.#read(
      { method: 'GET', path: cursor, ...(options.headers ? { headers: options.headers } : {}) },
      what,
      { lane: 'batch', ...options },
    );
    const items: unknown = body['value'];
    if (!Array.isArray(items))
      throw unanswered(new Error('the page is not a list'), { connection: this.config.name, what, write: false, sent: true });
    const next = this.#local(body['@odata.nextLink'], what);
    const delta = this.#local(body['@odata.deltaLink'], what);
    return {
      items: items.map((item: unknown) => (isWire(item) ? item : {})),
      startedAt,
      ...(next === undefined ? {} : { next }),
      ...(delta === undefined ? {} : { delta }),
    };
  }

  /** Runs one writing call and gives its JSON, empty for 204. Throws Fault or Withheld. */
  async write(request: Request, attempt: Pick<Attempt, 'what' | 'values'>, call: Call): Promise<Wire> {
    return this.#run(request, { ...attempt, write: true }, call);
  }

  /** The address of an object for a reference. */
  reference(kind: 'users' | 'directoryObjects', id: string): string {
    return `${this.config.url}/${VERSION}/${kind}/${id}`;
  }

  async permissions(): Promise<PermissionReport> {
    const { roles } = await this.#tokens.claims();
    return comparePermissions(entraManifest, this.config.state, roles);
  }

  /** Our service principal, as the audit log names actors. */
  async servicePrincipalId(): Promise<string | undefined> {
    return (await this.#tokens.claims()).servicePrincipalId;
  }

  async close(): Promise<void> {
    await this.#http.close();
  }

  async #read(request: Request, what: string, options: CallOptions): Promise<{ body: Wire; startedAt: string }> {
    const call: Call = { lane: options.lane ?? 'live', cost: costOf('GET', request.path), signal: options.signal, write: false };
    const body = await this.#run(request, { what, write: false }, call);
    return { body, startedAt: call.sentAt ?? new Date().toISOString() };
  }

  /** A token that Graph refuses is dropped and the call made once more: a 401 is never an effect. */
  async #run(request: Request, attempt: Pick<Attempt, 'what' | 'values' | 'write'>, call: Call): Promise<Wire> {
    const token = await this.#tokens.get();
    try {
      return await this.#once(request, attempt, call);
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'connection.unauthorised') throw error;
      this.#tokens.drop(token);
      return this.#once(request, attempt, call);
    }
  }

  async #once(request: Request, attempt: Pick<Attempt, 'what' | 'values' | 'write'>, call: Call): Promise<Wire> {
    delete call.thrown;
    delete call.sentAt;
    try {
      const answer: unknown = await calls.run(call, () => this.#dispatch(request));
      return isWire(answer) ? answer : {};
    } catch (error) {
      throw await this.#explain(call.thrown ?? error, attempt, call);
    }
  }

  async #dispatch({ method, path, body, headers = {} }: Request): Promise<unknown> {
    const request = this.#client.api(path).headers({ ...headers });
    switch (method) {
      case 'GET':
        return request.get();
      case 'POST':
        return request.post(body ?? {});
      case 'PUT':
        return request.put(body);
      case 'PATCH':
        return request.patch(body);
      case 'DELETE':
        return request.delete();
    }
  }

  async #explain(error: unknown, attempt: Pick<Attempt, 'what' | 'values' | 'write'>, call: Call): Promise<unknown> {
    if (error instanceof Withheld || error instanceof Fault) return error;
    if (!attempt.write && call.signal?.aborted) return call.signal.reason;
    const whole: Attempt = { connection: this.config.name, sent: call.sentAt !== undefined, retryAfter: call.retryAfter, ...attempt };
    if (!(error instanceof GraphError) || error.statusCode < 100) return unanswered(error, whole);
    const answer = graphAnswer(error.statusCode, bodyOf(error));
    if (answer.status === 403 && attempt.write) whole.permissionMissing = (await this.permissions()).missing.length > 0;
    return answered(answer, whole);
  }

  #local(link: unknown, what: string): Watermark | undefined {
    if (typeof link !== 'string') return undefined;
    const prefix = `${this.config.url}/${VERSION}/`;
    if (!link.startsWith(prefix)) throw this.#foreignPlace(what);
    return link.slice(prefix.length - 1);
  }

  #foreignPlace(what: string): Fault {
    return new Fault({
      code: 'connection.watermark_invalid',
      kind: 'refused',
      message: `${this.config.name} was given a place that does not belong to it: ${what}`,
      remedy: 'Start this read anew.',
    });
  }
}

const bodyOf = (error: GraphError): unknown => {
  try {
    return typeof error.body === 'string' ? JSON.parse(error.body) : error.body;
  } catch {
    return undefined;
  }
};
