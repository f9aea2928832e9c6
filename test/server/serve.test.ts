import { createServer, type AddressInfo } from 'node:net';
import { pino } from 'pino';
import { Unreachable } from '../../src/client/errors';
import type { Config } from '../../src/config';
import type { LineSettings } from '../../src/domain/settings';
import { CannotListen, serve, type Clients, type Serving } from '../../src/server/serve';
import { untilPasses } from '../setup/helpers';
import { ACCESS_KEYS, KEYS, statusOf, stubLines, stubRuns, stubSetup } from '../http/door';

const LINE = {
  name: 'golden',
  region: 'us-east-1',
  bake: { pipeline: 'b', parameters: {}, timeoutMinutes: 1 },
  deploy: { kind: 'pipeline', pipeline: 'd', destroyPipeline: 'x', parameters: {}, timeoutMinutes: 1 },
} as unknown as LineSettings;

const configOf = (changes: Partial<Config['server']> = {}, access: Partial<Config['access']> = {}): Config =>
  ({
    server: {
      host: '127.0.0.1',
      port: 0,
      publicUrl: 'http://127.0.0.1:8080',
      trustProxy: false,
      rateLimit: { perSecond: 200, burst: 1000 },
      ...changes,
    },
    access: { keys: ACCESS_KEYS, approvers: [], revoked: [], ...access },
    spinnaker: { application: 'a', bakeLimitMinutes: 1, unreachableMinutes: 1, watchSeconds: 1 },
    lines: new Map([['golden', LINE]]),
  }) as unknown as Config;

const log = pino({ level: 'silent' });
const clientsOf = (changes: Partial<Clients> = {}): Clients => ({
  runs: stubRuns([]),
  lines: stubLines,
  setup: stubSetup,
  close: async () => undefined,
  ...changes,
});

let serving: Serving | undefined;
afterEach(async () => {
  await serving?.close();
  serving = undefined;
});

const post = (url: string, body: object): Promise<Response> =>
  fetch(`${url}/v1/runs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': KEYS.ci },
    body: JSON.stringify(body),
  });

test('keys and lines of the config of now count, without a restart', async () => {
  let config = configOf();
  serving = await serve({ config: () => config, clients: clientsOf(), log });
  const { url } = serving;
  expect((await post(url, { line: 'golden' })).status).toBe(202);
  const none = await post(url, { line: 'other', image: { id: 'x', region: 'us-east-1' } });
  expect(await none.json()).toMatchObject({
    errors: [{ pointer: '#/image/id' }, { pointer: '#/line', detail: 'there is no such line; there is golden' }],
  });
  config = configOf({}, { keys: [] });
  expect((await post(url, { line: 'golden' })).status).toBe(401);
});

test('what Temporal lacks is registered beside the door, as often as it takes', async () => {
  let tries = 0;
  const setup = {
    faults: async () => (tries < 3 ? ['search attribute AssayLine is missing'] : []),
    setup: async () => {
      tries += 1;
      if (tries < 3) throw new Unreachable('Temporal', 'away');
      return ['search attribute AssayLine'];
    },
  };
  serving = await serve({ config: () => configOf(), clients: clientsOf({ setup }), log, setupEveryMs: 5 });
  const { url } = serving;
  await untilPasses(() => expect(tries).toBe(3));
  await untilPasses(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200));
  expect(tries).toBe(3);
});

test('a port that is taken, and an address that is not ours, are named', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  try {
    const taken = serve({ config: () => configOf({ port }), clients: clientsOf(), log });
    await expect(taken).rejects.toThrow(
      new CannotListen(`server.listen: 127.0.0.1:${port} is taken by another process`),
    );
    const away = serve({ config: () => configOf({ host: '192.0.2.1' }), clients: clientsOf(), log });
    await expect(away).rejects.toThrow(/is no address of this machine/);
  } finally {
    await new Promise((resolve) => other.close(resolve));
  }
});

test('closing lets an answer in flight end, on a connection that is kept alive, and closes Temporal last', async () => {
  let answer: () => void = () => undefined;
  const asked = new Promise<void>((resolve) => {
    answer = resolve;
  });
  let reached = false;
  const order: string[] = [];
  const runs = stubRuns([], {
    status: async (id) => {
      reached = true;
      await asked;
      order.push('answered');
      return statusOf(id);
    },
  });
  const clients = clientsOf({ runs, close: async () => void order.push('closed') });
  const door = await serve({ config: () => configOf(), clients, log });
  const flight = fetch(`${door.url}/v1/runs/r-1`, { headers: { 'x-api-key': KEYS.ci } });
  await untilPasses(() => expect(reached).toBe(true));
  const closing = door.close();
  const newcomer = (): Promise<number> =>
    fetch(`${door.url}/livez`).then(
      ({ status }) => status,
      () => 503,
    );
  await untilPasses(async () => expect(await newcomer()).toBe(503));
  answer();
  const got = await flight;
  expect([got.status, got.headers.get('connection')]).toEqual([200, 'close']);
  await closing;
  expect(order).toEqual(['answered', 'closed']);
});

test('closing cuts what does not end within the grace', async () => {
  const runs = stubRuns([], { status: async () => new Promise<never>(() => undefined) });
  const door = await serve({ config: () => configOf(), clients: clientsOf({ runs }), log, graceMs: 50 });
  const flight = fetch(`${door.url}/v1/runs/r-1`, { headers: { 'x-api-key': KEYS.ci } }).catch(() => 'cut');
  await untilPasses(async () => expect((await fetch(`${door.url}/livez`)).status).toBe(200));
  await door.close();
  expect(await flight).toBe('cut');
});
