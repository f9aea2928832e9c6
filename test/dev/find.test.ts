import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheRoot } from '../../src/dev/cache';
import { findTemporalCli } from '../../src/dev/find-cli';
import { sdkDownload, type Download } from '../../src/dev/sdk-download';
import { findTestServer } from '../../src/dev/test-server';
import { eventually, tempDir } from '../setup/helpers';

const VERSION = 'echo "temporal version 9.9.9 (Server 9.9.9)"';

/** An executable shell script. */
function program(path: string, body: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}

const noDownload: Download = async () => 'the name temporal.download is not known';
const goodDownload: Download = async ({ directory, name }) => {
  program(join(directory, name), VERSION);
  return undefined;
};

/** A machine with nothing but a home and an empty PATH; PATH keeps what a shell script needs. */
function machine(): {
  readonly home: string;
  readonly bin: string;
  readonly env: Record<string, string>;
  readonly lines: string[];
} {
  const home = tempDir();
  const bin = join(home, 'bin');
  mkdirSync(bin);
  return { home, bin, env: { HOME: home, PATH: bin }, lines: [] };
}

const find = ({ env, lines }: ReturnType<typeof machine>, download: Download = noDownload): Promise<string> =>
  findTemporalCli({ env, log: (line) => void lines.push(line), download });

/** A Go that notes its call and builds a program with the shell's own means. */
const fakeGo = (bin: string, notes: string, seconds = 0): string =>
  program(
    join(bin, 'go'),
    `/bin/sleep ${seconds}; echo "$@ CGO=$CGO_ENABLED OS=$GOOS" >> ${notes}; printf '#!/bin/sh\\n' > "$GOBIN/temporal"; /bin/chmod 755 "$GOBIN/temporal"`,
  );

describe('the Temporal CLI is looked for', () => {
  test('first where TEMPORAL_CLI_PATH says', async () => {
    const it = machine();
    program(join(it.bin, 'temporal'), VERSION);
    const named = program(join(it.home, 'mine', 'cli'), VERSION);
    it.env['TEMPORAL_CLI_PATH'] = named;
    expect(await find(it, goodDownload)).toBe(named);
  });

  test('and nowhere else when TEMPORAL_CLI_PATH names no program', async () => {
    const it = machine();
    program(join(it.bin, 'temporal'), VERSION);
    it.env['TEMPORAL_CLI_PATH'] = it.home;
    await expect(find(it, goodDownload)).rejects.toThrow(
      `TEMPORAL_CLI_PATH names ${it.home}, which is no executable file`,
    );
  });

  test('then on PATH', async () => {
    const it = machine();
    const there = program(join(it.bin, 'temporal'), VERSION);
    expect(await find(it, goodDownload)).toBe(there);
  });

  test('but what is called temporal there and is something else is passed over', async () => {
    const it = machine();
    program(join(it.bin, 'temporal'), 'echo "pyenv: temporal: command not found" >&2; exit 127');
    expect(await find(it, goodDownload)).toBe(join(it.home, '.cache/assay/temporal-cli-sdk/temporal'));
  });

  test('then in the cache, without a download', async () => {
    const it = machine();
    it.env['XDG_CACHE_HOME'] = join(it.home, 'xdg');
    const built = program(join(it.home, 'xdg/assay/temporal-cli-1.5.1/temporal'), VERSION);
    const download = jest.fn(goodDownload);
    expect(await find(it, download)).toBe(built);
    expect(download).not.toHaveBeenCalled();
  });

  test('then it is downloaded, once', async () => {
    const it = machine();
    const download = jest.fn(goodDownload);
    const path = await find(it, download);
    expect(existsSync(path)).toBe(true);
    expect(await find(it, download)).toBe(path);
    expect(download).toHaveBeenCalledTimes(1);
  });

  test('then it is built with Go, once, at the pinned version and for this machine', async () => {
    const it = machine();
    it.env['GOOS'] = 'plan9';
    const notes = join(it.home, 'notes');
    fakeGo(it.bin, notes);
    const path = await find(it);
    expect(path).toBe(join(it.home, '.cache/assay/temporal-cli-1.5.1/temporal'));
    expect(await find(it)).toBe(path);
    expect(readFileSync(notes, 'utf8')).toBe(
      'install -ldflags -s -w github.com/temporalio/cli/cmd/temporal@v1.5.1 CGO=0 OS=\n',
    );
    expect(it.lines).toContain('building the Temporal CLI v1.5.1 with Go; this takes some minutes, once');
  });

  test('and when nothing works one error names the three ways and why each failed', async () => {
    const it = machine();
    program(
      join(it.bin, 'go'),
      'echo "go: downloading" >&2; echo "dial tcp: proxy.golang.org: no such host" >&2; exit 1',
    );
    const error = await find(it).catch((reason: unknown) => reason);
    expect((error as Error).message.split('\n')).toEqual([
      'There is no Temporal server to use. Any one of these gives one:',
      '  1. the Temporal CLI on PATH, or TEMPORAL_CLI_PATH naming it (TEMPORAL_CLI_PATH is not set; no `temporal` on PATH)',
      "  2. the Temporal SDK's own download, which needs the network (the name temporal.download is not known)",
      '  3. Go 1.25 or newer on PATH, with which the CLI is built: go install github.com/temporalio/cli/cmd/temporal@v1.5.1 (go install failed: dial tcp: proxy.golang.org: no such host)',
      'Or set TEMPORAL_ADDRESS to a Temporal server that runs already.',
    ]);
  });

  test('and a machine without Go is told so', async () => {
    await expect(find(machine())).rejects.toThrow('(no `go` on PATH)');
  });
});

