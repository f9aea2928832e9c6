import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, tempDir } from '../setup/helpers';
import { problem, statusDocument } from './given';
import { builtProgram, fakeApi, runProgram, type FakeApi, type Ran, type Reply } from './program';

let dist: string;
const open: FakeApi[] = [];

beforeAll(() => {
  dist = builtProgram();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((api) => api.close()));
});

/** What `assay show` says when the API gives this answer to everything. */
async function shown(reply: Reply): Promise<Ran> {
  const api = await fakeApi(() => reply);
  open.push(api);
  return runProgram({ dist, args: ['show', 'nightly-1'], env: { ASSAY_URL: api.url, ASSAY_KEY: 'secret-key' } });
}

describe('wrong usage ends with 2, says why, and prints nothing', () => {
  test.each([
    [[], 'Usage: assay'],
    [['frobnicate'], "unknown command 'frobnicate'"],
    [['run'], '--line says what the image is for; or --again'],
    [['run', '--line'], 'argument missing'],
    [['run', '--line', 'x', '--colour'], "unknown option '--colour'"],
    [['run', '--line', 'x', '--parameter', 'novalue'], 'NAME=VALUE'],
    [['run', '--line', 'x', '--parameter', 'a=1', '--parameter', 'a=2'], 'a is there twice'],
    [['show'], "missing required argument 'run'"],
    [['show', 'a', 'b'], 'too many arguments'],
    [['keys', 'create', '--id', 'a b', '--scopes', 'runs:read'], 'letters, digits'],
    [['keys', 'create', '--id', 'a', '--scopes', 'runs:everything'], 'there is no runs:everything'],
    [['keys', 'create', '--id', 'a', '--scopes', 'runs:read', '--expires', 'soon'], 'ISO 8601'],
    [['sweep', '--run', '../etc'], 'cannot be the id of a run'],
    [['simulate', '--port', '99999'], 'It must be a port'],
    [['demo', '--yes', '--deny'], 'cannot be used with'],
    [['\u001b[31mred'], '\ufffd[31mred'],
  ])('%j', async (args, said) => {
    const ran = await runProgram({ dist, args });
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toContain(said);
  });
});

