/** Door: the server. Reads the config, wires the clients, and answers HTTP until it is told to stop. */
import { connectTemporal } from './client/connect';
import {
  ConfigError,
  createLog,
  environment,
  logLevel,
  temporalConnection,
  temporalUi,
  watchOwnConfig,
} from './config';
import { messageOf } from './domain/errors';
import { createClients } from './server/clients';
import { CannotListen, serve } from './server/serve';

interface ServerOrder {
  /** Tells where it listens as one JSON line instead of a sentence. */
  readonly json?: boolean;
}

/** Serves until SIGINT or SIGTERM. Throws ConfigError and CannotListen. Temporal may be away: `/readyz` tells, and starts are refused. */
export async function startServer({ json = false }: ServerOrder = {}): Promise<void> {
  const env = environment();
  const log = createLog('assay-server', logLevel(env));
  const watched = watchOwnConfig(env, 'server', log);
  try {
    const first = watched.current();
    const told = signalled();
    const config = () => watched.current();
    const temporal = connectTemporal(temporalConnection(env));
    const clients = createClients({ config, temporal, temporalUi: temporalUi(env), log });
    const serving = await serve({ config, clients, log });
    const { publicUrl } = first.server;
    const where = { url: serving.url, publicUrl };
    console.log(json ? JSON.stringify(where) : `assay server listens on ${serving.url} for ${publicUrl}`);
    log.info({ lines: [...first.lines.keys()] }, 'server is ready');
    log.info({ signal: await told }, 'server ends');
    await serving.close();
  } finally {
    watched.close();
  }
}

/** The first signal to end. A second one ends at once, as it would without us. */
function signalled(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(signal));
  });
}

/** Exit codes: 2 the config is wrong, its address included. */
export function runAsProgram(start: () => Promise<void>): void {
  start().then(
    () => process.exit(0),
    (error: unknown) => {
      console.error(`assay server: ${messageOf(error)}`);
      process.exit(error instanceof ConfigError || error instanceof CannotListen ? 2 : 1);
    },
  );
}

if (require.main === module) runAsProgram(() => startServer({ json: process.argv.includes('--json') }));
