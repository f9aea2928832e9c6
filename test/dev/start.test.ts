import { spawn } from 'node:child_process';
import { existsSync, writeFileSync, readFileSync, chmodSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common';
import { startTemporal, type TemporalServer } from '../../src/dev/start';
import { useTemporal } from '../../src/dev/use';
import { SEARCH } from '../../src/domain/names';
import { eventually, freePort, tempDir } from '../setup/helpers';
import { ownTemporal, temporalCli, testTemporal } from '../setup/temporal';

const attributes = new TypedSearchAttributes(
  Object.values(SEARCH).map((name) => ({ key: defineSearchAttributeKey(name, 'KEYWORD'), value: 'x' })),
);

async function withClient<T>(
  { address, namespace }: { readonly address: string; readonly namespace: string },
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await work(new Client({ connection, namespace }));
  } finally {
    await connection.close();
  }
}

const startWorkflow = (client: Client, workflowId: string): Promise<unknown> =>
  client.workflow.start('nothing', { taskQueue: 'nobody', workflowId, typedSearchAttributes: attributes });

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => resolve(socket.destroy() !== undefined));
    socket.once('error', () => resolve(false));
  });

const portOf = ({ address }: { readonly address: string }): number => Number(address.split(':')[1]);

const script = (body: string): string => {
  const path = join(tempDir(), 'temporal');
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
};

describe('a dev server', () => {
  let server: TemporalServer;
  beforeAll(async () => {
    server = await startTemporal({ cli: temporalCli(), namespace: 'made-by-test' });
  });
  afterAll(() => server.stop());

  test('takes a workflow in its namespace with every search attribute at once', async () => {
    await withClient(server, (client) => startWorkflow(client, 'first'));
    const query = Object.values(SEARCH)
      .map((name) => `${name} = 'x'`)
      .join(' AND ');
    await withClient(server, (client) =>
      eventually(async () => {
        const { count } = await client.workflow.count(query);
        expect(count).toBe(1);
        return true;
      }),
    );
  });

  test('shows its UI on loopback', async () => {
    expect(server.uiUrl).toBe(`http://127.0.0.1:${server.ports.ui}`);
    const page = await eventually(() => fetch(server.uiUrl as string));
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('<html');
  });
});

test('a headless one has no UI', async () => {
  const server = await startTemporal({ cli: temporalCli(), namespace: 'assay', ui: false });
  expect(server.uiUrl).toBeNull();
  expect(await accepts(server.ports.ui)).toBe(false);
  expect(await accepts(server.ports.grpc)).toBe(true);
  await server.stop();
  expect(alive(server.pid())).toBe(false);
});

test('killed in the middle and started again it is at the same address with everything it had', async () => {
  const server = await ownTemporal();
  await withClient(server, (client) => startWorkflow(client, 'survivor'));
  await server.kill();
  expect(await accepts(portOf(server))).toBe(false);
  await server.restart();
  const found = await withClient(server, (client) => client.workflow.getHandle('survivor').describe());
  expect(found.status.name).toBe('RUNNING');
  expect(found.typedSearchAttributes.get(defineSearchAttributeKey(SEARCH.line, 'KEYWORD'))).toBe('x');
  await withClient(server, (client) => startWorkflow(client, 'after the restart'));
  await server.stop();
});

/**
 * A program that answers as the dev server does where it is asked; while the file `stuck` exists, its database is what the real
 * one's was seen to become: every query fails with SQLITE_INTERRUPT, as UNAVAILABLE over gRPC and 503 over HTTP.
 */
const pretender = (stuck: string, starts: string): string => {
  const path = join(tempDir(), 'pretender.js');
  writeFileSync(
    path,
    `const { appendFileSync, existsSync } = require('node:fs');
     const args = process.argv.slice(2);
     appendFileSync(${JSON.stringify(starts)}, args.join(' ') + '\\n');
     const customAttributes = Object.fromEntries(${JSON.stringify(Object.values(SEARCH))}.map((name) => [name, 'KEYWORD']));
     require('node:http').createServer((request, response) => {
       if (request.url.endsWith('/search-attributes')) return response.end(JSON.stringify({ customAttributes }));
       if (!existsSync(${JSON.stringify(stuck)})) return response.end('{"namespaces":[]}');
       response.statusCode = 503;
       response.end('{"code":14,"message":"ListNamespaces operation failed. Failed to get namespace rows. Error: interrupted (9)"}');
     }).listen(Number(args[args.indexOf('--http-port') + 1]), '127.0.0.1');`,
  );
  return script(`exec ${process.execPath} ${path} "$@"`);
};

test('a server whose database is stuck is restarted in its place, on its file, and its file goes with it', async () => {
  const [stuck, starts] = [join(tempDir(), 'stuck'), join(tempDir(), 'starts')];
  const lines: string[] = [];
  const started = (): readonly string[] => readFileSync(starts, 'utf8').trim().split('\n');
  const log = (line: string): void => {
    lines.push(line);
    rmSync(stuck);
  };
  const server = await startTemporal({ cli: pretender(stuck, starts), namespace: 'assay', ui: false, log });
  const { pid } = server;
  const first = pid();
  writeFileSync(stuck, '');
  await eventually(() => pid() !== first);
  expect(lines).toEqual([expect.stringContaining('stuck; restarting')]);
  expect(alive(first)).toBe(false);
  expect(alive(pid())).toBe(true);
  const [before, after, ...more] = started();
  expect(after).toBe(before);
  expect(more).toEqual([]);

  const file = /--db-filename (\S+)/.exec(after as string)?.[1] as string;
  expect(existsSync(dirname(file))).toBe(true);
  await server.stop();
  expect(alive(pid())).toBe(false);
  expect(existsSync(dirname(file))).toBe(false);
});

