/** One test for each row of what Orca's webhook stage was seen to do (orca-webhook, release 2026.1.2, OkHttp 4.10). */
import { playWebhookStage, type WebhookResult, type WebhookStage } from '../../src/contract/webhook-stage';
import { createClient } from '../../src/contract/webhook/client';
import { freePort } from '../setup/helpers';
import { rawServer, type RawServer, type Said, type Seen } from './raw-server';

let open: RawServer[] = [];
afterEach(async () => {
  await Promise.all(open.map((one) => one.close()));
  open = [];
});

async function serve(say: (seen: Seen, all: readonly Seen[]) => Said): Promise<RawServer> {
  const server = await rawServer(say);
  open.push(server);
  return server;
}

const FAST = { pollMs: 5, createBackoffMs: 5, createTimeoutMs: 2_000, stageTimeoutMs: 2_000, requestTimeoutMs: 300 };
const WORDS = {
  statusJsonPath: '$.status',
  successStatuses: 'SUCCEEDED',
  canceledStatuses: 'CANCELED',
  terminalStatuses: 'FAILED, DENIED',
};
const stage = (url: string, more: Partial<WebhookStage> = {}): WebhookStage => ({
  ...FAST,
  ...WORDS,
  url: `${url}/runs`,
  payload: { line: 'a' },
  cancelEndpoint: `${url}/cancel`,
  ...more,
});

/** A server that accepts and then answers polls in turn; the last one again and again. */
async function polled(answers: readonly Said[], more: Partial<WebhookStage> = {}) {
  let nth = 0;
  const server: RawServer = await serve(({ method, path, headers }) => {
    if (path === '/cancel') return { json: { canceled: true } };
    if (method === 'POST') return { status: 202, headers: { Location: `http://${headers.host}/runs/1` }, json: {} };
    return answers[Math.min(nth++, answers.length - 1)] as Said;
  });
  const result = await playWebhookStage(stage(server.url, more));
  return { server, result };
}

/** A server that answers create as told, and polls with success. */
async function created(answers: readonly Said[], more: Partial<WebhookStage> = {}) {
  const server = await serve(({ method, path }, all) => {
    if (path === '/cancel') return { json: {} };
    const before = all.filter((one) => one.path !== '/cancel' && one.method === method).length - 1;
    if (path === '/runs' && method === (more.method ?? 'POST'))
      return answers[Math.min(before, answers.length - 1)] as Said;
    return { json: { status: 'SUCCEEDED' } };
  });
  const result = await playWebhookStage(stage(server.url, { statusUrlResolution: 'getMethod', ...more }));
  return { server, result };
}

