import { createSpinnaker, type GateAuth } from '../../../src/adapters/spinnaker';
import { messageOf } from '../../../src/domain/errors';
import { selfSigned } from './certificate';
import { FakeGate } from './fake-gate';

let gate: FakeGate;

beforeEach(() => {
  gate = new FakeGate();
});
afterEach(() => gate.close());

async function sentWith(auth: GateAuth) {
  const spinnaker = createSpinnaker({ gate: await gate.open(), application: 'goldenami', auth });
  await spinnaker.find('r', 'bake', 'bake-golden');
  return gate.seen[0]?.headers ?? {};
}

test.each<[string, GateAuth, Record<string, string>]>([
  ['an API token', { token: 'spk_1\n' }, { 'x-spinnaker-token': 'spk_1' }],
  ['a bearer token', { bearer: () => 'abc.def' }, { authorization: 'Bearer abc.def' }],
  ['user and password', { basic: { user: 'ci', password: () => 'pä ss' } }, { authorization: 'Basic Y2k6cMOkIHNz' }],
  ['a name', { user: 'ci@example.com' }, { 'x-spinnaker-user': 'ci@example.com' }],
])('%s is sent as Gate expects it', async (_, auth, expected) => {
  expect(await sentWith(auth)).toMatchObject(expected);
});

test('without authentication nothing is claimed', async () => {
  const headers = await sentWith({ none: {} });
  expect(headers).not.toHaveProperty('authorization');
  expect(headers).not.toHaveProperty('x-spinnaker-user');
});

test('a start is noted under the user of the config, where there is one', async () => {
  const address = await gate.open();
  for (const auth of [{ user: 'ann' }, { basic: { user: 'bob', password: 'p' } }, { token: 't' }] as const)
    await createSpinnaker({ gate: address, application: 'goldenami', auth }).start(
      { run: JSON.stringify(auth).length + 'r', step: 'bake', n: 1 },
      'bake-golden',
      {},
    );
  const users = gate.starts().map(({ body }) => (JSON.parse(body) as { user: string }).user);
  expect(users).toEqual(['ann', 'bob', 'assay']);
});

test('a renewed secret counts from the next request on', async () => {
  let token = 'first';
  const spinnaker = createSpinnaker({
    gate: await gate.open(),
    application: 'goldenami',
    auth: { token: () => token },
  });
  await spinnaker.instances({ account: 'a', region: 'r', name: 'n' });
  token = 'second';
  await spinnaker.instances({ account: 'a', region: 'r', name: 'n' });
  expect(gate.seen.map(({ headers }) => headers['x-spinnaker-token'])).toEqual(['first', 'second']);
});

test('no error tells a secret, a header or a query', async () => {
  const secret = 'spk_very-secret';
  const spinnaker = createSpinnaker({ gate: await gate.open(), application: 'goldenami', auth: { token: secret } });
  const told: string[] = [];
  const echo = `{"message":"bad token ${secret}, see https://gate.example.com/x?token=abc123"}`;
  for (const status of [400, 401, 403, 404, 429, 500])
    for (const on of ['GET', 'POST']) {
      gate.failOn(on, (response) => void response.writeHead(status).end(echo));
      if (on === 'POST') gate.failOn('GET', (response) => void response.writeHead(200).end('[]'));
      await spinnaker
        .start({ run: 'query-in-the-trigger', step: 'bake', n: 1 }, 'bake-golden', { x: 'y' })
        .catch((error: unknown) => told.push(JSON.stringify(error) + messageOf(error) + (error as Error).stack));
      await spinnaker.cancel('01H', 'because').catch((error: unknown) => told.push(messageOf(error)));
    }
  gate.failOn('GET', (response) => void response.destroy());
  await spinnaker.execution('01H').catch((error: unknown) => told.push(JSON.stringify(error)));
  expect(told.length).toBeGreaterThan(12);
  for (const text of told) expect(text).not.toMatch(/spk_very|abc123|X-Spinnaker|because|pipelineName=|dHJpZ2dlc/i);
});

test('a secret that cannot be read may come later; one that cannot be sent is refused', async () => {
  const address = await gate.open();
  const ask = (auth: GateAuth) =>
    createSpinnaker({ gate: address, application: 'goldenami', auth }).execution('01H') as Promise<unknown>;
  const unreadable = (): string => {
    throw new Error('ENOENT: no such file');
  };
  await expect(ask({ token: unreadable })).rejects.toMatchObject({ name: 'TryAgain' });
  await expect(ask({ token: '' })).rejects.toMatchObject({ name: 'Forbidden' });
  const split = ask({ bearer: 'abc\r\nX-Evil: 1' });
  await expect(split).rejects.toMatchObject({ name: 'Forbidden', message: expect.not.stringContaining('Evil') });
  expect(gate.seen).toEqual([]);
});

describe('a client certificate', () => {
  const server = selfSigned('gate');
  const client = selfSigned('assay');

  test('is shown to Gate, whose own is checked against the CA', async () => {
    const address = await gate.open({ ...server, ca: client.cert, requestCert: true, rejectUnauthorized: true });
    const at = (auth: GateAuth) => createSpinnaker({ gate: address, application: 'goldenami', auth });
    const known = at({ x509: { cert: client.cert, key: () => client.key, ca: server.cert } });
    await expect(known.find('r', 'bake', 'bake-golden')).resolves.toEqual([]);
    const stranger = selfSigned('stranger');
    await expect(at({ x509: { ...stranger, ca: server.cert } }).execution('01H')).rejects.toMatchObject({
      name: 'TryAgain',
    });
    await expect(at({ x509: client }).execution('01H')).rejects.toMatchObject({
      name: 'TryAgain',
      message: expect.stringMatching(/not reached.*self-signed/i) as unknown,
    });
  });

  test('that was renewed is used from the next request on', async () => {
    const address = await gate.open({ ...server, ca: client.cert, requestCert: true, rejectUnauthorized: true });
    let now = selfSigned('old');
    const auth = { x509: { cert: () => now.cert, key: () => now.key, ca: server.cert } };
    const spinnaker = createSpinnaker({ gate: address, application: 'goldenami', auth });
    await expect(spinnaker.find('r', 'bake', 'b')).rejects.toMatchObject({ name: 'TryAgain' });
    now = client;
    await expect(spinnaker.find('r', 'bake', 'b')).resolves.toEqual([]);
  });

  test('that is none, or not the key’s, is refused without showing it', async () => {
    const other = selfSigned('other');
    for (const x509 of [
      { cert: client.cert, key: other.key },
      { cert: 'no PEM', key: client.key },
    ]) {
      const spinnaker = createSpinnaker({ gate: 'https://127.0.0.1:9', application: 'goldenami', auth: { x509 } });
      await expect(spinnaker.execution('01H')).rejects.toMatchObject({
        name: 'Forbidden',
        message: expect.not.stringContaining('-----') as unknown,
      });
    }
  });
});
