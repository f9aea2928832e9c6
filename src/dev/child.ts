import { spawn, type ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';

/** The environment as handed over by whoever is allowed to read it. */
export type Env = Readonly<Record<string, string | undefined>>;

/** How much of a child's output is kept for an error message. */
const TAIL_CHARS = 2_000;

const WATCHER = 'cat >/dev/null 2>&1; kill -s KILL -- "-$1" 2>/dev/null';

/**
 * Ties a process group to our own life. A small shell holds the other end of a pipe to us; when we die, by whatever signal,
 * the pipe closes and the shell kills the group. An exit handler alone would leave orphans after SIGKILL. The function given
 * back lets go.
 */
export function tieToOurLife(groupId: number): () => void {
  const watcher = spawn('/bin/sh', ['-c', WATCHER, 'assay-watcher', String(groupId)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: '/usr/bin:/bin' },
  });
  watcher.on('error', () => undefined);
  watcher.stdin.on('error', () => undefined);
  watcher.unref();
  // A pipe of a child is a net.Socket, which may be unreferenced so that it does not keep an otherwise finished process alive.
  (watcher.stdin as unknown as Socket).unref();
  return () => {
    if (watcher.pid !== undefined) killGroup(watcher.pid);
  };
}

/** Sends SIGKILL to a process group that we started detached; one that is gone already is fine. */
export function killGroup(groupId: number): void {
  try {
    process.kill(-groupId, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Resolves with a few words on how the child ended. */
export function ended(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null)
      return resolve(howEnded(child.exitCode, child.signalCode));
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(howEnded(code, signal)));
  });
}

const howEnded = (code: number | null, signal: NodeJS.Signals | null): string =>
  signal === null ? `exit code ${code}` : `ended by ${signal}`;

/** Result of a command that ran to an end, or was ended. */
export interface RunResult {
  /** `undefined` when it ended with exit code 0. */
  readonly failure: string | undefined;
  /** The last of what it wrote, both streams together. */
  readonly output: string;
}

export interface RunOrder {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Env;
  readonly cwd?: string;
  /** Milliseconds until it is killed. */
  readonly limitMs: number;
  /** Called every second with the seconds since the start; a text given back ends the command for that reason. */
  readonly everySecond?: (seconds: number) => string | undefined;
}

/** Runs a command with its whole process group bounded in time and tied to our life. Never throws; says what went wrong. */
export async function runCommand(order: RunOrder): Promise<RunResult> {
  const child = spawn(order.command, [...order.args], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: order.env,
    ...(order.cwd === undefined ? {} : { cwd: order.cwd }),
  });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString('utf8')).slice(-TAIL_CHARS);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const pid = child.pid;
  if (pid === undefined) return { failure: await ended(child), output: '' };

  const letGo = tieToOurLife(pid);
  const started = Date.now();
  let stoppedFor: string | undefined;
  const stop = (why: string): void => {
    stoppedFor ??= why;
    killGroup(pid);
  };
  const ticker = setInterval(() => {
    const why = order.everySecond?.(Math.round((Date.now() - started) / 1_000));
    if (why !== undefined) stop(why);
  }, 1_000);
  const limit = setTimeout(() => stop(`gave up after ${Math.round(order.limitMs / 1_000)} s`), order.limitMs);
  const end = await ended(child);
  await lastWords(closed);
  clearInterval(ticker);
  clearTimeout(limit);
  letGo();
  return { failure: stoppedFor ?? (end === 'exit code 0' ? undefined : end), output: output.trim() };
}

/** Output may arrive after the exit; but a grandchild that lives on keeps the pipes open, so not for longer than a second. */
async function lastWords(closed: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([closed, new Promise((resolve) => (timer = setTimeout(resolve, 1_000)))]);
  clearTimeout(timer);
}
