import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SEARCH } from '../domain/names';
import { ended, killGroup, tieToOurLife } from './child';
import type { TemporalPorts } from './ports';

export interface LaunchOrder {
  /** Path of the Temporal CLI. */
  readonly cli: string;
  /** SQLite file that keeps everything over a restart. */
  readonly dbFile: string;
  readonly namespace: string;
  /** Temporal's web UI; on when not given. */
  readonly ui?: boolean;
  /** More settings of the server, as `--dynamic-config-value` takes them. */
  readonly settings?: readonly string[];
  /** File for the server's own log (warnings and errors); kept nowhere when not given. */
  readonly logFile?: string;
  /** Milliseconds until it must answer; 60 s when not given, as a cold machine takes its time. */
  readonly limitMs?: number;
}

/** A process of the dev server that has answered. */
export interface Launched {
  readonly pid: number;
  /** Ends it as a service manager would: SIGTERM, and SIGKILL if it does not go within 10 s. */
  readonly stop: () => Promise<void>;
  /** Ends it as a crash would: SIGKILL. */
  readonly kill: () => Promise<void>;
}

const LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 10_000;
const LOG_TAIL_BYTES = 2_000;

/** Settings of the server, as `--dynamic-config-value` takes them. */
const DYNAMIC_CONFIG: readonly string[] = [
  // Otherwise the server asks the internet for newer versions.
  'frontend.enableServerVersionCheck=false',
  // The defaults are meant for a shared cluster: 2400 calls and 10 visibility calls a second.
  'frontend.namespaceRPS=20000',
  'frontend.namespaceRPS.visibility=1000',
  // With one process there is nothing to spread, and a task queue's rate limit is divided by its partitions.
  'matching.numTaskqueueReadPartitions=1',
  'matching.numTaskqueueWritePartitions=1',
];

/**
 * Starts the CLI's dev server on loopback and waits until it answers and knows the namespace and Assay's search attributes. It
 * ends when this process ends, however that happens, and does not keep this process from ending.
 */
export async function launchTemporal(order: LaunchOrder, ports: TemporalPorts): Promise<Launched> {
  const log = openLog(order.logFile);
  // A group of its own, so that Ctrl-C at a terminal reaches us and not the server that our shutdown still needs.
  const child = spawn(order.cli, [...commandLine(order, ports)], {
    detached: true,
    stdio: ['ignore', log, log],
    env: { PATH: '/usr/bin:/bin', TMPDIR: tmpdir() },
  });
  const end = ended(child);
  const pid = child.pid;
  if (pid === undefined) {
    closeSync(log);
    throw new Error(`the Temporal CLI at ${order.cli} cannot be started: ${await end}`);
  }
  child.unref();
  const letGo = tieToOurLife(pid);
  void end.then(() => letGo());

  const failure = await untilReady({
    child,
    end,
    ports,
    namespace: order.namespace,
    limitMs: order.limitMs ?? LIMIT_MS,
  });
  if (failure !== undefined) {
    killGroup(pid);
    await end;
    const said = tail(log);
    closeSync(log);
    throw new Error(`the Temporal dev server did not start (${failure})${said === '' ? '' : `; it said:\n${said}`}`);
  }
  closeSync(log);
  return {
    pid,
    stop: () => stop(child, end),
    kill: async () => {
      child.ref();
      killGroup(pid);
      await end;
    },
  };
}

function commandLine({ dbFile, namespace, ui, settings = [] }: LaunchOrder, ports: TemporalPorts): readonly string[] {
  const each = (flag: string, values: readonly string[]): string[] => values.flatMap((value) => [flag, value]);
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--log-level', 'warn', '--namespace', namespace],
    ...['--port', `${ports.grpc}`, '--http-port', `${ports.http}`, '--metrics-port', `${ports.metrics}`],
    ...(ui === false ? ['--headless'] : ['--ui-port', `${ports.ui}`]),
    // Write-ahead log without a sync per commit: a killed process loses nothing, only a machine that loses its power may.
    ...['--db-filename', dbFile, ...each('--sqlite-pragma', ['journal_mode=WAL', 'synchronous=OFF'])],
    ...each(
      '--search-attribute',
      Object.values(SEARCH).map((name) => `${name}=Keyword`),
    ),
    ...each('--dynamic-config-value', [...DYNAMIC_CONFIG, ...settings]),
  ];
}

interface Waiting {
  readonly child: ChildProcess;
  readonly end: Promise<string>;
  readonly ports: TemporalPorts;
  readonly namespace: string;
  readonly limitMs: number;
}

/**
 * Waits for the namespace to have its search attributes, which the dev server registers last. Asked over the server's HTTP
 * API (Temporal API, `ListSearchAttributes`). Gives back why it is not ready, `undefined` when it is.
 */
async function untilReady({ child, end, ports, namespace, limitMs }: Waiting): Promise<string | undefined> {
  const url = `http://127.0.0.1:${ports.http}/api/v1/namespaces/${encodeURIComponent(namespace)}/search-attributes`;
  const until = Date.now() + limitMs;
  while (Date.now() < until) {
    if (child.exitCode !== null || child.signalCode !== null) return end;
    if (await hasAttributes(url)) return undefined;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return `no answer within ${Math.round(limitMs / 1_000)} s`;
}

async function hasAttributes(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    const body = (await answer.json()) as { customAttributes?: Record<string, unknown> };
    const custom = body.customAttributes ?? {};
    return Object.values(SEARCH).every((name) => name in custom);
  } catch {
    return false;
  }
}

async function stop(child: ChildProcess, end: Promise<string>): Promise<void> {
  child.ref();
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
  await end;
  clearTimeout(timer);
}

/** Opens the file for reading and appending; without a name one that has no name any more and vanishes when it is closed. */
function openLog(file: string | undefined): number {
  if (file !== undefined) return openSync(file, 'a+', 0o600);
  const directory = mkdtempSync(join(tmpdir(), 'assay-temporal-'));
  try {
    return openSync(join(directory, 'log'), 'a+', 0o600);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function tail(log: number): string {
  const { size } = fstatSync(log);
  const buffer = Buffer.alloc(Math.min(size, LOG_TAIL_BYTES));
  readSync(log, buffer, 0, buffer.length, size - buffer.length);
  return buffer.toString('utf8').trim();
}
