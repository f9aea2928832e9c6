import { createServer, type Http2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { connectTemporal } from '../../src/client/connect';
import { Unreachable } from '../../src/client/errors';
import { ALICE, assay, ORDER } from './given';

/** What answers every call with one gRPC status, as a server does that is going down. */
async function answering(code: number): Promise<Http2Server> {
  const server = createServer();
  server.on('stream', (stream) =>
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': String(code), 'grpc-message': 'going down' },
      { endStream: true },
    ),
  );
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
  return server;
}

// What the SDK's client tries again by itself (UNKNOWN, ABORTED, …) comes as a deadline that has passed.
test.each([
  ['CANCELLED', 1],
  ['INTERNAL', 13],
])('%s means that Temporal cannot be used now, whatever is asked', async (_, code) => {
  const server = await answering(code);
  const { port } = server.address() as AddressInfo;
  const temporal = connectTemporal({ connection: { address: `127.0.0.1:${port}` }, namespace: 'n' });
  const { runs } = assay(temporal);
  for (const call of [
    () => runs.list({}),
    () => runs.status('r-1'),
    () => runs.start({ ...ORDER, key: 'r-1' }),
    () => runs.cancel('r-1', ALICE, ''),
  ])
    await expect(call()).rejects.toThrow(Unreachable);
  await temporal.close();
  await new Promise((resolve) => server.close(resolve));
});
