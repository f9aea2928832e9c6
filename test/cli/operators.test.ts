import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { parse } from 'yaml';
import { signingKey, verifyingKey } from '../../src/adapters/evidence/keys';
import { freePort, tempDir } from '../setup/helpers';
import { testTemporal } from '../setup/temporal';
import { change, written } from '../config/given';
import { builtProgram, runProgram } from './program';

let dist: string;

beforeAll(() => {
  dist = builtProgram();
});

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('assay keys', () => {
  test('create shows the key once, with an entry that has its hash only', async () => {
    const ran = await runProgram({
      dist,
      args: [
        ...['keys', 'create', '--id', 'alice', '--scopes', 'runs:read,decisions:write', '--expires', '2027-01-01'],
        ...['--subject', 'alice@example.com', '--groups', 'security,platform', '--json'],
      ],
    });
    const { key, entry } = JSON.parse(ran.stdout) as { key: string; entry: object };
    expect(key).toMatch(/^assay_[A-Za-z0-9_-]{43}$/);
    expect(entry).toEqual({
      id: 'alice',
      sha256: sha256(key),
      scopes: ['runs:read', 'decisions:write'],
      subject: 'alice@example.com',
      groups: ['security', 'platform'],
      expires: '2027-01-01T00:00:00.000Z',
    });
  });

  test('create without --json prints an entry for the config', async () => {
    const ran = await runProgram({ dist, args: ['keys', 'create', '--id', 'ci', '--scopes', 'runs:read,runs:write'] });
    const key = /shown only now: (\S+)/.exec(ran.stdout)?.[1] ?? '';
    const entry = /entry for access\.keys: (.*)/.exec(ran.stdout)?.[1] ?? '';
    expect(parse(entry)).toEqual([{ id: 'ci', sha256: sha256(key), scopes: ['runs:read', 'runs:write'] }]);
  });

  test('create names every fault of its options at once, and makes nothing', async () => {
    const bad = ['--id', 'a b', '--scopes', 'runs:read,x', '--groups', 'a,,b', '--expires', 'soon'];
    const ran = await runProgram({ dist, args: ['keys', 'create', ...bad] });
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr.match(/^ {2}- --\w+/gm)).toEqual(['  - --id', '  - --scopes', '  - --groups', '  - --expires']);
    const none = await runProgram({ dist, args: ['keys', 'create'] });
    expect(none).toMatchObject({ code: 2, stdout: '' });
    expect(none.stderr.match(/is missing/g)).toHaveLength(2);
  });

  test('hash reads the key from stdin', async () => {
    const ran = await runProgram({ dist, args: ['keys', 'hash'], input: 'my-key\n' });
    expect(ran).toMatchObject({ code: 0, stdout: `${sha256('my-key')}\n` });
  });

  test('hash takes a key of any form that a header can carry', async () => {
    const ran = await runProgram({ dist, args: ['keys', 'hash'], input: 'zwei Wörter, 鍵\r\n' });
    expect(ran).toMatchObject({ code: 0, stdout: `${sha256('zwei Wörter, 鍵')}\n` });
  });

  test.each(['', ' ', 'end ', 'two\nlines', 'nul\u0000'])('hash refuses %j', async (input) => {
    expect(await runProgram({ dist, args: ['keys', 'hash'], input })).toMatchObject({ code: 2, stdout: '' });
  });

  test('signing writes two pairs that fit, readable by their owner', async () => {
    const directory = join(tempDir(), 'keys');
    const ran = await runProgram({ dist, args: ['keys', 'signing', '--directory', directory] });
    expect(ran.code).toBe(0);
    for (const name of ['decisions', 'ledger']) {
      const pem = readFileSync(join(directory, `${name}.pem`), 'utf8');
      const pub = readFileSync(join(directory, `${name}.pub`), 'utf8');
      expect(signingKey(pem).kid).toBe(verifyingKey(pub).kid);
      expect(statSync(join(directory, `${name}.pem`)).mode & 0o777).toBe(0o600);
    }
    expect(ran.stdout + ran.stderr).not.toContain('PRIVATE');
  });

  test('signing never overwrites, and then writes nothing at all', async () => {
    const directory = tempDir();
    writeFileSync(join(directory, 'ledger.pub'), 'mine');
    const ran = await runProgram({ dist, args: ['keys', 'signing', '--directory', directory] });
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toContain('ledger.pub is there already');
    expect(readFileSync(join(directory, 'ledger.pub'), 'utf8')).toBe('mine');
    expect(existsSync(join(directory, 'decisions.pem'))).toBe(false);
  });
});