describe('help', () => {
  const COMMANDS =
    'run list show watch approve deny cancel report line approved worker server setup schedule sweep keys doctor simulate demo dev';

  test.each(COMMANDS.split(' '))('of %s has an example, on stdout', async (command) => {
    const ran = await runProgram({ dist, args: [command, '--help'] });
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout).toMatch(new RegExp(`Examples?:\\n .*assay ${command}`));
  });

  test('of the program names every command and the exit codes', async () => {
    const ran = await runProgram({ dist, args: ['--help'] });
    expect(ran.code).toBe(0);
    for (const command of COMMANDS.split(' ')) expect(ran.stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
    expect(ran.stdout).toContain('3 a service cannot be reached');
  });

  test.each([
    [['help'], 'Usage: assay '],
    [['help', 'run'], 'Usage: assay run '],
    [['keys', 'help'], 'Usage: assay keys '],
    [['keys', 'help', 'hash'], 'Usage: assay keys hash '],
  ])('as a command is no wrong usage: %j', async (args, said) => {
    const ran = await runProgram({ dist, args });
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout).toContain(said);
  });

  test('--version is the package’s', async () => {
    expect((await runProgram({ dist, args: ['--version'] })).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('where the API is', () => {
  const show = (env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Ran> =>
    runProgram({ dist, args: ['show', 'nightly-1', ...args], env });

  function profiles(text: string): string {
    const home = tempDir();
    mkdirSync(join(home, 'assay'));
    writeFileSync(join(home, 'assay', 'config.yaml'), text);
    return home;
  }

  test('must be said', async () => {
    const ran = await show({ XDG_CONFIG_HOME: tempDir() });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain('ASSAY_URL and ASSAY_KEY are not set');
  });

  test.each([
    [{ ASSAY_URL: 'http://127.0.0.1:1234' }, 'ASSAY_KEY is not set'],
    [{ ASSAY_KEY: 'k' }, 'ASSAY_URL is not set'],
    [{ ASSAY_URL: 'ftp://x', ASSAY_KEY: 'k' }, 'ASSAY_URL is no http or https URL'],
    [{ ASSAY_URL: 'http://user:pass@x', ASSAY_KEY: 'k' }, 'must not hold a user or password'],
    [{ ASSAY_URL: 'nonsense', ASSAY_KEY: 'k\nx' }, 'ASSAY_KEY is no API key: it holds a line break'],
    [{ ASSAY_URL: 'http://x', ASSAY_KEY: ' k' }, 'ASSAY_KEY is no API key: it begins or ends with a space'],
    [{ ASSAY_URL: 'http://x', ASSAY_KEY: 'ü'.repeat(2049) }, 'ASSAY_KEY is no API key: it is longer than 4096 bytes'],
  ])('%j is refused', async (env, said) => {
    const ran = await show({ ...env, XDG_CONFIG_HOME: tempDir() });
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toContain(said);
  });

  test('takes a key of any form, and sends its bytes', async () => {
    const api = await fakeApi(() => ({ status: 200, body: statusDocument() }));
    open.push(api);
    const key = 'zwei Wörter, 鍵';
    expect(await show({ ASSAY_URL: api.url, ASSAY_KEY: key })).toMatchObject({ code: 0 });
    const sent = api.asked[0]?.headers.authorization ?? '';
    expect(Buffer.from(sent, 'latin1').toString('utf8')).toBe(`Bearer ${key}`);
  });

  test('may be said by a profile, with its key in a file', async () => {
    const api = await fakeApi(() => ({ status: 200, body: statusDocument() }));
    open.push(api);
    const home = profiles(`
default: prod
profiles:
  prod: { url: "${api.url}/sub/", keyFile: prod.key }
  other: { url: "http://127.0.0.1:1", key: other }
`);
    writeFileSync(join(home, 'assay', 'prod.key'), 'from-file\n');
    // What the environment says does not mix with a profile that was asked for.
    expect(
      await show({ XDG_CONFIG_HOME: home, ASSAY_URL: 'http://x.test', ASSAY_KEY: 'env' }, '--profile', 'prod'),
    ).toMatchObject({ code: 0 });
    expect(await show({ XDG_CONFIG_HOME: home })).toMatchObject({ code: 0 });
    expect(api.asked.map(({ url, headers }) => [url, headers.authorization])).toEqual([
      ['/sub/v1/runs/nightly-1', 'Bearer from-file'],
      ['/sub/v1/runs/nightly-1', 'Bearer from-file'],
    ]);
  });

  test.each([
    ['profiles: { a: { url: "http://x", key: k, colour: red } }', 'colour'],
    ['profiles: { a: { url: "http://x" } }', 'needs either key or keyFile'],
    ['profiles: { a: { url: "http://x", keyFile: none.key } }', 'there is no key file'],
    ['profiles: {{', 'is not valid YAML'],
    ['profiles: { a: { url: "http://x", key: k }, b: { url: "http://y", key: k } }', 'say which with --profile'],
    ['default: c\nprofiles: { a: { url: "http://x", key: k } }', 'there is no profile c'],
  ])('a profile file of %j is refused', async (text, said) => {
    const ran = await show({ XDG_CONFIG_HOME: profiles(text) });
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toContain(said);
  });

  test('a broken profile file does not give away its keys', async () => {
    const ran = await show({ XDG_CONFIG_HOME: profiles('profiles: { a: { key: hunter2\n  b: hunter2: [') });
    expect(ran.code).toBe(2);
    expect(ran.stderr).not.toContain('hunter2');
  });
});

describe('an API that does not answer as it should', () => {
  test('refuses connections', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const ran = await runProgram({ dist, args: ['watch', 'a'], env: { ASSAY_URL: url, ASSAY_KEY: 'k' } });
    expect(ran).toMatchObject({ code: 3, stdout: '' });
    expect(ran.stderr).toContain(`Assay at ${url} cannot be reached: the connection was refused`);
    expect(ran.stderr).toContain('Is the server running');
  });

  test('does not exist', async () => {
    const ran = await runProgram({
      dist,
      args: ['show', 'a'],
      env: { ASSAY_URL: 'http://no-such-host.invalid', ASSAY_KEY: 'k' },
    });
    expect(ran.code).toBe(3);
    expect(ran.stderr).toContain('cannot be reached');
  });

  test.each([
    ['breaks the connection', 'reset', 3, 'the connection broke'],
    ['is another program', { status: 200, body: '<html>', type: 'text/html' }, 3, 'is not Assay'],
    ['redirects', { status: 302, headers: { Location: 'http://evil.test/' } }, 3, 'HTTP 302'],
    ['answers something else', { status: 200, body: { hello: 1 } }, 3, 'id: '],
    ['answers half a document', { status: 200, body: '{"id": "a', type: 'application/json' }, 3, 'is not Assay'],
    ['wants a login of its own', { status: 403, body: 'no', type: 'text/plain' }, 4, 'not as Assay would'],
    ['does not know the key', problem(401, 'unauthenticated'), 4, 'Is the key in ASSAY_KEY'],
    ['does not allow it', problem(403, 'forbidden'), 4, 'About forbidden'],
    ['has no such run', problem(404, 'not-found'), 2, 'About not-found'],
    ['has had enough', problem(429, 'too-many-requests'), 3, 'Wait a moment'],
    ['broke', problem(500, 'internal'), 1, 'About internal'],
    ['has no Temporal', problem(503, 'unavailable'), 3, 'About unavailable'],
    [
      'speaks to the terminal',
      problem(400, 'bad-request', { title: 'a\u001b[2J', errors: [{ detail: 'b\u009b2J' }] }),
      2,
      'a\ufffd[2J',
    ],
  ] as const)('%s', async (_name, reply, code, said) => {
    const ran = await shown(reply);
    expect(ran).toMatchObject({ code, stdout: '' });
    expect(ran.stderr).toContain(said);
    expect(ran.stderr).not.toContain('secret-key');
    // eslint-disable-next-line no-control-regex
    expect(ran.stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  });

  test('with a key conflict is a fault of what was asked', async () => {
    const api = await fakeApi(() => problem(409, 'conflict'));
    open.push(api);
    const ran = await runProgram({
      dist,
      args: ['run', '--line', 'x', '--key', 'k'],
      env: { ASSAY_URL: api.url, ASSAY_KEY: 'k' },
    });
    expect(ran).toMatchObject({ code: 2, stdout: '' });
  });
});

test('a reader that has seen enough is no fault', async () => {
  const api = await fakeApi(() => ({
    status: 200,
    body: { runs: Array.from({ length: 2_000 }, (_, n) => statusDocument({ id: `run-${n}` })), cursor: null },
  }));
  open.push(api);
  const ran = await runProgram({
    dist,
    args: ['list'],
    env: { ASSAY_URL: api.url, ASSAY_KEY: 'k' },
    closeStdout: true,
  });
  expect(ran).toMatchObject({ code: 0, stderr: '' });
});
