import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  /** Which connection it came on, counted from 1, and the how many-th request of that. */
  readonly connection: number;
  readonly nth: number;
}

/** `hangUp`: closes the connection without an answer. `silence`: never answers. */
export type Said =
  | 'hangUp'
  | 'silence'
  | {
      readonly status?: number;
      readonly headers?: Record<string, string>;
      readonly json?: unknown;
      readonly raw?: string;
    };

export interface RawServer {
  readonly url: string;
  readonly seen: Seen[];
  of(method: string, path?: string): Seen[];
  close(): Promise<void>;
}

/** A small HTTP server that does what it is told with each request, and remembers the connection each came on. */
export async function rawServer(say: (seen: Seen, all: readonly Seen[]) => Said): Promise<RawServer> {
  const seen: Seen[] = [];
  const connections = new Map<Socket, { readonly id: number; requests: number }>();
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const connection = connections.get(request.socket);
    if (!connection) throw new Error('unknown connection');
    connection.requests += 1;
    const one: Seen = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks),
      connection: connection.id,
      nth: connection.requests,
    };
    seen.push(one);
    const said = say(one, seen);
    if (said === 'silence') return;
    if (said === 'hangUp') return void request.socket.destroy();
    const { status = 200, headers = {}, json, raw } = said;
    response.writeHead(status, { ...(json !== undefined && { 'Content-Type': 'application/json' }), ...headers });
    response.end(raw ?? (json === undefined ? '' : JSON.stringify(json)));
  };
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => void serve(request, response));
  server.on('connection', (socket) => connections.set(socket, { id: connections.size + 1, requests: 0 }));
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    of: (method, path) => seen.filter((one) => one.method === method && (path === undefined || one.path === path)),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
