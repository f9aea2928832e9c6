/** Worker and server as children that log to files, and the wait until they are ready. */
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Environment } from '../../config/environment';
import { startDoor, type DoorName } from '../door';
import { CliError, EXIT } from '../exit';
import type { Cleanup } from './cleanup';

/** A cold machine compiles the workflows first. */
const READY_LIMIT_MS = 120_000;
const STOP_LIMIT_MS = 15_000;
/** How often a look is taken whether the doors still run. */
const LOOK_MS = 250;
const TAIL_LINES = 15;

export interface LoggedDoor {
  readonly name: DoorName;
  readonly logFile: string;
  /** How it ended, in words; `undefined` while it runs. */
  readonly ended: () => string | undefined;
}

export interface LoggedDoorOrder {
  readonly name: DoorName;
  readonly doors: string;
  readonly env: Environment;
  /** Folder of the log. */
  readonly directory: string;
  readonly cleanup: Cleanup;
}

/** Starts a door; it is stopped by the cleanup, as a service manager would: SIGTERM first. */
export function startLoggedDoor({ name, doors, env, directory, cleanup }: LoggedDoorOrder): LoggedDoor {
  const logFile = join(directory, `${name}.log`);
  const log = openSync(logFile, 'a', 0o600);
  try {
    const { child, end } = startDoor({ name, doors, env, stdio: ['ignore', log, log] });
    let how: string | undefined;
    void end.then((said) => (how = said));
    cleanup.defer(name, async () => {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
      await end;
      clearTimeout(timer);
    });
    return { name, logFile, ended: () => how };
  } finally {
    closeSync(log);
  }
}

/** Waits until the server says that runs are accepted. Throws CliError, with the end of the log, when a door ends instead. */
export async function untilReady(url: string, doors: readonly LoggedDoor[]): Promise<void> {
  const until = Date.now() + READY_LIMIT_MS;
  while (Date.now() < until) {
    assertAlive(doors);
    if (await isReady(url)) return;
    await sleep(100);
  }
  throw new CliError(EXIT.unreachable, `the server was not ready within ${READY_LIMIT_MS / 1_000} s`, {
    hint: doors.map(tail).join('\n'),
  });
}

/** Waits for some work as long as the doors live. Throws CliError as soon as one of them has ended by itself. */
export async function whileAlive<T>(doors: readonly LoggedDoor[], work: Promise<T>): Promise<T> {
  const over = new AbortController();
  const watch = async (): Promise<never> => {
    for (;;) {
      assertAlive(doors);
      await sleep(LOOK_MS, undefined, { signal: over.signal });
    }
  };
  try {
    return await Promise.race([work, watch()]);
  } finally {
    over.abort();
  }
}

/** Throws CliError when one of them has ended by itself. */
function assertAlive(doors: readonly LoggedDoor[]): void {
  for (const door of doors) {
    const how = door.ended();
    if (how !== undefined) throw new CliError(EXIT.bad, `the ${door.name} ended (${how})`, { hint: tail(door) });
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    const { ok } = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5_000) });
    return ok;
  } catch {
    return false;
  }
}

const tail = ({ name, logFile }: LoggedDoor): string =>
  `the last of the ${name}’s log:\n${readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-TAIL_LINES).join('\n')}`;