describe.each(['worker', 'server'] as const)('assay %s', (name) => {
  /** A door of our own: `assay` takes the one beside it. */
  function doorDoes(code: string): string {
    const own = builtProgram();
    writeFileSync(join(own, `${name}.js`), code);
    return own;
  }

  test('is the door beside it, with the config named by --config', async () => {
    const own = doorDoes('console.log(process.env.ASSAY_CONFIG); console.error("log"); process.exitCode = 2;');
    const ran = await runProgram({ dist: own, args: [name, '--config', '/x/assay.yaml'] });
    expect(ran).toMatchObject({ code: 2, stdout: '/x/assay.yaml\n', stderr: 'log\n' });
  });

  test('passes a signal on, once, and ends as the door ends', async () => {
    const own = doorDoes(
      'let n = 0; process.on("SIGTERM", () => { n += 1; setTimeout(() => process.exit(10 + n), 200); }); setInterval(() => {}, 1000); console.log("up");',
    );
    const ran = await runProgram({
      dist: own,
      args: [name],
      onOutput: ({ stdout }, kill) => stdout.includes('up') && kill('SIGTERM'),
    });
    expect(ran).toMatchObject({ code: 11, signal: null });
  });

  test('that was killed ends with 128 and the signal', async () => {
    const own = doorDoes('process.kill(process.pid, "SIGKILL"); setInterval(() => {}, 1000);');
    expect(await runProgram({ dist: own, args: [name] })).toMatchObject({ code: 137 });
  });

  test('that is not built is told', async () => {
    const own = builtProgram();
    rmSync(join(own, `${name}.js`));
    const ran = await runProgram({ dist: own, args: [name] });
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toContain('npm run build');
  });
});

test('worker and server tell as one JSON line what they serve and where', async () => {
  const { address, namespace } = await testTemporal();
  const port = await freePort();
  const path = written(change('listen: 127.0.0.1:8080', `listen: 127.0.0.1:${port}`));
  const told = async (name: string): Promise<unknown> => {
    // A second signal would end it at once.
    let signalled = false;
    const ran = await runProgram({
      dist,
      args: [name, '--config', path, '--json'],
      env: { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace, AWS_REGION: 'us-east-1' },
      onOutput({ stdout }, kill) {
        if (!signalled && stdout.includes('\n')) kill('SIGTERM');
        signalled ||= stdout.includes('\n');
      },
    });
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringMatching(/^[^\n]*\n$/) });
    return JSON.parse(ran.stdout);
  };
  expect(await Promise.all([told('server'), told('worker')])).toEqual([
    { url: `http://127.0.0.1:${port}`, publicUrl: 'http://127.0.0.1:8080' },
    { namespace, lines: ['golden'] },
  ]);
}, 120_000);

describe('operators’ commands', () => {
  const nowhere = async (): Promise<Record<string, string>> => ({
    TEMPORAL_ADDRESS: `127.0.0.1:${await freePort()}`,
    TEMPORAL_NAMESPACE: 'default',
  });

  test.each([[['setup']], [['sweep', '--run', 'nightly-1']]])('%j says that Temporal is not there', async (args) => {
    const ran = await runProgram({ dist, args, env: await nowhere() });
    expect(ran).toMatchObject({ code: 3, stdout: '' });
    expect(ran.stderr).toMatch(/Temporal at 127\.0\.0\.1:\d+ does not answer/);
  });

  test.each([[['setup']], [['sweep', '--run', 'nightly-1']]])(
    '%j refuses a faulty config with every fault',
    async (args) => {
      const path = join(tempDir(), 'assay.yaml');
      writeFileSync(path, 'lines: { x: {} }\ncolour: red\n');
      const ran = await runProgram({ dist, args: [...args, '--config', path], env: await nowhere() });
      expect(ran).toMatchObject({ code: 2, stdout: '' });
      for (const fault of ['colour', 'server', 'signing', 'lines.x.region'])
        expect(ran.stderr).toContain(`  - ${fault}`);
    },
  );

  test('setup registers what is missing, and then finds it there', async () => {
    const { address } = await testTemporal();
    const env = { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: `cli-${process.pid}-${Date.now()}` };
    const first = await runProgram({ dist, args: ['setup'], env });
    expect(first).toMatchObject({ code: 0 });
    expect(first.stdout).toContain(`registered namespace ${env.TEMPORAL_NAMESPACE}`);
    const second = await runProgram({ dist, args: ['setup', '--json'], env });
    expect(second).toMatchObject({ code: 0, stdout: '{"done":[]}\n' });
  });
});
