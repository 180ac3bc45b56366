import pg from 'pg';

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;

type Listener = (payload: string) => void;

/**
 * One connection that listens for all of a process's channels on a schema. It reconnects for ever. Notifications sent while it is away are lost,
 * so every listener is called with an empty payload after each reconnect: look for yourself.
 */
export class Notifications {
  readonly #url: string;
  readonly #listeners = new Map<string, Set<Listener>>();
  #client: pg.Client | undefined;
  #connecting: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #pause = FIRST_PAUSE_MS;
  #closed = false;

  constructor(url: string) {
    this.#url = url;
  }

  /** Calls back for each notification on a channel until the returned function is called. */
  listen(channel: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(channel) ?? new Set<Listener>();
    const isNew = listeners.size === 0;
    listeners.add(listener);
    this.#listeners.set(channel, listeners);
    if (isNew) this.#subscribe(channel);
    return () => {
      listeners.delete(listener);
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#connecting;
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => {});
  }

  #subscribe(channel: string): void {
    if (this.#client) void this.#send(this.#client, channel);
    else this.#connect();
  }

  async #send(client: pg.Client, channel: string): Promise<void> {
    await client.query(`listen ${client.escapeIdentifier(channel)}`).catch(() => this.#lost(client));
  }

  #connect(): void {
    if (this.#closed || this.#connecting) return;
    this.#connecting = this.#open().finally(() => {
      this.#connecting = undefined;
    });
  }

  async #open(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#url,
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
      application_name: 'muster listen',
    });
    client.on('error', () => this.#lost(client));
    client.on('end', () => this.#lost(client));
    client.on('notification', ({ channel, payload }) => this.#call(channel, payload ?? ''));
    try {
      await client.connect();
    } catch {
      this.#lost(client);
      return;
    }
    this.#client = client;
    this.#pause = FIRST_PAUSE_MS;
    for (const channel of this.#listeners.keys()) {
      await this.#send(client, channel);
      this.#call(channel, '');
    }
  }

  #lost(client: pg.Client): void {
    if (this.#closed || (this.#client !== undefined && this.#client !== client)) return;
    this.#client = undefined;
    client.end().catch(() => {});
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(), this.#pause);
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
  }

  #call(channel: string, payload: string): void {
    for (const listener of this.#listeners.get(channel) ?? []) listener(payload);
  }
}
