/** Door: the worker. Reads the config, wires the activities, and serves the task queues until it is told to stop. */
import { NativeConnection, Runtime, type WorkerOptions } from '@temporalio/worker';
import { connectTemporal } from './client/connect';
import { Unreachable } from './client/errors';
import { createSetup } from './client/setup';
import { ConfigError, createLog, environment, logLevel, temporalConnection, watchOwnConfig } from './config';
import { messageOf } from './domain/errors';
import { createDeps } from './worker/deps';
import { createWorkers } from './worker/workers';

export interface WorkerOrder {
  /** For tests that look at, or kill, what happens around an activity. */
  readonly interceptors?: WorkerOptions['interceptors'];
  /** Tells what it serves as one JSON line on stdout; else stdout stays empty. */
  readonly json?: boolean;
}

/** How long a worker waits for Temporal when it starts, in milliseconds. */
const PATIENCE_MS = 60_000;
const PAUSE_MS = 1_000;

/** Serves until SIGINT or SIGTERM. Throws ConfigError, and Unreachable when Temporal does not come within a minute. */
export async function startWorker({ interceptors, json = false }: WorkerOrder = {}): Promise<void> {
  const env = environment();
  const log = createLog('assay-worker', logLevel(env));
  // The SDK's own log goes the same way; signals are ours to handle.
  Runtime.install({
    logger: {
      log: (level, message, meta) => log.info({ level, ...meta }, message),
      trace: (message, meta) => log.trace(meta ?? {}, message),
      debug: (message, meta) => log.debug(meta ?? {}, message),
      info: (message, meta) => log.debug(meta ?? {}, message),
      warn: (message, meta) => log.warn(meta ?? {}, message),
      error: (message, meta) => log.error(meta ?? {}, message),
    },
    shutdownSignals: ['SIGINT', 'SIGTERM'],
  });
  const watched = watchOwnConfig(env, 'worker', log);
  try {
    const first = watched.current();
    const { connection: options, namespace } = temporalConnection(env);
    const temporal = connectTemporal({ connection: options, namespace });
    await withPatience(
      () => createSetup(temporal).setup(),
      (error) => log.warn(messageOf(error)),
    );
    const connection = await NativeConnection.connect(options);
    try {
      const deps = createDeps(() => watched.current(), temporal);
      const workers = await createWorkers({ connection, namespace, deps, ...(interceptors && { interceptors }) });
      const serves = { namespace, lines: [...first.lines.keys()] };
      log.info(serves, 'worker is ready');
      if (json) console.log(JSON.stringify(serves));
      await runAll(workers);
    } finally {
      await connection.close();
      await temporal.close();
    }
  } finally {
    watched.close();
  }
}

/** Runs workers together: when one ends, for whatever reason, the others are told to stop too. */
async function runAll(workers: Awaited<ReturnType<typeof createWorkers>>): Promise<void> {
  const stopOthers = (): void => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  const results = await Promise.allSettled(workers.map((worker) => worker.run().finally(stopOthers)));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

async function withPatience(prepare: () => Promise<unknown>, tell: (error: unknown) => void): Promise<void> {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      await prepare();
      return;
    } catch (error) {
      if (!(error instanceof Unreachable) || Date.now() >= until) throw error;
      tell(error);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

/** Exit codes: 2 the config is wrong, 3 a service cannot be reached. */
export function runAsProgram(start: () => Promise<void>): void {
  start().then(
    () => process.exit(0),
    (error: unknown) => {
      console.error(`assay worker: ${messageOf(error)}`);
      process.exit(error instanceof ConfigError ? 2 : error instanceof Unreachable ? 3 : 1);
    },
  );
}

if (require.main === module) runAsProgram(() => startWorker({ json: process.argv.includes('--json') }));
