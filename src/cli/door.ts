/** Running a door (`worker.js`, `server.js`) as a process of its own. */
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../config/environment';
import { ended, tieToOurLife } from '../dev/child';
import { CliError, EXIT } from './exit';

export type DoorName = 'worker' | 'server';

export interface DoorOrder {
  readonly name: DoorName;
  /** Folder of the compiled doors. */
  readonly doors: string;
  readonly env: Environment;
  readonly args?: readonly string[];
  readonly stdio: StdioOptions;
}

export interface Door {
  readonly child: ChildProcess;
  /** Resolves with how it ended, in words. */
  readonly end: Promise<string>;
}

/**
 * Starts a door. It has a process group of its own, so that Ctrl-C reaches it once, from us, and it dies when we are killed.
 * Throws CliError where it is not built.
 */
export function startDoor({ name, doors, env, args = [], stdio }: DoorOrder): Door {
  const file = join(doors, `${name}.js`);
  if (!existsSync(file))
    throw new CliError(EXIT.usage, `there is no ${file}`, { hint: 'Build Assay first: npm run build' });
  const child = spawn(process.execPath, ['--enable-source-maps', file, ...args], {
    stdio,
    env: { ...env },
    detached: true,
  });
  const end = ended(child);
  if (child.pid !== undefined) {
    const letGo = tieToOurLife(child.pid);
    void end.then(letGo);
  }
  return { child, end };
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs a door in our place: signals are passed on, and its exit code is given back (128 and the signal's number when a signal ended it). */
export async function runDoor(order: DoorOrder): Promise<number> {
  // Before the door is there, so that no signal finds us without it.
  const passOn = SIGNALS.map((signal) => ({ signal, listener: () => void door?.child.kill(signal) }));
  let door: Door | undefined;
  for (const { signal, listener } of passOn) process.on(signal, listener);
  try {
    door = startDoor(order);
    return codeOf(order.name, door.child, await door.end);
  } finally {
    for (const { signal, listener } of passOn) process.off(signal, listener);
  }
}

function codeOf(name: DoorName, child: ChildProcess, how: string): number {
  if (child.signalCode !== null) return 128 + constants.signals[child.signalCode];
  if (child.exitCode !== null) return child.exitCode;
  throw new CliError(EXIT.bad, `the ${name} cannot be started: ${how}`);
}
