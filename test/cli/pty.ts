/** The program at a terminal: a real pseudo-terminal (`script` of util-linux, which every Debian has) and a screen that shows what it draws. */
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Terminal } from '@xterm/headless';
import { describeUnless, eventually } from '../setup/helpers';
import type { RunOrder } from './program';

/** util-linux's `script`; others of the name take other options. */
const hasPty = (): boolean => /util-linux/.test(String(spawnSync('script', ['--version']).stdout));

/** Like `describe`, for tests at a terminal: where none can be made they are skipped, loudly. */
export function describeAtTerminal(name: string, body: () => void): void {
  describeUnless(hasPty() ? undefined : 'there is no program `script` of util-linux', name, body);
}

export interface Session {
  /** The lines that are on the screen, down to the last that is not empty. */
  screen(): string[];
  /** Waits until the screen's text fits, and gives back its lines. */
  until(wanted: RegExp, timeoutMs?: number): Promise<string[]>;
  /** Types as a keyboard does; `\r` is the return key. */
  type(keys: string): void;
  /** What was written so far, with the codes that move the cursor and paint. */
  written(): string;
  /** Takes the terminal away; what has ended already is left alone. */
  hangUp(): void;
  /** Exit code; 128 and the signal's number for one that a signal ended. */
  readonly ended: Promise<number | null>;
}

export interface SessionOrder extends Pick<RunOrder, 'dist' | 'args' | 'env'> {
  readonly columns?: number;
  readonly rows?: number;
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Runs the program at a terminal of its own. */
export function runAtTerminal({ dist, args, env = {}, columns = 100, rows = 30 }: SessionOrder): Session {
  const program = [process.execPath, join(dist, 'cli.js'), ...args].map(quoted).join(' ');
  const command = `stty cols ${columns} rows ${rows}; exec ${program}`;
  const child = spawn('script', ['--quiet', '--return', '--flush', '--command', command, '/dev/null'], {
    env: { PATH: process.env['PATH'], HOME: dist, SHELL: '/bin/sh', TERM: 'xterm-256color', ...env },
    stdio: 'pipe',
  });
  const terminal = new Terminal({ cols: columns, rows, allowProposedApi: true });
  let written = '';
  child.stdout.on('data', (chunk: Buffer) => {
    written += chunk.toString('utf8');
    terminal.write(chunk);
  });
  child.stdin.on('error', () => undefined);
  const screen = (): string[] => {
    const { active } = terminal.buffer;
    const lines = Array.from({ length: rows }, (_, row) => active.getLine(active.baseY + row)?.translateToString(true));
    return lines.join('\n').trimEnd().split('\n');
  };
  return {
    screen,
    until: async (wanted, timeoutMs = 20_000) => {
      try {
        await eventually(() => wanted.test(screen().join('\n')), { timeoutMs });
      } catch (error) {
        throw new Error(`no ${String(wanted)} on the screen:\n${screen().join('\n')}`, { cause: error });
      }
      return screen();
    },
    type: (keys) => void child.stdin.write(keys),
    written: () => written,
    // Whoever has the other end of a terminal that is gone gets SIGHUP.
    hangUp: () => void child.kill('SIGKILL'),
    ended: new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => terminal.write('', () => resolve(code)));
    }),
  };
}
