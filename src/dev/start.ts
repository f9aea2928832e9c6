import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../domain/errors';
import { launchTemporal, type Launched, type LaunchOrder } from './launch';
import { freePorts, type TemporalPorts } from './ports';
import { watchDatabase } from './stuck';

export interface StartOrder extends Omit<LaunchOrder, 'dbFile'> {
  /** SQLite file that keeps everything over a restart; one that goes with the server when not given. */
  readonly dbFile?: string;
  /** The ports of an earlier start, to come back at the same place; free ones when not given. */
  readonly ports?: TemporalPorts;
  /** Told in a line when the server had to be restarted. */
  readonly log?: (line: string) => void;
}

export interface TemporalServer {
  /** `127.0.0.1:<port>`, for clients and workers. */
  readonly address: string;
  readonly uiUrl: string | null;
  readonly namespace: string;
  readonly ports: TemporalPorts;
  /** Of the process that runs now. */
  readonly pid: () => number;
  /** Ends it as a service manager would: SIGTERM, and SIGKILL if it does not go within 10 s. */
  readonly stop: () => Promise<void>;
  /** Ends it as a crash would: SIGKILL. */
  readonly kill: () => Promise<void>;
}

const ATTEMPTS = 3;

/**
 * A Temporal dev server on loopback that has answered. It ends when this process ends, however that happens, and does not keep
 * this process from ending. When its database is stuck (see {@link watchDatabase}) it is restarted in its place, on its file:
 * its callers see it unavailable for a few seconds.
 */
export async function startTemporal(order: StartOrder): Promise<TemporalServer> {
  const { file: dbFile, remove } = database(order.dbFile);
  const launchOrder = { ...order, dbFile };
  const first = await launch(launchOrder, order.ports).catch((error: unknown) => {
    remove();
    throw error;
  });
  const { ports } = first;
  let { server } = first;
  let healing: Promise<void> = Promise.resolve();
  const heal = async (): Promise<void> => {
    order.log?.('the database of the Temporal dev server is stuck; restarting the server on its file …');
    await server.kill();
    try {
      server = await launchTemporal(launchOrder, ports);
    } catch (error) {
      order.log?.(messageOf(error));
    }
  };
  const unwatch = watchDatabase(ports, () => (healing = heal()));
  const end = async (how: 'stop' | 'kill'): Promise<void> => {
    unwatch();
    await healing;
    await server[how]();
    remove();
  };
  return {
    address: `127.0.0.1:${ports.grpc}`,
    uiUrl: order.ui === false ? null : `http://127.0.0.1:${ports.ui}`,
    namespace: order.namespace,
    ports,
    pid: () => server.pid,
    stop: () => end('stop'),
    kill: () => end('kill'),
  };
}

/** The file, and what is to be done when the server is over. */
function database(given: string | undefined): { readonly file: string; readonly remove: () => void } {
  if (given !== undefined) return { file: given, remove: () => undefined };
  const directory = mkdtempSync(join(tmpdir(), 'assay-temporal-'));
  const clear = (): void => rmSync(directory, { recursive: true, force: true });
  process.once('exit', clear);
  return {
    file: join(directory, 'temporal.db'),
    remove: () => {
      process.off('exit', clear);
      clear();
    },
  };
}

async function launch(
  order: LaunchOrder,
  given: TemporalPorts | undefined,
): Promise<{ readonly server: Launched; readonly ports: TemporalPorts }> {
  if (given !== undefined) return { server: await launchTemporal(order, given), ports: given };
  for (let attempt = 1; ; attempt += 1) {
    const ports = await freePorts();
    try {
      return { server: await launchTemporal(order, ports), ports };
    } catch (error) {
      // A port that was free a moment ago may be somebody else's by now.
      if (attempt === ATTEMPTS || !/address already in use|can't set up port/i.test(String(error))) throw error;
    }
  }
}