describe('Location', () => {
  const at = async (
    location: (host: string) => string | undefined,
  ): Promise<{ result: WebhookResult; gets: string[] }> => {
    const server = await serve(({ method, headers }) => {
      if (method !== 'POST') return { json: { status: 'SUCCEEDED' } };
      const found = location(headers.host ?? '');
      return { status: 202, json: {}, headers: found === undefined ? {} : { Location: found } };
    });
    const { cancelEndpoint: _, ...bare } = stage(server.url);
    const result = await playWebhookStage(bare);
    return { result, gets: server.of('GET').map(({ path }) => path) };
  };

  test('absolute: stored as sent; without its fragment and with .. normalised when polled; %2F and query survive', async () => {
    const { result, gets } = await at((host) => `http://${host}/x/../runs/a%2Fb?c=d%20e#part`);
    expect(result.statusEndpoint).toMatch(/\/x\/\.\.\/runs\/a%2Fb\?c=d%20e#part$/);
    expect(gets).toEqual(['/runs/a%2Fb?c=d%20e']);
  });
  test('the same host with another scheme: the scheme of the stage’s url wins, the port stays', async () => {
    const { result } = await at((host) => `https://${host}/runs/1`);
    expect(result).toMatchObject({ status: 'SUCCEEDED', statusEndpoint: expect.stringMatching(/^http:/) });
  });
  test('relative: create is fine, and the monitor ends TERMINAL', async () => {
    const { result, gets } = await at(() => '/runs/1');
    expect(result).toMatchObject({ status: 'TERMINAL', error: 'URI not valid: null', statusEndpoint: '/runs/1' });
    expect(gets).toEqual([]);
  });
  test.each([[undefined], [''], ['http://h.example/a b'], ['http://h.example/a|b']])(
    '%j: create ends TERMINAL',
    async (location) => {
      const { result } = await at(() => location);
      expect(result).toMatchObject({ status: 'TERMINAL', polls: 0, statusEndpoint: null });
    },
  );
  test('webhookResponse takes it from the body', async () => {
    const server = await serve(({ method, headers }) =>
      method === 'POST'
        ? { status: 202, json: { links: { self: `http://${headers.host}/there` } } }
        : { json: { status: 'SUCCEEDED' } },
    );
    const more = { statusUrlResolution: 'webhookResponse', statusUrlJsonPath: '$.links.self' } as const;
    expect(await playWebhookStage(stage(server.url, more))).toMatchObject({ status: 'SUCCEEDED' });
    expect(server.of('GET', '/there')).toHaveLength(1);
  });
});

describe('create: status codes', () => {
  test.each([400, 401, 403, 404, 409, 410, 415, 422])('%i ends TERMINAL at once', async (status) => {
    const { server, result } = await created([{ status, json: {} }], { retryStatusCodes: [status] });
    expect(result).toMatchObject({ status: 'TERMINAL', creates: 1, cancelCalled: true, cancelAnswer: 200 });
    expect(server.of('POST', '/runs')).toHaveLength(1);
  });
  test.each([429, 500, 501, 502, 503, 505, 507, 511])('%i is tried again', async (status) => {
    const { result } = await created([
      { status, json: {} },
      { status: 202, json: {} },
    ]);
    expect(result).toMatchObject({ status: 'SUCCEEDED', creates: 2 });
  });
  test('409 is tried again where webhookRetryStatusCodes says so', async () => {
    const { result } = await created([{ status: 409 }, { status: 202, json: {} }], { webhookRetryStatusCodes: [409] });
    expect(result).toMatchObject({ status: 'SUCCEEDED', creates: 2 });
  });
  test('504 ends TERMINAL, unless failFastStatusCodes replaces the default', async () => {
    const answers = [{ status: 504 }, { status: 202, json: {} }];
    expect((await created(answers)).result).toMatchObject({ status: 'TERMINAL', creates: 1 });
    expect((await created(answers, { failFastStatusCodes: [400] })).result).toMatchObject({ status: 'SUCCEEDED' });
  });
  test('failFastStatusCodes wins over a retry', async () => {
    expect((await created([{ status: 503 }], { failFastStatusCodes: [503] })).result).toMatchObject({ creates: 1 });
  });
  test.each([499, 520, 529, 599])('%i is no standard code: the task throws', async (status) => {
    const { result } = await created([{ status }]);
    expect(result).toMatchObject({ status: 'TERMINAL', creates: 1, error: `No matching constant for [${status}]` });
  });
  test('tries end after the time of the task, and cancel is called', async () => {
    const { result } = await created([{ status: 503 }], { createTimeoutMs: 60, createBackoffMs: 20 });
    expect(result).toMatchObject({ status: 'TERMINAL', cancelCalled: true });
    expect(result.creates).toBeGreaterThan(1);
  });
  test('broken JSON ends TERMINAL', async () => {
    const broken = { status: 202, headers: { 'Content-Type': 'application/json' }, raw: '{"id":' };
    expect((await created([broken])).result).toMatchObject({ status: 'TERMINAL', polls: 0 });
  });
  test('without waiting any 2xx is the end', async () => {
    const { result } = await created([{ status: 201, json: { a: 1 } }], { waitForCompletion: false });
    expect(result).toMatchObject({ status: 'SUCCEEDED', polls: 0, body: { a: 1 } });
  });
});

describe('create: redirects', () => {
  test.each([300, 301, 302, 303])('%i: GET on the target, and the status URL of the final answer', async (status) => {
    const server = await serve(({ method, path, headers }) => {
      if (path === '/runs') return { status, headers: { Location: '/other' } };
      if (path === '/other') return { json: {}, headers: { Location: `http://${headers.host}/status` } };
      return { json: { status: method === 'GET' ? 'SUCCEEDED' : 'FAILED' } };
    });
    const result = await playWebhookStage(stage(server.url, { headers: { 'Content-Type': 'application/json' } }));
    expect(result).toMatchObject({ status: 'SUCCEEDED', creates: 1 });
    const [target] = server.of('GET', '/other');
    expect(target?.body).toHaveLength(0);
    expect(target?.headers).not.toHaveProperty('content-type');
  });
  test.each([307, 308])('%i: POST again on the target', async (status) => {
    const server = await serve(({ path }) =>
      path === '/runs' ? { status, headers: { Location: '/other' } } : { json: { status: 'SUCCEEDED' } },
    );
    await playWebhookStage(stage(server.url, { statusUrlResolution: 'getMethod', stageTimeoutMs: 50 }));
    expect(server.of('POST', '/other').map(({ body }) => String(body))).toEqual(['{"line":"a"}']);
  });
  test('without a Location a 3xx is a success', async () => {
    expect((await created([{ status: 302 }])).result).toMatchObject({ status: 'SUCCEEDED' });
  });
  test('to another host: Authorization is dropped, X-Api-Key is kept', async () => {
    const other = await serve(() => ({ json: {} }));
    const server = await serve(() => ({ status: 307, headers: { Location: `${other.url}/runs` } }));
    const headers = { Authorization: 'Bearer a', 'X-Api-Key': 'b' };
    await playWebhookStage(stage(server.url, { headers, waitForCompletion: false }));
    expect(other.seen[0]?.headers).toMatchObject({ 'x-api-key': 'b' });
    expect(other.seen[0]?.headers).not.toHaveProperty('authorization');
  });
  test('end after 20', async () => {
    const server = await serve(() => ({ status: 302, headers: { Location: '/runs' } }));
    const { cancelEndpoint: _, ...bare } = stage(server.url);
    expect(await playWebhookStage(bare)).toMatchObject({ status: 'TERMINAL' });
    expect(server.seen).toHaveLength(21);
  });
});

describe('create: connections', () => {
  test('refused: TERMINAL', async () => {
    const result = await playWebhookStage(stage(`http://127.0.0.1:${await freePort()}`));
    expect(result).toMatchObject({ status: 'TERMINAL', creates: 1, cancelCalled: true, cancelAnswer: null });
  });
  test('a read timeout: TERMINAL for POST', async () => {
    const { result } = await created(['silence'], { requestTimeoutMs: 40 });
    expect(result).toMatchObject({ status: 'TERMINAL', creates: 1 });
  });
  test.each([[{ method: 'GET' }], [{ safeToRetry: true }]])('a read timeout with %j: tried again', async (more) => {
    const { result } = await created(['silence', { json: { status: 'SUCCEEDED' } }], {
      ...more,
      requestTimeoutMs: 100,
    });
    expect(result).toMatchObject({ status: 'SUCCEEDED', creates: 2 });
  });
  test('an unknown host: TERMINAL', async () => {
    const result = await playWebhookStage({ ...stage('http://no-such-host.invalid'), requestTimeoutMs: 5_000 });
    expect(result).toMatchObject({ status: 'TERMINAL', creates: 1 });
  });
});

describe('the silent second POST', () => {
  test('on 408, once', async () => {
    const { server, result } = await created([{ status: 408 }, { status: 202, json: {} }]);
    expect(result).toMatchObject({ status: 'SUCCEEDED', creates: 1 });
    expect(server.of('POST', '/runs')).toHaveLength(2);
    expect((await created([{ status: 408 }])).server.of('POST', '/runs')).toHaveLength(2);
  });
  test('not on 408 that names a time to wait', async () => {
    const { server } = await created([{ status: 408, headers: { 'Retry-After': '1' } }]);
    expect(server.of('POST', '/runs')).toHaveLength(1);
  });
  test('on 503 with Retry-After: 0, and on no other 503', async () => {
    const zero = { status: 503, headers: { 'Retry-After': '0' } };
    const { server, result } = await created([zero, { status: 202, json: {} }]);
    expect(result).toMatchObject({ status: 'SUCCEEDED', creates: 1 });
    expect(server.of('POST', '/runs')).toHaveLength(2);
    const one = await created([
      { status: 503, headers: { 'Retry-After': '1' } },
      { status: 202, json: {} },
    ]);
    expect(one.result).toMatchObject({ status: 'SUCCEEDED', creates: 2 });
  });
  test('when a reused connection closes without an answer: on a fresh one, within the one attempt', async () => {
    const client = createClient();
    const server = await serve(({ nth }) => (nth === 2 ? 'hangUp' : { json: {} }));
    const once = stage(server.url, { client, waitForCompletion: false });
    expect(await playWebhookStage(once)).toMatchObject({ status: 'SUCCEEDED' });
    expect(await playWebhookStage(once)).toMatchObject({ status: 'SUCCEEDED', creates: 1 });
    client.close();
    expect(server.of('POST').map(({ connection, nth }) => [connection, nth])).toEqual([
      [1, 1],
      [1, 2],
      [2, 1],
    ]);
  });
  test('when a fresh connection closes without an answer: none, TERMINAL', async () => {
    const { server, result } = await created(['hangUp']);
    expect(result).toMatchObject({ status: 'TERMINAL', creates: 1 });
    expect(server.of('POST', '/runs')).toHaveLength(1);
  });
  test('connections are kept whatever Keep-Alive the server names', async () => {
    const { server } = await polled([
      { json: { status: 'RUNNING' }, headers: { 'Keep-Alive': 'timeout=0' } },
      { json: { status: 'SUCCEEDED' } },
    ]);
    expect(new Set(server.seen.map(({ connection }) => connection)).size).toBe(1);
  });
});

describe('the status word', () => {
  test.each([
    ['SUCCEEDED', 'SUCCEEDED'],
    ['succeeded', 'SUCCEEDED'],
    ['CANCELED', 'CANCELED'],
    ['DENIED', 'TERMINAL'],
  ])('%j makes the stage %s', async (word, status) => {
    expect((await polled([{ json: { status: word } }])).result).toMatchObject({ status, polls: 1 });
  });
  test.each(['SUCCEEDED ', 'DONE', ''])('%j keeps it running', async (word) => {
    const { result } = await polled([{ json: { status: word } }, { json: { status: 'SUCCEEDED' } }]);
    expect(result).toMatchObject({ status: 'SUCCEEDED', polls: 2 });
  });
  test('booleans match as words', async () => {
    const more = { successStatuses: 'true' };
    expect((await polled([{ json: { status: true } }], more)).result).toMatchObject({ status: 'SUCCEEDED' });
  });
  test('a word in two lists: the later list wins', async () => {
    const more = { successStatuses: 'A', canceledStatuses: 'A', terminalStatuses: 'A' };
    expect((await polled([{ json: { status: 'A' } }], more)).result).toMatchObject({ status: 'TERMINAL' });
  });
  test('a duplicate in a list throws', async () => {
    const { result } = await polled([{ json: { status: 'X' } }], { successStatuses: 'A, A' });
    expect(result).toMatchObject({ status: 'TERMINAL', error: expect.stringContaining('Duplicate key') });
  });
  test('no success list throws, whatever the word', async () => {
    const server = await serve(() => ({ json: { status: 'FAILED' } }));
    const { successStatuses: _, ...bare } = stage(server.url, { statusUrlResolution: 'getMethod' });
    expect(await playWebhookStage(bare)).toMatchObject({ error: expect.stringContaining('NullPointer') });
  });
  test('no statusJsonPath: SUCCEEDED on any 2xx', async () => {
    const server = await serve(() => ({ status: 203, raw: 'whatever' }));
    const { statusJsonPath: _, ...bare } = stage(server.url, { statusUrlResolution: 'getMethod' });
    expect(await playWebhookStage(bare)).toMatchObject({ status: 'SUCCEEDED', polls: 1 });
  });
  test.each([[{}], [{ status: null }], [{ status: ['SUCCEEDED'] }], [{ status: {} }]])(
    '%j ends TERMINAL',
    async (json) => {
      expect((await polled([{ json }])).result).toMatchObject({ status: 'TERMINAL', polls: 1 });
    },
  );
});

describe('numbers', () => {
  const raw = (text: string): Said => ({ headers: { 'Content-Type': 'application/json' }, raw: `{"status":${text}}` });
  test('100 succeeds', async () => {
    expect((await polled([raw('100')])).result).toMatchObject({ status: 'SUCCEEDED', polls: 1 });
  });
  test.each(['100.0', '1e2', '"100"', '99', '-1'])('%s keeps running', async (text) => {
    expect((await polled([raw(text), raw('100')])).result).toMatchObject({ status: 'SUCCEEDED', polls: 2 });
  });
});

describe('progress', () => {
  const more = { progressJsonPath: '$.progress' };
  test.each([[1], [null], [undefined], [true], [['a']]])(
    '%j ends TERMINAL, though the word is a success',
    async (progress) => {
      const { result } = await polled([{ json: { status: 'SUCCEEDED', progress } }], more);
      expect(result).toMatchObject({ status: 'TERMINAL', cancelCalled: true });
    },
  );
  test('an empty text is fine', async () => {
    const { result } = await polled([{ json: { status: 'SUCCEEDED', progress: '' } }], more);
    expect(result).toMatchObject({ status: 'SUCCEEDED' });
  });
});

describe('polls: status codes', () => {
  const DONE = { json: { status: 'SUCCEEDED' } };
  test.each([404, 400, 401, 403, 410, 422])('%i ends TERMINAL and cancels', async (status) => {
    const { server, result } = await polled([{ status }, DONE]);
    expect(result).toMatchObject({ status: 'TERMINAL', polls: 1, cancelAnswer: 200 });
    expect(server.of('POST', '/cancel')).toHaveLength(1);
  });
  test('404 is tried again where retryStatusCodes names it', async () => {
    const { result } = await polled([{ status: 404 }, DONE], { retryStatusCodes: [404] });
    expect(result).toMatchObject({ status: 'SUCCEEDED', polls: 2 });
  });
  test.each([429, 500, 502, 503, 504, 511])('%i is tried again, failFast or not', async (status) => {
    const { result } = await polled([{ status }, DONE], { failFastStatusCodes: [status] });
    expect(result).toMatchObject({ status: 'SUCCEEDED', polls: 2 });
    expect(result.context).toHaveProperty('webhook.monitor.pastStatusCodes', [status]);
  });
  test('retries decides alone, and over all polls', async () => {
    const more = { retries: { '404': { maxAttempts: 2 }, '503': { maxAttempts: 0 } } };
    const { result } = await polled(
      [{ status: 404 }, { json: { status: 'X' } }, { status: 404 }, { status: 404 }],
      more,
    );
    expect(result).toMatchObject({ status: 'TERMINAL', polls: 4 });
    expect((await polled([{ status: 503 }, DONE], more)).result).toMatchObject({ status: 'TERMINAL', polls: 1 });
  });
  test('203 and 207 are fine; 299 breaks the next one', async () => {
    const running = { json: { status: 'X' } };
    expect(
      (
        await polled([
          { status: 203, ...running },
          { status: 207, ...DONE },
        ])
      ).result,
    ).toMatchObject({ status: 'SUCCEEDED' });
    const { result } = await polled([{ status: 299, ...running }, DONE]);
    expect(result).toMatchObject({ status: 'TERMINAL', polls: 1, error: 'No matching constant for [299]' });
  });
  test('a timeout is tried again; a closed fresh connection is not', async () => {
    expect((await polled(['silence', DONE], { requestTimeoutMs: 100 })).result).toMatchObject({ status: 'SUCCEEDED' });
    const server = await serve(({ method, headers }) =>
      method === 'POST'
        ? { status: 202, json: {}, headers: { Location: `http://${headers.host}/runs/1`, Connection: 'close' } }
        : 'hangUp',
    );
    expect(await playWebhookStage(stage(server.url))).toMatchObject({ status: 'TERMINAL', polls: 1 });
  });
  test('an unknown host is tried again, until the time of the stage', async () => {
    const server = await serve(() => ({
      status: 202,
      json: {},
      headers: { Location: 'http://no-such-host.invalid/1' },
    }));
    const result = await playWebhookStage({ ...stage(server.url), requestTimeoutMs: 5_000, stageTimeoutMs: 300 });
    expect(result).toMatchObject({ status: 'TERMINAL', error: expect.stringContaining('timed out') });
  });
});

describe('polls: bodies', () => {
  const typed = (type: string | undefined, raw = '{"status":"SUCCEEDED"}'): Said => ({
    raw,
    headers: type === undefined ? {} : { 'Content-Type': type },
  });
  test.each([
    'application/json',
    'application/json;charset=UTF-8',
    'application/problem+json',
    'application/vnd.x+json',
  ])('%s is read as JSON', async (type) => {
    expect((await polled([typed(type)])).result).toMatchObject({ status: 'SUCCEEDED' });
  });
  test.each(['text/plain', 'application/octet-stream', undefined])('%s ends TERMINAL', async (type) => {
    expect((await polled([typed(type)])).result).toMatchObject({ status: 'TERMINAL', polls: 1 });
  });
  test.each(['{"status":"SUCC', '', 'null'])('%j ends TERMINAL', async (raw) => {
    expect((await polled([typed('application/json', raw)])).result).toMatchObject({ status: 'TERMINAL', polls: 1 });
  });
  test('204 ends TERMINAL', async () => {
    expect((await polled([{ status: 204 }])).result).toMatchObject({ status: 'TERMINAL' });
  });
});

describe('the context', () => {
  test('keeps the whole last body, without its nulls', async () => {
    const big = 'x'.repeat(200_000);
    const { result } = await polled([{ json: { status: 'SUCCEEDED', amiId: null, big } }]);
    expect(result.context).toHaveProperty('webhook.monitor.body.big', big);
    expect(result.context).not.toHaveProperty('webhook.monitor.body.amiId');
  });
  test('holds no body after a poll that failed', async () => {
    const contexts: Readonly<Record<string, unknown>>[] = [];
    await polled([{ json: { status: 'X' } }, { status: 503 }, { json: { status: 'SUCCEEDED' } }], {
      onProgress: ({ context }) => contexts.push(context),
    });
    expect(contexts.map((context) => JSON.stringify(context).includes('"body":{"status"'))).toEqual([
      ...[false, false, true, false, true],
    ]);
  });
});

describe('expressions', () => {
  test('texts of an answer are evaluated before the next task, and told', async () => {
    const bodies: unknown[] = [];
    const answer = {
      json: { status: 'X', progress: '', sum: '${1+1}', app: 'of ${execution.application}', odd: '${T(x)}' },
    };
    const { result } = await polled([answer, { status: 503 }, { json: { status: 'SUCCEEDED', progress: '' } }], {
      roots: { execution: { application: 'goldenami' } },
      statusUrlResolution: 'locationHeader',
      onProgress: ({ context }) => bodies.push(context),
    });
    expect(result.expressions).toEqual(['${1+1}', 'of ${execution.application}', '${T(x)}']);
    expect(JSON.stringify(bodies)).toContain('${1+1}');
  });
  test('of create’s answer are values by the time of the first poll', async () => {
    const server = await serve(({ method, headers }) =>
      method === 'POST'
        ? {
            status: 202,
            json: { sum: '${1+1}', app: 'of ${execution.application}' },
            headers: { Location: `http://${headers.host}/s` },
          }
        : { json: { status: 'SUCCEEDED' } },
    );
    const result = await playWebhookStage(stage(server.url, { roots: { execution: { application: 'goldenami' } } }));
    expect(result.context).toHaveProperty('webhook.body', { sum: 2, app: 'of goldenami' });
  });
  test('of the stage are evaluated before create', async () => {
    const server = await serve(() => ({ json: { status: 'SUCCEEDED' } }));
    await playWebhookStage(
      stage(server.url, {
        statusUrlResolution: 'getMethod',
        roots: { execution: { id: '01H' }, stage: { refId: '3' }, parameters: { 'base-os': 'ubuntu' } },
        headers: { 'Idempotency-Key': "${execution.id}-${#currentStage()['refId']}" },
        payload: { os: "${parameters['base-os']}" },
      }),
    );
    expect(server.seen[0]?.headers).toMatchObject({ 'idempotency-key': '01H-3' });
    expect(String(server.seen[0]?.body)).toBe('{"os":"ubuntu"}');
  });
  test.each([
    ['a text, with its quotes', 'say "no"\n\\', '{"why":"say \\"no\\"\\n\\\\","by":"eve"}'],
    ['nothing', undefined, '{"why":null,"by":"eve"}'],
    // ExpressionsSupport.toJson throws, and the whole text stays raw: no JSON, so nobody takes it for a request.
    ['an expression', '${1+1}', '{"why":${#toJson(parameters.why)},"by":"${trigger.user}"}'],
  ])('write as JSON %s', async (_, why, body) => {
    const server = await serve(() => ({ json: { status: 'SUCCEEDED' } }));
    await playWebhookStage(
      stage(server.url, {
        statusUrlResolution: 'getMethod',
        roots: { parameters: { why }, trigger: { user: 'eve' } },
        headers: { 'Content-Type': 'application/json' },
        payload: '{"why":${#toJson(parameters.why)},"by":"${trigger.user}"}',
      }),
    );
    expect(String(server.seen[0]?.body)).toBe(body);
  });
  test('in cancelEndpoint that need the answer are sent raw before the first poll, and evaluated after it', async () => {
    const cancelEndpoint = (url: string): string => `${url}/cancel/` + '${webhook.body.id}';
    const bad = await serve(() => ({ status: 400, json: { id: '7' } }));
    await playWebhookStage(stage(bad.url, { cancelEndpoint: cancelEndpoint(bad.url) }));
    expect(bad.seen.at(-1)?.path).toBe('/cancel/$%7Bwebhook.body.id%7D');
    const late = await serve(({ path, headers }) =>
      path === '/runs'
        ? { status: 202, json: { id: '7' }, headers: { Location: `http://${headers.host}/s` } }
        : { json: { status: 'FAILED' } },
    );
    await playWebhookStage(stage(late.url, { cancelEndpoint: cancelEndpoint(late.url) }));
    expect(late.seen.at(-1)?.path).toBe('/cancel/7');
  });
});

describe('cancel', () => {
  test('by the user while it polls: called once; POST by default', async () => {
    const abort = new AbortController();
    const { server, result } = await polled([{ json: { status: 'X' } }], {
      signal: abort.signal,
      onProgress: ({ context }) => {
        if (JSON.stringify(context).includes('monitor')) abort.abort();
      },
    });
    expect(result).toMatchObject({ status: 'CANCELED', cancelCalled: true, cancelAnswer: 200 });
    expect(server.of('POST', '/cancel')).toHaveLength(1);
  });
  test('during create or the wait before polls: not called', async () => {
    for (const more of [{ createBackoffMs: 500 }, { waitBeforeMonitorMs: 500 }]) {
      const abort = new AbortController();
      const server = await serve(() => {
        setTimeout(() => abort.abort(), 20);
        return 'createBackoffMs' in more ? { status: 503 } : { json: {} };
      });
      const result = await playWebhookStage(
        stage(server.url, { ...more, signal: abort.signal, statusUrlResolution: 'getMethod' }),
      );
      expect(result).toMatchObject({ status: 'CANCELED', cancelCalled: false });
    }
  });
  test('when the remote says canceled, and as often as a task is handed out', async () => {
    const { server, result } = await polled([{ json: { status: 'CANCELED' } }], { cancelCalls: 2 });
    expect(result).toMatchObject({ status: 'CANCELED', cancelCalled: true });
    expect(server.of('POST', '/cancel')).toHaveLength(2);
  });
  test('when the stage times out', async () => {
    const { result } = await polled([{ json: { status: 'X' } }], { stageTimeoutMs: 30 });
    expect(result).toMatchObject({ status: 'TERMINAL', cancelCalled: true });
  });
  test('not for a failure that is ignored; for a stopped branch it is', async () => {
    const failed = [{ json: { status: 'FAILED' } }];
    expect((await polled(failed, { onFailure: 'continue' })).result).toMatchObject({
      status: 'FAILED_CONTINUE',
      cancelCalled: false,
    });
    expect((await polled(failed, { onFailure: 'stop' })).result).toMatchObject({
      status: 'STOPPED',
      cancelCalled: true,
    });
  });
  test.each([404, 409, 500, 503])('its answer %i changes nothing', async (status) => {
    const server = await serve(({ path }) => (path === '/cancel' ? { status } : { json: { status: 'FAILED' } }));
    const result = await playWebhookStage(stage(server.url, { statusUrlResolution: 'getMethod' }));
    expect(result).toMatchObject({ status: 'TERMINAL', cancelAnswer: status });
  });
  test.each(['/relative', 'http://no-such-host.invalid/'])(
    'at %s nothing is answered, and nothing changes',
    async (cancelEndpoint) => {
      const server = await serve(() => ({ json: { status: 'FAILED' } }));
      const result = await playWebhookStage({
        ...stage(server.url, { statusUrlResolution: 'getMethod', cancelEndpoint }),
        requestTimeoutMs: 5_000,
      });
      expect(result).toMatchObject({ status: 'TERMINAL', cancelAnswer: null });
    },
  );
});

describe('headers and payload', () => {
  test('its own go on create, polls and cancel; Spinnaker’s are stripped', async () => {
    const denied = ['USER', 'ACCOUNT', 'USER-ORIGIN', 'REQUEST-ID', 'EXECUTION-ID'].map((name) => [
      `X-SPINNAKER-${name}`,
      'a',
    ]);
    const headers = { ...Object.fromEntries(denied), 'X-Api-Key': 'k', 'X-Spinnaker-Other': 'o' } as Record<
      string,
      string
    >;
    const { server } = await polled([{ json: { status: 'FAILED' } }], { headers });
    expect(server.seen).toHaveLength(3);
    for (const one of server.seen) {
      expect(one.headers).toMatchObject({ 'x-api-key': 'k', 'x-spinnaker-other': 'o' });
      expect(Object.keys(one.headers).filter((name) => /^x-spinnaker-(?!other)/.test(name))).toEqual([]);
    }
  });
  test('a text payload goes as ISO 8859-1 text', async () => {
    const { server } = await created([{ status: 202, json: {} }], { payload: '{"a":"é€"}' });
    expect(server.seen[0]?.headers['content-type']).toBe('text/plain;charset=ISO-8859-1');
    expect(server.seen[0]?.body).toEqual(Buffer.from('{"a":"\xe9?"}', 'latin1'));
  });
  test('a text payload with a type of its own goes as that', async () => {
    const headers = { 'Content-Type': 'application/json' };
    const { server } = await created([{ status: 202, json: {} }], { payload: '{"a":"é€"}', headers });
    expect(server.seen[0]?.headers['content-type']).toBe('application/json');
    expect(String(server.seen[0]?.body)).toBe('{"a":"é€"}');
  });
  test('a form goes as a form', async () => {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const { server } = await created([{ status: 202, json: {} }], { payload: { a: 'b c' }, headers });
    expect(String(server.seen[0]?.body)).toBe('a=b+c');
  });
  test('polls carry Content-Length: 0', async () => {
    const { server } = await polled([{ json: { status: 'SUCCEEDED' } }]);
    expect(server.of('GET')[0]?.headers['content-length']).toBe('0');
  });
});

describe('which hosts may be called, by default', () => {
  const restricted = async (url: string): Promise<WebhookResult> => {
    const client = createClient({ restricted: true });
    const result = await playWebhookStage({ ...FAST, url, client });
    client.close();
    return result;
  };
  test.each([
    ['http://localhost:1/x', 'this machine itself'],
    ['http://127.0.0.1:1/x', 'this machine itself'],
    ['http://10.0.0.8/x', 'not a name'],
    ['http://[fe80::1]/x', 'not a name'],
    ['http://assay/x', 'no dot'],
    ['http://assay.example.internal/x', '.internal'],
    ['http://assay.svc.cluster.local/x', '.local'],
  ])('not %s', async (url, why) => {
    expect(await restricted(url)).toMatchObject({
      status: 'TERMINAL',
      creates: 1,
      error: expect.stringContaining(why),
    });
  });
  test('a name with a dot', async () => {
    expect((await restricted('http://no-such-host.invalid/x')).error).not.toContain('not allowed');
  });
});

test('monitorOnly polls what is named, and creates nothing', async () => {
  const server = await serve(() => ({ json: { status: 'SUCCEEDED' } }));
  const more = { monitorOnly: true, statusEndpoint: ` ${server.url}/there ` };
  expect(await playWebhookStage(stage(server.url, more))).toMatchObject({ status: 'SUCCEEDED', creates: 0, polls: 1 });
  expect(server.seen.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /there']);
});
