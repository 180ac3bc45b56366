import type { ServerWritableStream, ServerDuplexStream, ServiceError } from '@grpc/grpc-js';

type AnyCall = ServerWritableStream<never, Buffer> | ServerDuplexStream<never, Buffer>;

/** An open call that sends messages: waits for the client to take them, and knows when it has gone. */
export class OpenCall {
  readonly #call: AnyCall;
  #gone = false;
  #wake: (() => void) | undefined;

  constructor(call: object) {
    this.#call = call as AnyCall;
    const leave = (): void => {
      this.#gone = true;
      this.#wake?.();
    };
    this.#call.on('cancelled', leave).on('close', leave);
    // The socket of a client that died; its calls end by `cancelled`.
    this.#call.on('error', leave);
    this.#call.on('drain', () => this.#wake?.());
  }

  get gone(): boolean {
    return this.#gone;
  }

  /** Sends without waiting; false: the client takes no more for now, `drain` of the call says when. */
  write(message: Buffer): boolean {
    return this.#gone || this.#call.write(message);
  }

  /** Resolves once the next message may be sent. One caller at a time. */
  async send(message: Buffer): Promise<void> {
    if (this.write(message)) return;
    while (!this.#gone && this.#call.writableNeedDrain) await this.wait();
  }

  /** Resolves at the next `notify`, when the client is ready for more, or has gone. */
  wait(): Promise<void> {
    if (this.#gone) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined;
        resolve();
      };
    });
  }

  notify(): void {
    this.#wake?.();
  }

  end(): void {
    if (!this.#gone) this.#call.end();
  }

  fail(error: ServiceError): void {
    if (this.#gone) return;
    this.#call.emit('error', error);
    this.#wake?.();
  }
}
