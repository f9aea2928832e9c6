import { spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { cpSync, symlinkSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { tempDir } from '../setup/helpers';

const ROOT = join(__dirname, '../..');

/** A copy of the built program, whose doors a test may replace; gives back the folder of `cli.js`. */
export function builtProgram(): string {
  const root = tempDir();
  cpSync(join(ROOT, 'dist'), join(root, 'dist'), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  symlinkSync(join(ROOT, 'package.json'), join(root, 'package.json'));
  return join(root, 'dist');
}

export interface Ran {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOrder {
  readonly dist: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly cwd?: string;
  /** Closes our end of its stdout after the first that comes. */
  readonly closeStdout?: true;
  /** Is told what was said so far, each time something is. Only the first `kill` counts: a second signal ends the program at once. */
  readonly onOutput?: (
    said: { readonly stdout: string; readonly stderr: string },
    kill: (signal: NodeJS.Signals) => void,
  ) => void;
}

/** Runs the program as a process of its own, with nothing of our environment but the PATH. */
export function runProgram({ dist, args, env = {}, input = '', cwd, closeStdout, onOutput }: RunOrder): Promise<Ran> {
  const child = spawn(process.execPath, [join(dist, 'cli.js'), ...args], {
    env: { PATH: process.env['PATH'], HOME: dist, ...env },
    stdio: 'pipe',
    ...(cwd !== undefined && { cwd }),
  });
  let stdout = '';
  let stderr = '';
  let killed = false;
  const kill = (signal: NodeJS.Signals): void => {
    if (!killed) killed = child.kill(signal);
  };
  const heard = (): void => onOutput?.({ stdout, stderr }, kill);
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString('utf8');
    if (closeStdout) child.stdout.destroy();
    heard();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString('utf8');
    heard();
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

export type Reply =
  | {
      readonly status: number;
      readonly body?: unknown;
      readonly type?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Breaks the connection without an answer. */
  | 'reset';

export interface FakeApi {
  readonly url: string;
  readonly asked: Asked[];
  readonly close: () => Promise<void>;
}

/** An API on a free port that answers as it is told, and remembers what it was asked. */
export async function fakeApi(answer: (asked: Asked, nth: number) => Reply, port = 0): Promise<FakeApi> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => void serve(request, response));
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const one: Asked = {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      body: text === '' ? undefined : (JSON.parse(text) as unknown),
    };
    asked.push(one);
    const reply = answer(one, asked.length);
    if (reply === 'reset') return void request.socket.destroy();
    const { status, body, headers = {} } = reply;
    const type = reply.type ?? (status < 400 ? 'application/json' : 'application/problem+json');
    response.writeHead(status, { 'Content-Type': type, ...headers });
    response.end(typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body));
  };
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port }, resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
