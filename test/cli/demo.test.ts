import { appendFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCleanup } from '../../src/cli/demo/cleanup';
import { LINES, writeConfig } from '../../src/cli/demo/config';
import { doorEnvironment } from '../../src/cli/demo/environment';
import { loadConfig, secretFaults } from '../../src/config';
import { eventually, freePort, tempDir } from '../setup/helpers';
import { temporalCli } from '../setup/temporal';
import { builtProgram, runProgram, type Ran } from './program';

const order = { port: 18_080, gate: 'http://127.0.0.1:18084/gate', application: 'goldenami' };

describe('the config of the demo', () => {
  test('is one that worker and server take', () => {
    const { path } = writeConfig({ directory: join(tempDir(), 'demo'), ...order });
    const config = loadConfig({ path, env: {} });
    expect([...config.lines.keys()].sort()).toEqual(Object.values(LINES).sort());
    expect([secretFaults(config, 'worker'), secretFaults(config, 'server')]).toEqual([[], []]);
  });

  test('is kept as it is where there is one already, with its keys', () => {
    const directory = join(tempDir(), 'demo');
    const first = writeConfig({ directory, ...order });
    appendFileSync(first.path, '# mine\n');
    expect(writeConfig({ directory, ...order })).toEqual(first);
    expect(readFileSync(first.path, 'utf8')).toContain('# mine');
  });

  test.each([
    ['the same ports', '', []],
    ['another port', 'server: { listen: 127.0.0.1:9090 }', ['its server.listen has port 9090, --port is 18080']],
    [
      'another simulator',
      'server: { listen: 127.0.0.1:18080 }\nspinnaker: { gate: http://127.0.0.1:9091/gate }',
      ['its spinnaker.gate has port 9091, --simulator-port is 18084'],
    ],
    [
      'two others',
      'server: { listen: "[::1]:9090" }\nspinnaker: { gate: http://127.0.0.1:9091/gate }',
      [
        'its server.listen has port 9090, --port is 18080',
        'its spinnaker.gate has port 9091, --simulator-port is 18084',
      ],
    ],
    ['a Gate of one’s own', 'server: { listen: 127.0.0.1:18080 }\nspinnaker: { gate: https://gate.example.com }', []],
    ['no Gate', 'server: { listen: 127.0.0.1:18080 }', []],
    ['what is no config', 'server: [', []],
  ])('that was kept is held against the ports of now: %s', (_what, kept, faults) => {
    const directory = join(tempDir(), 'demo');
    const { path } = writeConfig({ directory, ...order });
    if (kept !== '') writeFileSync(path, kept);
    const again = (): unknown => writeConfig({ directory, ...order });
    if (faults.length === 0) expect(again).not.toThrow();
    else expect(again).toThrow(expect.objectContaining({ exit: 2, faults, message: expect.stringContaining(path) }));
  });

  test('keeps its secrets from others on the machine', () => {
    const directory = join(tempDir(), 'demo');
    const { path } = writeConfig({ directory, ...order });
    for (const file of [path, join(directory, 'keys.json'), join(directory, 'ledger.pem')])
      expect(statSync(file).mode & 0o077).toBe(0);
  });
});

describe('the environment of the demo’s processes', () => {
  const given = { config: '/x', aws: 'http://127.0.0.1:1', temporal: { address: 'a:1', namespace: 'n', uiUrl: null } };

  test('holds nothing that leads to a real account, a real Temporal, or through a proxy', () => {
    const env = doorEnvironment({
      ...given,
      env: {
        PATH: '/bin',
        AWS_PROFILE: 'prod',
        AWS_SESSION_TOKEN: 't',
        AWS_ENDPOINT_URL_EC2: 'https://ec2.amazonaws.com',
        ASSAY_KEY: 'k',
        TEMPORAL_API_KEY: 'secret',
        HTTPS_PROXY: 'http://proxy',
      },
    });
    expect(env).toMatchObject({ PATH: '/bin', AWS_ENDPOINT_URL: 'http://127.0.0.1:1', TEMPORAL_ADDRESS: 'a:1' });
    for (const name of ['AWS_PROFILE', 'AWS_SESSION_TOKEN', 'AWS_ENDPOINT_URL_EC2', 'ASSAY_KEY', 'TEMPORAL_API_KEY'])
      expect(env).not.toHaveProperty(name);
    expect(env).not.toHaveProperty('HTTPS_PROXY');
  });

  test('keeps what a Temporal server of the user’s own needs', () => {
    const env = doorEnvironment({ ...given, env: { TEMPORAL_ADDRESS: 'a:1', TEMPORAL_API_KEY: 'theirs' } });
    expect(env).toMatchObject({ TEMPORAL_API_KEY: 'theirs', TEMPORAL_NAMESPACE: 'n' });
  });
});

