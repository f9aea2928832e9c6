import { createServer } from 'node:net';
import { createSpinnaker } from '../../../src/adapters/spinnaker';
import type { Spinnaker } from '../../../src/adapters/ports';
import { BadInput, Final, messageOf, type TryAgain } from '../../../src/domain/errors';
import { freePort } from '../../setup/helpers';
import { FakeGate, type Fault } from './fake-gate';

const KEY = { run: 'weekly~2', step: 'bake', n: 1 } as const;
const PARAMETERS = { assayRun: 'weekly~2', baseOs: 'ubuntu-24' };

let gate: FakeGate;
let url: string;
let spinnaker: Spinnaker;

beforeEach(async () => {
  gate = new FakeGate();
  url = await gate.open();
  spinnaker = at(url);
});
afterEach(() => gate.close());

const at = (address: string, timeoutMs = 5_000): Spinnaker =>
  createSpinnaker({ gate: address, application: 'goldenami', auth: { none: {} }, timeoutMs });

const start = (given: Partial<{ n: number; step: 'bake' | 'deploy' | 'destroy'; run: string }> = {}) =>
  spinnaker.start({ ...KEY, ...given }, 'bake-golden', PARAMETERS, { rebake: true });

async function refusal(work: Promise<unknown>): Promise<Error> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Error)) throw new Error('it was not refused');
  return error;
}

const answering =
  (status: number, body = '', headers: Record<string, string> = {}): Fault =>
  (response) =>
    void response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(body);

test('a start is a manual trigger with the run, the correlation id and the parameters', async () => {
  const { executionId } = await start();
  expect(gate.executions.map(({ id }) => id)).toEqual([executionId]);
  const [sent] = gate.starts();
  expect(sent?.url).toBe('/pipelines/goldenami/bake-golden');
  expect(sent?.headers['content-type']).toBe('application/json');
  expect(JSON.parse(sent?.body ?? '')).toEqual({
    type: 'manual',
    user: 'assay',
    correlationId: 'weekly~2/bake/1',
    parameters: { assayRun: 'weekly~2', baseOs: 'ubuntu-24' },
    rebake: true,
  });
});

test('a start that nobody wants any more by then is not sent', async () => {
  const unwanted = (): never => {
    throw new Error('cancelled');
  };
  await expect(
    spinnaker.start(KEY, 'bake-golden', PARAMETERS, { rebake: true, assertWanted: unwanted }),
  ).rejects.toThrow('cancelled');
  await expect(spinnaker.startTask(KEY, { type: 'wait' }, { assertWanted: unwanted })).rejects.toThrow('cancelled');
  expect(gate.starts()).toEqual([]);
});

test('only a bake is asked for with rebake', async () => {
  await spinnaker.start({ run: 'r', step: 'deploy', n: 1 }, 'deploy-candidate', { assayRun: 'r' });
  expect(JSON.parse(gate.starts()[0]?.body ?? '')).not.toHaveProperty('rebake');
});

test('a Gate below a path, and names that need quoting, are reached', async () => {
  await gate.close();
  gate = new FakeGate();
  gate.base = '/spin/gate';
  gate.pipelines = ['bake golden & more? #1'];
  spinnaker = at(`${await gate.open()}/`);
  await spinnaker.start(KEY, 'bake golden & more? #1', PARAMETERS);
  expect(gate.executions.map(({ name }) => name)).toEqual(['bake golden & more? #1']);
  await expect(spinnaker.find('weekly~2', 'bake', 'bake golden & more? #1')).resolves.toHaveLength(1);
});

describe('once per key', () => {
  test('a second start of a key finds the first, running or over', async () => {
    const first = await start();
    expect(await start()).toEqual(first);
    Object.assign(gate.executions[0] ?? {}, { status: 'SUCCEEDED' });
    expect(await start()).toEqual(first);
    expect(gate.starts()).toHaveLength(1);
  });

  test('of two executions with the key, the one that still runs is taken', async () => {
    const trigger = { correlationId: 'weekly~2/bake/1', parameters: { assayRun: 'weekly~2' } };
    gate.add({ status: 'TERMINAL', trigger });
    const running = gate.add({ trigger });
    expect(await start()).toEqual({ executionId: running.id });
  });

  test('a start whose answer was lost is found, and not made again', async () => {
    gate.failOn('POST', (response, act) => {
      act();
      response.destroy();
    });
    await expect(start()).rejects.toMatchObject({ name: 'AnswerLost' });
    Object.assign(gate.executions[0] ?? {}, { status: 'SUCCEEDED' });
    expect(await start()).toEqual({ executionId: gate.executions[0]?.id });
    expect(gate.executions).toHaveLength(1);
  });

  test('another run whose id differs in letter case, or looks alike as a regular expression, is another run', async () => {
    for (const run of ['a.b', 'axb', 'A.B', 'a.b~2', 'a.bb']) await start({ run });
    expect(gate.executions.map(({ trigger }) => trigger.correlationId)).toEqual(
      ['a.b', 'axb', 'A.B', 'a.b~2', 'a.bb'].map((run) => `${run}/bake/1`),
    );
  });

  test('a run id full of signs finds its own execution', async () => {
    const run = '..~2-_a.b';
    const first = await start({ run });
    expect(await start({ run })).toEqual(first);
  });

  test('nothing is started while Gate cannot say what there is', async () => {
    gate.failOn('GET', answering(200));
    await expect(start()).rejects.toMatchObject({ name: 'TryAgain' });
    gate.failOn('GET', answering(500, '{}'));
    await expect(start()).rejects.toMatchObject({ name: 'TryAgain' });
    gate.failOn('GET', (response) => void response.destroy());
    await expect(start()).rejects.toMatchObject({ name: 'TryAgain' });
    gate.failOn('GET', answering(200, '{"message":"no list"}'));
    await expect(start()).rejects.toMatchObject({ name: 'TryAgain' });
    expect(gate.starts()).toEqual([]);
  });
});