test('it ends when the process that started it is killed', async () => {
  const directory = tempDir();
  const note = join(directory, 'pids');
  // A parent that starts a group leader and ties it to its own life as startTemporal does, then waits to be killed.
  const swc = JSON.stringify(require.resolve('@swc/core'));
  const source = JSON.stringify(join(__dirname, '../../src/dev/child.ts'));
  const parent = spawn(
    process.execPath,
    [
      '-e',
      `const { transformFileSync } = require(${swc}); const m = { exports: {} };
       const { code } = transformFileSync(${source}, { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' }, swcrc: false });
       new Function('exports', 'require', code)(m.exports, require);
       const child = require('node:child_process').spawn('sleep', ['300'], { detached: true, stdio: 'ignore' });
       m.exports.tieToOurLife(child.pid);
       require('node:fs').writeFileSync(${JSON.stringify(note)}, String(child.pid));
       setInterval(() => undefined, 1000);`,
    ],
    { stdio: 'ignore' },
  );
  const child = await eventually(() =>
    existsSync(note) ? Number(readFileSync(note, 'utf8')) || undefined : undefined,
  );
  expect(alive(child)).toBe(true);
  parent.kill('SIGKILL');
  await eventually(() => !alive(child));
});

test('a program that dies at once is an error with its last words', async () => {
  const cli = script('echo "unknown flag: --search-attribute" >&2; exit 3');
  await expect(startTemporal({ cli, namespace: 'assay' })).rejects.toThrow(
    /did not start \(exit code 3\); it said:\nunknown flag: --search-attribute/,
  );
});

test('a program that never answers is given up, and ended', async () => {
  const note = join(tempDir(), 'pid');
  const cli = script(`echo $$ > ${note}; exec sleep 300`);
  await expect(startTemporal({ cli, namespace: 'assay', limitMs: 400 })).rejects.toThrow(/no answer within/);
  expect(alive(Number(readFileSync(note, 'utf8')))).toBe(false);
});

test('a program that cannot be started is an error that names it', async () => {
  await expect(startTemporal({ cli: '/nowhere/temporal', namespace: 'assay' })).rejects.toThrow(
    /\/nowhere\/temporal cannot be started: .*ENOENT/,
  );
});

test('ports that somebody took meanwhile are exchanged for others', async () => {
  const note = join(tempDir(), 'tried');
  const cli = script(
    `[ -e ${note} ] && exec ${temporalCli()} "$@"; touch ${note}; echo "listen: address already in use"; exit 1`,
  );
  const server = await startTemporal({ cli, namespace: 'assay', ui: false });
  expect(await accepts(server.ports.grpc)).toBe(true);
  await server.stop();
});

test('TEMPORAL_ADDRESS is used as it is and nothing is started', async () => {
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  const env = { TEMPORAL_ADDRESS: 'temporal.example.com:7233', TEMPORAL_CLI_PATH: '/nowhere', PATH: '' };
  const use = await useTemporal({ env, log, namespace: 'assay' });
  expect(use).toMatchObject({ address: 'temporal.example.com:7233', namespace: 'assay', uiUrl: null });
  await use.stop();
  const named = await useTemporal({ env: { ...env, TEMPORAL_NAMESPACE: 'images' }, log, namespace: 'assay' });
  expect(named.namespace).toBe('images');
  expect(lines).toEqual([]);
});

test('without TEMPORAL_ADDRESS a server of our own is started and stopped', async () => {
  const env = { TEMPORAL_CLI_PATH: temporalCli() };
  const use = await useTemporal({ env, log: () => undefined, namespace: 'assay', ui: false });
  await withClient(use, (client) => startWorkflow(client, 'one'));
  await use.stop();
  expect(await accepts(portOf(use))).toBe(false);
});

describe('what the tests are given', () => {
  test('each test file has its own namespace on the shared server', async () => {
    const [one, other] = await Promise.all([testTemporal(), testTemporal()]);
    expect(one.namespace).not.toBe(other.namespace);
    await withClient(one, (client) => startWorkflow(client, 'same id'));
    await withClient(other, (client) => startWorkflow(client, 'same id'));
  });

  test('a free port can be listened on', async () => {
    expect(await accepts(await freePort())).toBe(false);
  });

  test('eventually gives back the value, or tells the last failure', async () => {
    let calls = 0;
    await expect(eventually(() => (++calls > 2 ? 'done' : undefined), { everyMs: 1 })).resolves.toBe('done');
    const never = (): never => {
      throw new Error('still two instances');
    };
    await expect(eventually(never, { timeoutMs: 20, everyMs: 5 })).rejects.toThrow(/20 ms.*still two instances/);
  });
});