describe('a cleanup', () => {
  test('undoes in reverse order, once, whatever fails', async () => {
    const done: string[] = [];
    const told: string[] = [];
    const cleanup = createCleanup((line) => told.push(line));
    cleanup.defer('first', () => void done.push('first'));
    cleanup.defer('second', () => Promise.reject(new Error('stuck')));
    cleanup.defer('third', () => void done.push('third'));
    await Promise.all([cleanup.run(), cleanup.run()]);
    await cleanup.run();
    expect(done).toEqual(['third', 'first']);
    expect(told).toEqual(['second could not be stopped: Error: stuck']);
  });
});

describe('assay demo', () => {
  let dist: string;
  beforeAll(() => {
    dist = builtProgram();
  });

  interface Result {
    readonly run: { readonly status: string; readonly amiId: string; readonly published: readonly unknown[] };
    readonly aws: { readonly instances: number; readonly images: number; readonly snapshots: number };
    readonly historyEvents: number;
    readonly seconds: number;
  }

  async function demo(...args: readonly string[]): Promise<Ran & { readonly left: readonly string[] }> {
    const tmp = tempDir();
    const ran = await runProgram({
      dist,
      args: ['demo', '--speed', '10', ...args],
      env: { TEMPORAL_CLI_PATH: temporalCli(), TMPDIR: tmp },
    });
    return { ...ran, left: [...readdirSync(tmp), ...childrenIn(tmp)] };
  }

  /** Processes whose environment names the folder: only those of this demo do. */
  function childrenIn(folder: string): string[] {
    return readdirSync('/proc')
      .filter((pid) => /^\d+$/.test(pid))
      .filter((pid) => {
        try {
          return readFileSync(join('/proc', pid, 'environ'), 'utf8').includes(folder);
        } catch {
          // It has ended meanwhile, or is not ours.
          return false;
        }
      });
  }

  test('--yes --json approves, prints the result as its last line, and leaves nothing', async () => {
    const ran = await demo('--yes', '--json');
    expect(ran).toMatchObject({ code: 0, left: [] });
    const lines = ran.stdout.trimEnd().split('\n');
    const result = JSON.parse(lines.at(-1) ?? '') as Result;
    expect(Object.keys(result)).toEqual(['run', 'aws', 'historyEvents', 'seconds']);
    expect(result.run).toMatchObject({ status: 'SUCCEEDED', published: [{ amiId: result.run.amiId }] });
    expect(result.aws).toEqual({ instances: 0, images: 1, snapshots: 1 });
    expect(result.historyEvents).toBeGreaterThan(20);
    expect(result.historyEvents).toBeLessThan(200);
    expect(result.seconds).toBeGreaterThan(0);
    expect(ran.stderr).toContain('Temporal UI  http://127.0.0.1:');
    expect(ran.stderr).toContain('The Spinnaker stage ended: SUCCEEDED');
  }, 120_000);

  test('--deny denies, takes everything back, and ends as the run ends', async () => {
    const ran = await demo('--deny', '--json');
    expect(ran).toMatchObject({ code: 1, left: [] });
    const result = JSON.parse(ran.stdout.trimEnd().split('\n').at(-1) ?? '') as Result;
    expect(result).toMatchObject({ run: { status: 'DENIED' }, aws: { instances: 0, images: 0, snapshots: 0 } });
    expect(ran.stderr).toContain('The Spinnaker stage ended: TERMINAL');
  }, 120_000);

  test('waits for a decision, says both ways to give it, and Ctrl-C stops it all', async () => {
    const tmp = tempDir();
    let stopped = false;
    const ran = await runProgram({
      dist,
      args: ['demo', '--speed', '10'],
      env: { TEMPORAL_CLI_PATH: temporalCli(), TMPDIR: tmp },
      onOutput: ({ stderr }, kill) => {
        if (stopped || !stderr.includes('(deny instead of approve')) return;
        stopped = true;
        kill('SIGINT');
      },
    });
    expect(ran).toMatchObject({ code: 130, stdout: '' });
    expect(ran.stderr).toMatch(/on the page +http:\/\/127\.0\.0\.1:\d+\/runs\//);
    expect(ran.stderr).toMatch(/ASSAY_URL=http:\S+ ASSAY_KEY=assay_\S+ node \S*cli\.js approve \S+/);
    expect(ran.stderr).not.toContain('error:');
    expect(readdirSync(tmp)).toEqual([]);
    await eventually(() => childrenIn(tmp).length === 0);
  }, 120_000);

  test('without any Temporal to be had ends with 3 and names the ways to get one', async () => {
    const tmp = tempDir();
    const ran = await runProgram({
      dist,
      args: ['demo', '--yes'],
      env: { TEMPORAL_CLI_PATH: join(tmp, 'no-such-program'), TMPDIR: tmp },
    });
    expect(ran).toMatchObject({ code: 3, stdout: '' });
    expect(ran.stderr).toContain('TEMPORAL_CLI_PATH');
    expect(readdirSync(tmp)).toEqual([]);
  });
});

test('assay dev keeps a whole Assay running until Ctrl-C, and keeps runs and keys for the next time', async () => {
  const directory = join(tempDir(), 'kept');
  const dist = builtProgram();
  interface Places {
    readonly url: string;
    readonly simulator: { readonly state: string };
    readonly keys: Readonly<Record<string, string>>;
  }
  const places: Places[] = [];
  const answers: unknown[] = [];
  const call = async ({ url, keys }: Places, path: string, body?: object): Promise<unknown> => {
    const answer = await fetch(`${url}${path}`, {
      method: body ? 'POST' : 'GET',
      headers: {
        authorization: `Bearer ${keys['spinnaker']}`,
        'content-type': 'application/json',
        'idempotency-key': 'kept',
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    return answer.json();
  };
  const ports = ['--port', String(await freePort()), '--simulator-port', String(await freePort())];
  for (const use of [
    (at: Places) => call(at, '/v1/runs', { line: Object.values(LINES)[0] }),
    (at: Places) => call(at, '/v1/runs/kept'),
  ]) {
    let using: Promise<void> | undefined;
    const ran = await runProgram({
      dist,
      args: ['dev', '--json', '--directory', directory, ...ports],
      env: { TEMPORAL_CLI_PATH: temporalCli() },
      onOutput: ({ stdout }, kill) => {
        if (!stdout.endsWith('\n')) return;
        using ??= (async () => {
          const at = JSON.parse(stdout) as Places;
          places.push(at);
          try {
            expect((await fetch(`${at.url}/readyz`)).status).toBe(200);
            answers.push(await use(at), await (await fetch(at.simulator.state)).json());
          } finally {
            kill('SIGINT');
          }
        })();
        using.catch(() => undefined);
      },
    });
    await using;
    expect(ran.code).toBe(0);
    expect(ran.stderr).not.toContain('error:');
  }
  expect(answers).toEqual([
    expect.objectContaining({ id: 'kept', status: 'RUNNING' }),
    expect.objectContaining({ instances: expect.any(Array) }),
    expect.objectContaining({ id: 'kept' }),
    expect.objectContaining({ instances: expect.any(Array) }),
  ]);
  expect(places[1]?.keys).toEqual(places[0]?.keys);
}, 120_000);

test('assay simulate prints what to export, and Ctrl-C ends it with 0', async () => {
  const ran = await runProgram({
    dist: builtProgram(),
    args: ['simulate'],
    onOutput: ({ stderr }, kill) => stderr.includes('Ctrl-C ends it') && kill('SIGINT'),
  });
  expect(ran.code).toBe(0);
  expect(ran.stdout).toMatch(/^export AWS_ENDPOINT_URL=http:\/\/127\.0\.0\.1:\d+\nexport AWS_REGION=us-east-1\n/);
  expect(ran.stdout).toContain('/gate');
});