describe('the next number', () => {
  const destroy = (n: number) =>
    spinnaker.start({ run: 'r', step: 'destroy', n }, 'destroy-candidate', { assayRun: 'r' });

  test('waits until the execution before is over', async () => {
    await destroy(1);
    await expect(destroy(2)).rejects.toMatchObject({ name: 'TryAgain', message: expect.stringContaining('not over') });
    Object.assign(gate.executions[0] ?? {}, { status: 'CANCELED', stages: [{ id: 's', status: 'RUNNING' }] });
    await expect(destroy(2)).rejects.toMatchObject({ name: 'TryAgain' });
    Object.assign(gate.executions[0] ?? {}, { stages: [{ id: 's', status: 'CANCELED' }] });
    await destroy(2);
    expect(gate.executions).toHaveLength(2);
  });

  test('waits until the execution before can be seen', async () => {
    await expect(destroy(2)).rejects.toMatchObject({ name: 'TryAgain' });
    expect(gate.starts()).toEqual([]);
  });

  test('counts from one', async () => {
    await expect(destroy(0)).rejects.toBeInstanceOf(BadInput);
    await expect(destroy(1.5)).rejects.toBeInstanceOf(BadInput);
  });
});

describe('expressions', () => {
  test.each([
    ['a value', { baseOs: '${execution.id}' }, 'bake-golden'],
    ['a name', { '${x}': '1' }, 'bake-golden'],
    ['the pipeline', {}, '${x}'],
  ])('in %s are never sent, and not repeated', async (_, parameters, pipeline) => {
    const error = await refusal(spinnaker.start(KEY, pipeline, parameters as Record<string, string>));
    expect(error).toBeInstanceOf(BadInput);
    expect(error.message).not.toContain('${');
    expect(gate.starts()).toEqual([]);
  });

  test('in a reason or an id are never sent', async () => {
    await expect(spinnaker.cancel('01H', '${1+1}')).rejects.toBeInstanceOf(BadInput);
    await expect(spinnaker.execution('${1+1}')).rejects.toMatchObject({ name: 'NotFound' });
    expect(gate.seen).toEqual([]);
  });
});