describe('the cache', () => {
  test('is under XDG_CACHE_HOME, which must be absolute, else under the home', () => {
    expect(cacheRoot({ XDG_CACHE_HOME: '/x', HOME: '/h' })).toBe('/x/assay');
    expect(cacheRoot({ XDG_CACHE_HOME: 'x', HOME: '/h' })).toBe('/h/.cache/assay');
    expect(cacheRoot({ HOME: '/h' })).toBe('/h/.cache/assay');
  });

  test('is filled by one of two that ask at the same time, and the other is told that it waits', async () => {
    const it = machine();
    const notes = join(it.home, 'notes');
    fakeGo(it.bin, notes, 1);
    const [one, other] = await Promise.all([find(it), find(it)]);
    expect(one).toBe(other);
    expect(readFileSync(notes, 'utf8').trim().split('\n')).toHaveLength(1);
    expect(it.lines).toContain('waiting for another process that builds the Temporal CLI');
  });

  test('holds no half entry, lock or temporary folder after a failure', async () => {
    const it = machine();
    program(join(it.bin, 'go'), 'echo half > "$GOBIN/temporal"; exit 1');
    await expect(find(it)).rejects.toThrow('exit code 1');
    expect(readdirSync(cacheRoot(it.env))).toEqual([]);
  });

  test('is not held up by the lock of a process that was killed', async () => {
    const it = machine();
    const lock = join(cacheRoot(it.env), 'temporal-cli-sdk.lock');
    mkdirSync(lock, { recursive: true });
    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(lock, longAgo, longAgo);
    expect(await find(it, goodDownload)).toBe(join(cacheRoot(it.env), 'temporal-cli-sdk/temporal'));
  });
});

describe("the SDK's download", () => {
  test('is given up quickly, with the reason, where its host cannot be reached', async () => {
    const directory = tempDir();
    const started = Date.now();
    // A proxy that nobody runs: the same as no network, whatever this machine has.
    const env = { PATH: process.env['PATH'] ?? '', HTTPS_PROXY: 'http://127.0.0.1:9', TMPDIR: directory };
    const why = await sdkDownload({ program: 'cli', directory, name: 'temporal', env, log: () => undefined });
    expect(why).toMatch(/download|request/i);
    expect(Date.now() - started).toBeLessThan(20_000);
    expect(existsSync(join(directory, 'temporal'))).toBe(false);
  });
});

describe('the time-skipping test server', () => {
  const look = (it: ReturnType<typeof machine>, download: Download = noDownload): ReturnType<typeof findTestServer> =>
    findTestServer({ env: it.env, log: (line) => void it.lines.push(line), download });

  test('is where TEMPORAL_TEST_SERVER_PATH says', async () => {
    const it = machine();
    it.env['TEMPORAL_TEST_SERVER_PATH'] = program(join(it.home, 'server'), '');
    expect(await look(it)).toEqual({ path: join(it.home, 'server') });
    it.env['TEMPORAL_TEST_SERVER_PATH'] = '/nowhere';
    expect(await look(it)).toEqual({
      path: undefined,
      why: 'TEMPORAL_TEST_SERVER_PATH names /nowhere, which is no executable file',
    });
  });

  test('else downloaded', async () => {
    const it = machine();
    expect(await look(it, goodDownload)).toEqual({
      path: join(cacheRoot(it.env), 'temporal-test-server-sdk/temporal-test-server'),
    });
  });

  test('else fetched with Maven and started with Java', async () => {
    const it = machine();
    program(join(it.bin, 'mvn'), `echo "$@" > ${it.home}/mvn; /bin/cat pom.xml > ${it.home}/pom`);
    program(join(it.bin, 'java'), 'echo "java $@"');
    const found = await look(it);
    expect(found).toEqual({ path: join(cacheRoot(it.env), 'temporal-test-server-1.38.0/temporal-test-server') });
    expect(readFileSync(join(it.home, 'mvn'), 'utf8')).toContain('copy-dependencies');
    expect(readFileSync(join(it.home, 'pom'), 'utf8')).toContain('<version>1.38.0</version>');
    const launcher = readFileSync(found.path as string, 'utf8');
    expect(launcher).toContain('exec java');
    expect(await look(it)).toEqual(found);
  });

  test('else there is none, which is no error but has a reason', async () => {
    const it = machine();
    expect(await look(it)).toEqual({
      path: undefined,
      why: expect.stringMatching(/not set; SDK download: the name .* not known; Maven and Java: no `mvn` on PATH/),
    });
    program(join(it.bin, 'mvn'), 'echo "[ERROR] Could not resolve io.temporal" ; exit 1');
    program(join(it.bin, 'java'), '');
    expect(await look(it)).toMatchObject({
      why: expect.stringContaining('mvn failed: [ERROR] Could not resolve io.temporal'),
    });
  });
});

test('a build that takes its time says every ten seconds for how long', async () => {
  const it = machine();
  const note = join(it.home, 'pid');
  program(join(it.bin, 'go'), `echo $$ > ${note}; exec /bin/sleep 11`);
  const building = find(it).catch((error: unknown) => String(error));
  await eventually(() => existsSync(note));
  await eventually(() => it.lines.includes('building the Temporal CLI … 10 s'), { timeoutMs: 15_000 });
  expect(await building).toContain('it built nothing');
}, 30_000);
