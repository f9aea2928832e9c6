import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A way to a TCP server on which nothing moves while it is stalled; connections are accepted all the same. */
export interface Stalling {
  readonly address: string;
  stall(): void;
  resume(): void;
  close(): Promise<void>;
}

export async function startStalling(to: string): Promise<Stalling> {
  const [host = '', port = ''] = to.split(':');
  const sockets = new Set<Socket>();
  let stalled = false;
  const server = createServer((near) => {
    const far = connect({ host, port: Number(port) });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      if (stalled) socket.pause();
    }
    near.on('close', () => (far.destroy(), sockets.delete(near)));
    far.on('close', () => (near.destroy(), sockets.delete(far)));
    near.on('data', (chunk) => far.write(chunk));
    far.on('data', (chunk) => near.write(chunk));
    if (stalled) for (const socket of [near, far]) socket.pause();
  });
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
  const each = (change: (socket: Socket) => void): void => {
    for (const socket of sockets) change(socket);
  };
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    stall() {
      stalled = true;
      each((socket) => socket.pause());
    },
    resume() {
      stalled = false;
      each((socket) => socket.resume());
    },
    close: () =>
      new Promise((resolve) => {
        each((socket) => socket.destroy());
        server.close(() => resolve());
      }),
  };
}
