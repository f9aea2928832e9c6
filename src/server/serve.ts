/** The HTTP server's life: from its listening socket to a clean end. What it talks to is given. */
import type { AddressInfo } from 'node:net';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { LinesApi, RunsApi, SetupApi } from '../client/api';
import { linesOfNow, type Config } from '../config';
import { orderFaults } from '../client/start';
import { messageOf } from '../domain/errors';
import { createApp } from '../http/app';

/** What the server asks; `close` lets go of Temporal. */
export interface Clients {
  readonly runs: RunsApi;
  readonly lines: LinesApi;
  readonly setup: SetupApi;
  close(): Promise<void>;
}

export interface ServeOptions {
  /** The config of now. Address, public URL and limits are taken once; keys and lines are asked for each time. */
  readonly config: () => Config;
  readonly clients: Clients;
  readonly log: FastifyBaseLogger;
  /** How long answers in flight may take after `close`; default 15 s. */
  readonly graceMs?: number;
  /** Between tries to register what Temporal lacks; default 5 s. */
  readonly setupEveryMs?: number;
}

export interface Serving {
  /** Where it listens. */
  readonly url: string;
  /** Takes no new requests, lets those in flight end, and lets go of everything. */
  close(): Promise<void>;
}

/** The address of `server.listen` cannot be listened on. */
export class CannotListen extends Error {
  override readonly name = 'CannotListen';
}

/** Listens, and registers at Temporal what is missing beside it: `/readyz` tells meanwhile. Throws CannotListen. */
export async function serve(options: ServeOptions): Promise<Serving> {
  const { config, clients, log, graceMs = 15_000, setupEveryMs = 5_000 } = options;
  const { host, port, publicUrl, trustProxy, rateLimit } = config().server;
  const app = createApp({
    ...{ runs: clients.runs, lines: clients.lines, setup: clients.setup },
    ...{ publicUrl, trustProxy, rateLimit, logger: log },
    access: () => config().access,
    hooks: () => config().hooks,
    requestFaults: (request) => orderFaults(linesOfNow(config), request),
    regionOf: (line) => config().lines.get(line)?.region,
  });
  await listen(app, host, port);
  const stopSetup = keepSettingUp(clients.setup, log, setupEveryMs);
  return {
    url: urlOf(app, host),
    async close() {
      stopSetup();
      const cut = setTimeout(() => app.server.closeAllConnections(), graceMs);
      await app.close();
      clearTimeout(cut);
      await clients.close();
    },
  };
}

async function listen(app: FastifyInstance, host: string, port: number): Promise<void> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    const why = WHY[(error as NodeJS.ErrnoException).code ?? ''];
    if (why === undefined) throw error;
    throw new CannotListen(`server.listen: ${host}:${port} ${why}`);
  }
}

const WHY: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is taken by another process',
  EACCES: 'may not be listened on by this user',
  EADDRNOTAVAIL: 'is no address of this machine',
  ENOTFOUND: 'is no address that can be found',
};

function urlOf(app: FastifyInstance, host: string): string {
  const { port } = app.server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Tries until it is done once; Temporal may come later than we do. What may not be registered stays for `assay setup`. */
function keepSettingUp(setup: SetupApi, log: FastifyBaseLogger, everyMs: number): () => void {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const attempt = async (): Promise<void> => {
    try {
      for (const done of await setup.setup()) log.info({ setup: done }, 'registered at Temporal');
    } catch (error) {
      log.warn({ reason: messageOf(error) }, 'not set up at Temporal yet; trying again');
      if (!stopped) timer = setTimeout(() => void attempt(), everyMs);
    }
  };
  void attempt();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
