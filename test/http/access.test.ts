import { createHash } from 'node:crypto';
import { createConnection } from 'node:net';
import { doors, KEYS, PUBLIC_URL, type Door } from './door';

const open = doors();

const PLACES = [
  ['GET', '/v1/runs'],
  ['GET', '/v1/runs/r-1'],
  ['GET', '/v1/runs/r-1/report'],
  ['POST', '/v1/runs'],
  ['POST', '/v1/runs/r-1/decisions'],
  ['POST', '/v1/runs/r-1/cancel'],
  ['POST', '/v1/runs/by-key/r-1/cancel'],
  ['GET', '/v1/lines'],
  ['GET', '/v1/lines/golden'],
  ['GET', '/v1/lines/golden/images'],
  ['GET', '/v1/lines/golden/approved'],
  ['GET', '/metrics'],
] as const;

const ask = (door: Door, method: string, path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${door.url}${path}`, { method, headers, redirect: 'manual' });

test.each(PLACES)(
  '%s %s is refused without a key, with an unknown one, and with one that is over',
  async (method, path) => {
    const door = await open();
    for (const headers of [
      {},
      { authorization: 'Bearer nobody' },
      { 'x-api-key': 'nobody' },
      { authorization: `Basic ${Buffer.from(`x:${KEYS.ci}`).toString('base64')}` },
      { authorization: `Bearer ${KEYS.old}` },
      { 'x-api-key': ` ${KEYS.ci.slice(0, -1)}` },
    ]) {
      const answer = await ask(door, method, path, headers);
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer realm="assay"/);
      expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(await answer.json()).toMatchObject({ type: `${PUBLIC_URL}/problems/unauthenticated`, status: 401 });
    }
    expect(door.calls).toEqual([]);
  },
);

test.each([
  ['POST', '/v1/runs', KEYS.reader, 'runs:write'],
  ['POST', '/v1/runs/r-1/cancel', KEYS.reader, 'runs:write'],
  ['POST', '/v1/runs/by-key/r-1/cancel', KEYS.reader, 'runs:write'],
  ['POST', '/v1/runs/r-1/decisions', KEYS.ci, 'decisions:write'],
  ['GET', '/v1/runs/r-1', KEYS.admin, 'runs:read'],
  ['GET', '/v1/lines', KEYS.admin, 'runs:read'],
])('%s %s with a key that lacks the scope is 403, which names it', async (method, path, key, scope) => {
  const door = await open();
  const answer = await ask(door, method, path, { authorization: `Bearer ${key}` });
  expect(answer.status).toBe(403);
  expect(await answer.json()).toMatchObject({
    type: `${PUBLIC_URL}/problems/forbidden`,
    detail: expect.stringContaining(scope),
  });
  expect(door.calls).toEqual([]);
});

test('both headers take a key, and a key in the address does not', async () => {
  const door = await open();
  expect((await ask(door, 'GET', '/v1/lines', { 'x-api-key': KEYS.reader })).status).toBe(200);
  expect((await ask(door, 'GET', '/v1/lines', { authorization: `bearer ${KEYS.reader}` })).status).toBe(200);
  expect((await ask(door, 'GET', `/v1/lines?key=${KEYS.reader}`)).status).toBe(401);
});

test.each(['two words', 'Schlüssel 鍵', 'a\tb', '"${x}"'])('no form is demanded of a key: %j', async (key) => {
  const sha256 = createHash('sha256').update(key).digest('hex');
  const door = await open({ access: () => ({ keys: [{ id: 'x', sha256, scopes: ['runs:read'] }], revoked: [] }) });
  // fetch sends each character of a header as one byte.
  const sent = Buffer.from(key, 'utf8').toString('latin1');
  expect((await ask(door, 'GET', '/v1/lines', { authorization: `Bearer ${sent}` })).status).toBe(200);
  expect((await ask(door, 'GET', '/v1/lines', { 'x-api-key': sent })).status).toBe(200);
  expect((await ask(door, 'GET', '/v1/lines', { 'x-api-key': `${sent}x` })).status).toBe(401);
});

test('a key that is taken out of the config is refused at once', async () => {
  let keys = [
    { id: 'x', sha256: 'c7be1ed902fb8dd4d48997c6452f5d7e509fbcdbe2808b16bcf4edce4c07d14e', scopes: ['runs:read'] },
  ];
  const door = await open({ access: () => ({ keys, revoked: [] }) });
  // The SHA-256 of this text is the one above.
  const key = 'This is a test';
  expect((await door.get('/v1/lines', key)).status).toBe(200);
  keys = [];
  expect((await door.get('/v1/lines', key)).status).toBe(401);
});

test('each credential has its own rate, and is told when to come again', async () => {
  let now = Date.parse('2026-11-24T00:00:00Z');
  const door = await open({ rateLimit: { perSecond: 0.5, burst: 3 }, now: () => now });
  const statuses = async (key: string, times: number): Promise<number[]> => {
    const got: number[] = [];
    for (let n = 0; n < times; n += 1) got.push((await door.get('/v1/lines', key)).status);
    return got;
  };
  expect(await statuses(KEYS.reader, 4)).toEqual([200, 200, 200, 429]);
  const refused = await door.get('/v1/lines', KEYS.reader);
  expect(refused.headers.get('retry-after')).toBe('2');
  expect(await refused.json()).toMatchObject({ type: `${PUBLIC_URL}/problems/too-many-requests`, status: 429 });
  expect(await statuses(KEYS.ci, 1)).toEqual([200]);
  now += 2_000;
  expect(await statuses(KEYS.reader, 2)).toEqual([200, 429]);
});

test('whoever shows no good key is counted by address, which X-Forwarded-For changes only behind a trusted proxy', async () => {
  for (const trustProxy of [false, true]) {
    const door = await open({ rateLimit: { perSecond: 1, burst: 2 }, now: () => 0, trustProxy });
    const got: number[] = [];
    for (const address of ['10.0.0.1', '10.0.0.2', '10.0.0.3'])
      got.push((await door.get('/v1/lines', 'nobody', { 'x-forwarded-for': address })).status);
    expect(got).toEqual(trustProxy ? [401, 401, 401] : [401, 401, 429]);
    expect((await door.get('/livez')).status).toBe(200);
  }
});

test('the request’s host makes no URL, forwarded or not', async () => {
  const door = await open({ trustProxy: true });
  const forged = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http', forwarded: 'host=evil.example' };
  for (const path of ['/login', '/v1/nothing', '/openapi.json', '/'])
    expect(await (await door.get(path, undefined, forged)).text()).not.toContain('evil.example');
});

test('every answer carries the security headers and the request’s id', async () => {
  const door = await open();
  for (const path of ['/livez', '/v1/runs', '/login', '/nowhere', '/v1/runs/%zz', '/assets/assay.js']) {
    const { headers } = await door.get(path, undefined, { 'x-request-id': 'abc-1' });
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('strict-transport-security')).toMatch(/max-age/);
    expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*script-src 'self' https:\/\/assay/);
    expect(headers.get('content-security-policy')).not.toMatch(/unsafe/);
    if (!path.includes('%')) expect(headers.get('x-request-id')).toBe('abc-1');
  }
  const odd = await door.get('/livez', undefined, { 'x-request-id': 'a b"c' });
  expect(odd.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
});

test.each([
  ['GET', '/nowhere', 404, 'not-found'],
  ['GET', '/v2/runs', 404, 'not-found'],
  ['DELETE', '/v1/runs/r-1', 405, 'method-not-allowed'],
  ['PUT', '/v1/runs', 405, 'method-not-allowed'],
  ['OPTIONS', '/v1/runs', 405, 'method-not-allowed'],
  ['POST', '/assay/v1/lines', 405, 'method-not-allowed'],
  ['GET', '/v1/runs/%zz', 400, 'bad-request'],
])('%s %s is %i with a problem document', async (method, path, status, name) => {
  const door = await open();
  const answer = await ask(door, method, path, { authorization: `Bearer ${KEYS.ci}` });
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(await answer.json()).toMatchObject({ type: `${PUBLIC_URL}/problems/${name}`, status });
  if (status === 405) expect(answer.headers.get('allow')).toMatch(/GET|POST/);
});

test('the public URL’s path may be stripped by a proxy or not', async () => {
  const door = await open();
  for (const prefix of ['', '/assay'])
    for (const path of ['/livez', '/readyz', '/openapi.json', '/login', '/assets/assay.css'])
      expect((await door.get(`${prefix}${path}`)).status).toBe(200);
  expect((await door.get('/assay/v1/runs/r-1', KEYS.reader)).status).toBe(200);
  expect((await door.get('/assay', KEYS.reader)).status).toBe(303);
});

/** Sends a text at once and then another, slowly, again and again. Gives back what has come when the connection is closed. */
function said(door: Door, text: string, slowly?: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = createConnection(Number(new URL(door.url).port), '127.0.0.1', () => socket.write(text));
    const drip = slowly === undefined ? undefined : setInterval(() => socket.write(slowly), 20);
    let got = '';
    socket.on('data', (chunk) => (got += chunk.toString()));
    // The last drop may meet a closed door.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearInterval(drip);
      resolve(got);
    });
  });
}

test('what is no HTTP is answered 400 and the connection closed', async () => {
  const text = await said(await open(), 'HELLO\r\n\r\n');
  expect(text).toMatch(/^HTTP\/1\.1 400 /);
  expect(text).toContain('application/problem+json');
});

test.each([
  ['whose headers trickle in', '', 'X-More: 1\r\n'],
  [
    'whose body trickles in',
    `Authorization: Bearer ${KEYS.ci}\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n`,
    ' ',
  ],
])('a request %s is answered 400 once, never 408, and the connection closed', async (_name, headers, slowly) => {
  const door = await open({ arrivalMs: 200 });
  const text = await said(door, `POST /v1/runs HTTP/1.1\r\nHost: assay\r\n${headers}`, slowly);
  expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 400']);
  expect(text).toContain('application/problem+json');
  expect(door.calls).toEqual([]);
});

test('connections are kept longer than OkHttp’s five minutes', async () => {
  const door = await open();
  expect(door.app.server.keepAliveTimeout).toBeGreaterThan(5 * 60_000);
});

test('the log has method, route, status, credential and run, and neither keys nor bodies nor queries', async () => {
  const door = await open({
    runs: {
      start: async () => {
        throw new Error('boom');
      },
    },
  });
  await door.get('/v1/runs/r-77', KEYS.reader);
  await door.get('/v1/runs?line=secret-line', KEYS.reader);
  await door.get('/v1/lines', 'wrong-key-9');
  await door.get('/assay/v1/lines', undefined, { 'x-api-key': KEYS.ci });
  await door.post('/v1/runs', { line: 'golden', parameters: { password: 'hunter2' } }, KEYS.ci);
  const logged = door.logged();
  for (const secret of [...Object.values(KEYS), 'wrong-key-9', 'hunter2', 'secret-line', 'authorization'])
    expect(logged).not.toContain(secret);
  const entries = logged
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(entries).toContainEqual(
    expect.objectContaining({
      reqId: expect.any(String),
      method: 'GET',
      route: '/v1/runs/:id',
      status: 200,
      ms: expect.any(Number),
      credential: 'reader',
      run: 'r-77',
    }),
  );
  expect(entries).toContainEqual(expect.objectContaining({ route: '/v1/lines', status: 200, credential: 'ci' }));
  expect(entries).toContainEqual(expect.objectContaining({ route: '/v1/runs', status: 500 }));
});
