import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Proxy {
  readonly url: string;
  /** Where requests go from now on; none: 503. */
  target: string | undefined;
  /** How often it had to answer in the place of the other side. */
  readonly stoodIn: () => number;
  close(): Promise<void>;
}

/**
 * A load balancer: passes requests on, with `X-Forwarded-For`, and answers 503 while nobody listens and 502 where a connection
 * breaks. `prefix` is taken off a path that begins with it where `strip` says so.
 */
export async function startProxy({ prefix = '', strip = false } = {}): Promise<Proxy> {
  let stoodIn = 0;
  const proxy = { target: undefined as string | undefined };
  const instead = (response: ServerResponse, status: number): void => {
    stoodIn += 1;
    if (response.headersSent) return void response.destroy();
    response.writeHead(status, { 'Content-Type': 'text/html' });
    response.end('<html>not now</html>');
  };
  const serve = (incoming: IncomingMessage, response: ServerResponse): void => {
    if (proxy.target === undefined) return instead(response, 503);
    const given = incoming.url ?? '/';
    const path = strip && given.startsWith(prefix) ? given.slice(prefix.length) || '/' : given;
    const headers = { ...incoming.headers, 'x-forwarded-for': '203.0.113.9' };
    const passed = request(`${proxy.target}${path}`, { method: incoming.method, headers, agent: false }, (answer) => {
      const { connection: _, ...kept } = answer.headers;
      response.writeHead(answer.statusCode ?? 502, kept);
      answer.on('error', () => response.destroy());
      answer.pipe(response);
    });
    passed.on('error', (error: NodeJS.ErrnoException) => instead(response, error.code === 'ECONNREFUSED' ? 503 : 502));
    incoming.pipe(passed);
  };
  const server = createServer({ keepAliveTimeout: 400_000 }, serve);
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
  return Object.assign(proxy, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stoodIn: () => stoodIn,
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  });
}