describe('what an answer to a start means', () => {
  test.each([
    ['500', answering(500, '{"message":"orca: timeout"}'), 'AnswerLost'],
    ['502 with a page', answering(502, '<html>Bad Gateway</html>', { 'Content-Type': 'text/html' }), 'AnswerLost'],
    ['503', answering(503), 'AnswerLost'],
    ['504', answering(504), 'AnswerLost'],
    ['408', answering(408), 'AnswerLost'],
    ['a reset', ((response) => void response.socket?.resetAndDestroy()) satisfies Fault, 'AnswerLost'],
    ['an empty 202', answering(202), 'AnswerLost'],
    ['a 202 without a ref', answering(202, '{}'), 'AnswerLost'],
    ['a 202 with a task', answering(202, '{"ref":"/tasks/01H"}'), 'AnswerLost'],
    ['a cut-off 202', answering(202, '{"ref":"/pipe'), 'AnswerLost'],
    ['429', answering(429), 'TryAgain'],
    ['401', answering(401, '{"message":"Unauthorized"}'), 'Forbidden'],
    ['403', answering(403, '{"message":"Access denied to application goldenami"}'), 'Forbidden'],
    ['a redirect to a login', answering(302, '', { Location: 'https://gate.example.com/login' }), 'Forbidden'],
    ['an OAuth redirect', answering(302, '', { Location: 'https://id.example.com/oauth2/v1?state=s' }), 'Forbidden'],
    ['a login page', answering(200, '<!DOCTYPE html><form>', { 'Content-Type': 'text/html' }), 'Forbidden'],
    [
      'a 404 page of an ingress',
      answering(404, '<html>default backend</html>', { 'Content-Type': 'text/html' }),
      'Forbidden',
    ],
    ['a redirect to elsewhere', answering(301, '', { Location: 'https://gate.example.com/x' }), 'Final'],
    ['400', answering(400, '{"message":"Required parameter baseOs is missing"}'), 'Final'],
    ['404', answering(404, '{"message":"no"}'), 'Final'],
    ['a bare 404 of a proxy', answering(404, '404 page not found'), 'Forbidden'],
    ['422 for whatever failed', answering(422, '{"message":"Read timed out"}'), 'Doubtful'],
    ['400 for whatever failed', answering(400, '{"message":"500 Internal Server Error"}'), 'Doubtful'],
    ['422 for what Gate itself found', answering(422, '{"message":"Required parameter baseOs is missing"}'), 'Final'],
    ['409', answering(409, '{"message":"Conflict"}'), 'Doubtful'],
    ['a 4xx that nobody knows', answering(418), 'Doubtful'],
  ])('%s', async (_, fault, name) => {
    gate.failOn('POST', fault);
    expect((await refusal(start())).name).toBe(name);
  });

  test('an answer that never comes is lost once the time is up', async () => {
    spinnaker = at(url, 300);
    gate.failOn('POST', () => undefined);
    await expect(start()).rejects.toMatchObject({ name: 'AnswerLost', message: expect.stringContaining('300 ms') });
  });

  test('an answer that drips is lost once the time is up', async () => {
    spinnaker = at(url, 300);
    gate.failOn('POST', (response) => {
      response.writeHead(202, { 'Content-Type': 'application/json' });
      const drip = setInterval(() => response.write(' '), 50);
      response.on('close', () => clearInterval(drip));
    });
    await expect(start()).rejects.toMatchObject({ name: 'AnswerLost' });
  });

  test('Retry-After is kept, in seconds and as a date, and a mad one is cut', async () => {
    gate.failOn('POST', answering(429, '', { 'Retry-After': '7' }));
    await expect(start()).rejects.toMatchObject({ name: 'TryAgain', retryAfterMs: 7_000 });
    gate.failOn('POST', answering(503, '', { 'Retry-After': new Date(Date.now() + 60_000).toUTCString() }));
    const { retryAfterMs } = (await refusal(start())) as TryAgain;
    expect(retryAfterMs).toBeGreaterThan(50_000);
    expect(retryAfterMs).toBeLessThanOrEqual(60_000);
    gate.failOn('GET', answering(429, '', { 'Retry-After': '99999999999' }));
    await expect(start()).rejects.toMatchObject({ retryAfterMs: 900_000 });
    gate.failOn('GET', answering(429, '', { 'Retry-After': 'soon' }));
    await expect(start()).rejects.toMatchObject({ name: 'TryAgain', retryAfterMs: undefined });
  });

  test('an unknown pipeline is named, with what to do', async () => {
    const error = await refusal(spinnaker.start(KEY, 'bake-goldne', PARAMETERS));
    expect(error).toBeInstanceOf(Final);
    expect(error.message).toMatch(/"bake-goldne" in application "goldenami".*check the name/);
  });

  test('what Gate says about a refusal is told', async () => {
    gate.failOn('POST', answering(400, '{"message":"Required parameter baseOs is missing"}'));
    expect(messageOf(await refusal(start()))).toContain('400: Required parameter baseOs is missing');
  });
});

describe('a Gate that was provably never reached', () => {
  test('refused connections and unknown hosts are TryAgain, not a lost answer', async () => {
    for (const address of [`http://127.0.0.1:${await freePort()}`, 'http://gate.invalid:8084']) {
      spinnaker = at(address);
      const error = await refusal(start());
      expect(error.name).toBe('TryAgain');
      expect(error.message).toContain('not reached');
    }
  });

  test('that is so for the start itself too, when Gate goes away after the search', async () => {
    const listed: Fault = (response) => void response.writeHead(200).end('[]');
    gate.failOn('GET', listed);
    gate.failOn('GET', (response, act, request) => {
      gate.stopListening();
      listed(response, act, request);
    });
    const error = await refusal(start());
    expect(error.name).toBe('TryAgain');
    expect(error.message).toContain('POST');
    expect(error.message).toContain('not reached');
  });

  test('a peer that takes the connection but speaks no TLS was not reached', async () => {
    const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    spinnaker = at(`https://127.0.0.1:${port}`);
    await expect(start()).rejects.toMatchObject({ name: 'TryAgain', message: expect.stringContaining('not reached') });
    server.close();
  });
});

test('a connection that never comes to stand was not reached', async () => {
  const silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as { port: number };
  const error = await refusal(at(`https://127.0.0.1:${port}`, 300).start(KEY, 'bake-golden', PARAMETERS));
  expect(error.name).toBe('TryAgain');
  expect(error.message).toMatch(/not reached: no (?:answer|connection) within 300 ms/);
  silent.close();
});

test('a Gate address that cannot work is refused at once, without repeating what it holds', () => {
  for (const address of ['gate.example.com', 'ftp://gate', 'http://u:s3cr3t@gate', 'http://gate?token=s3cr3t', '']) {
    let message = '';
    try {
      at(address);
    } catch (error) {
      if (error instanceof Final) message = error.message;
    }
    expect(message).toMatch(/^spinnaker\.gate/);
    expect(message).not.toContain('s3cr3t');
  }
  expect(() =>
    createSpinnaker({ gate: 'http://gate', application: 'a', auth: { x509: { cert: 'c', key: 'k' } } }),
  ).toThrow(/https/);
});
