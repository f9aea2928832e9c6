import { createServer, type AddressInfo } from 'node:net';

/** Ports of the embedded server, all on 127.0.0.1. */
export interface TemporalPorts {
  readonly grpc: number;
  readonly http: number;
  readonly ui: number;
  readonly metrics: number;
}

/** Four different ports that are free now; somebody else may take one before it is used, so be ready to ask again. */
export async function freePorts(): Promise<TemporalPorts> {
  const servers = await Promise.all([0, 1, 2, 3].map(() => listen()));
  const [grpc, http, ui, metrics] = servers.map((server) => (server.address() as AddressInfo).port) as [
    number,
    number,
    number,
    number,
  ];
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return { grpc, http, ui, metrics };
}

function listen(): Promise<ReturnType<typeof createServer>> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port: 0 }, () => resolve(server));
  });
}
