import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Agent, type Dispatcher, request } from 'undici';
import { CommandError, EXIT } from './exit-codes.ts';

/** Where the product answers and with which token. */
export interface Target {
  readonly url: string;
  readonly token: string;
}

/**
 * The running product: from `--url` and MUSTER_TOKEN, or from the files that the launcher leaves in its data folder.
 *
 * @throws CommandError when neither names a product.
 */
export function findTarget(options: { data: string; url?: string }, variables: NodeJS.ProcessEnv): Target {
  const url = options.url ?? variables.MUSTER_URL;
  if (url) {
    const token = variables.MUSTER_TOKEN;
    if (!URL.canParse(url)) throw new CommandError(`"${url}" is no address; give one as http://host:port`, EXIT.invalid);
    if (!token) throw new CommandError('MUSTER_TOKEN is not set; set it to an operator token of this product', EXIT.invalid);
    return { url, token };
  }
  return { url: consoleOf(options.data), token: tokenOf(options.data) };
}

function consoleOf(data: string): string {
  try {
    return (JSON.parse(readFileSync(join(data, 'console.json'), 'utf8')) as { url: string }).url;
  } catch (error) {
    const cause = (error as Error).message;
    throw new CommandError(
      `no running product found in ${data} (${cause}); start one with "npm start", or name another folder with --data`,
      EXIT.error,
    );
  }
}

function tokenOf(data: string): string {
  const file = join(data, 'token');
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new CommandError(
      `the token file ${file} cannot be read (${(error as NodeJS.ErrnoException).code}); ask as the user who started it, or give --url and MUSTER_TOKEN`,
      EXIT.error,
    );
  }
}

interface Problem {
  title?: string;
  detail?: string;
  remedy?: string;
  code?: string;
  problems?: { record?: string; field?: string; message: string }[];
}

function sentence(problem: Problem, status: number): string {
  const lines = [`${problem.title ?? `the product answered ${status}`}${problem.detail ? `: ${problem.detail}` : ''}`];
  for (const one of problem.problems ?? []) lines.push(`  - ${[one.record, one.field, one.message].filter(Boolean).join(': ')}`);
  if (problem.remedy) lines.push(`  remedy: ${problem.remedy}`);
  return lines.join('\n');
}

/** Asks the console. Every answer is JSON; a refusal becomes a {@link CommandError} with the cause and remedy that the product gave. */
export class Api {
  private readonly agent = new Agent({ connect: { timeout: 5_000 }, headersTimeout: 30_000, bodyTimeout: 30_000 });

  constructor(private readonly target: Target) {}

  get<T>(path: string, query: Record<string, string | undefined> = {}): Promise<T> {
    const search = new URLSearchParams(
      Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined),
    ).toString();
    return this.call<T>('GET', search ? `${path}?${search}` : path);
  }

  post<T>(path: string, body: unknown): Promise<T> {
    return this.call<T>('POST', path, body);
  }

  close(): Promise<void> {
    return this.agent.close();
  }

  private async call<T>(method: Dispatcher.HttpMethod, path: string, body?: unknown): Promise<T> {
    const answer = await this.send(method, path, body);
    const text = await answer.body.text();
    if (answer.statusCode < 300) return JSON.parse(text) as T;
    throw new CommandError(sentence(parseProblem(text), answer.statusCode), answer.statusCode >= 500 ? EXIT.error : EXIT.invalid);
  }

  private async send(method: Dispatcher.HttpMethod, path: string, body: unknown): Promise<Dispatcher.ResponseData> {
    const headers = { authorization: `Bearer ${this.target.token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
    const url = new URL(path, this.target.url);
    try {
      return await request(url, { method, headers, dispatcher: this.agent, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    } catch (error) {
      throw new CommandError(
        `the product does not answer at ${this.target.url}: ${(error as Error).message}; start it with "npm start"`,
        EXIT.error,
      );
    }
  }
}

function parseProblem(text: string): Problem {
  try {
    return JSON.parse(text) as Problem;
  } catch {
    return { title: text.slice(0, 300) };
  }
}
