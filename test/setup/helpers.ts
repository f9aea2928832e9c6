import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A port on 127.0.0.1 that is free now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port: 0 }, () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/**
 * Calls `check` until it neither throws nor gives back `false` or `undefined`, and gives back what it gave. After `timeoutMs`
 * (10 s when not given) the error tells the last failure.
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { timeoutMs = 10_000, everyMs = 25 }: { readonly timeoutMs?: number; readonly everyMs?: number } = {},
): Promise<Exclude<T, false | undefined>> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    let last: unknown;
    try {
      const value = await check();
      if (value !== false && value !== undefined) return value as Exclude<T, false | undefined>;
      last = `it gave back ${String(value)}`;
    } catch (error) {
      last = error;
    }
    if (Date.now() >= until) {
      const words = last instanceof Error ? last.message : String(last);
      throw new Error(`not so within ${timeoutMs} ms; the last time: ${words}`, { cause: last });
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** Runs assertions until they pass; see {@link eventually}. */
export const untilPasses = (
  assertions: () => unknown,
  limits: { readonly timeoutMs?: number; readonly everyMs?: number } = {},
): Promise<true> =>
  eventually(async () => {
    await assertions();
    return true as const;
  }, limits);

const directories: string[] = [];

/** A fresh directory, removed after the test file. */
export function tempDir(): string {
  const directory = mkdtempSync(join(tmpdir(), 'assay-test-'));
  directories.push(directory);
  return directory;
}

afterAll(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
});

/**
 * Like `describe`, for tests that need what a machine may not have. `lacking` says what that is, and how to get it: they are then
 * skipped, and it is said loudly. `undefined`: it is there.
 */
export function describeUnless(lacking: string | undefined, name: string, body: () => void): void {
  if (lacking === undefined) return describe(name, body);
  process.stderr.write(`\nSKIPPED: "${name}": ${lacking}\n\n`);
  describe.skip(`${name} (skipped: ${lacking})`, body);
}
