import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface TcpProxy {
  port: number;
  /** From now on nothing that the server says reaches the client, and new connections are refused. */
  swallowAnswers(): void;
  /** Breaks every connection. */
  cut(): void;
  /** Works as before, for new connections. */
  mend(): void;
  close(): Promise<void>;
}

/** Stands between a client and a server on this machine, and loses what it is told to lose. */
export const startTcpProxy = async (target: number): Promise<TcpProxy> => {
  const sockets = new Set<Socket>();
  let broken = false;
  const server = createServer((client) => {
    if (broken) return void client.destroy();
    const upstream = connect(target, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => undefined);
    }
    client.pipe(upstream);
    upstream.on('data', (bytes) => {
      if (!broken) client.write(bytes);
    });
    upstream.on('close', () => client.destroy());
    client.on('close', () => upstream.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => sockets.forEach((socket) => socket.destroy());
  return {
    port: (server.address() as AddressInfo).port,
    swallowAnswers: () => void (broken = true),
    cut,
    mend: () => void (broken = false),
    close: async () => {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
};
