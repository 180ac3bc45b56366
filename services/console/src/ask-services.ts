import { ProblemError } from '@muster/service-kit';
import { Agent, type Dispatcher, request } from 'undici';

export interface Answered {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

interface Sent {
  method?: 'POST';
  body?: string;
  contentType?: string;
  /** Beside the internal token. */
  headers?: Readonly<Record<string, string>>;
}

const PATIENCE_MS = 30_000;

/** Asks the services behind the console, with the internal token that they answer to. */
export class Services {
  readonly #agent = new Agent({ connect: { timeout: 3_000 }, headersTimeout: PATIENCE_MS, bodyTimeout: PATIENCE_MS, connections: 32 });

  constructor(
    private readonly urls: Readonly<Record<string, string>>,
    private readonly internalToken: string,
  ) {}

  get names(): string[] {
    return Object.keys(this.urls);
  }

  close(): Promise<void> {
    return this.#agent.close();
  }

  /** The answer as it came, whatever its status. Throws ProblemError if the service does not answer. */
  async ask(service: string, path: string, send: Sent = {}): Promise<Answered> {
    const url = this.urls[service];
    if (url === undefined) throw new ProblemError('http.not_found', { detail: `no service is named ${service}` });
    const address = new URL(path, url);
    // A path that begins with two slashes would name another host, which would then be shown the internal token.
    if (address.origin !== new URL(url).origin) throw new ProblemError('http.not_found', { detail: 'this address names no question' });
    const headers = {
      authorization: `Bearer ${this.internalToken}`,
      ...(send.body === undefined ? {} : { 'content-type': send.contentType ?? 'application/json' }),
      ...send.headers,
    };
    const answer = await request(address, {
      method: (send.method ?? 'GET') as Dispatcher.HttpMethod,
      headers,
      dispatcher: this.#agent,
      ...(send.body === undefined ? {} : { body: send.body }),
    }).catch((error: unknown) => {
      throw new ProblemError('service.unavailable', { detail: `${service}: ${(error as Error).message}`, values: { service } });
    });
    return {
      status: answer.statusCode,
      contentType: String(answer.headers['content-type'] ?? 'application/json'),
      body: await answer.body.text(),
    };
  }

  /** The JSON of a good answer. A refusal is thrown on as the service stated it. */
  async json<T>(service: string, path: string): Promise<T> {
    const { status, body } = await this.ask(service, path);
    if (status < 300) return JSON.parse(body) as T;
    throw new Refusal({ status, body, contentType: 'application/problem+json' });
  }
}

/** A service refused; its own words are for the asker. */
export class Refusal extends Error {
  constructor(readonly answered: Answered) {
    super(`a service answered ${answered.status}`);
    this.name = 'Refusal';
  }
}
