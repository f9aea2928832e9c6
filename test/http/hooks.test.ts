import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Conflict } from '../../src/client/errors';
import { BadInput } from '../../src/domain/errors';
import { parsePath } from '../../src/domain/hook';
import { requestFaults } from '../../src/domain/request';
import { tempDir } from '../setup/helpers';
import { quickSettings } from '../workflows/stub-world';
import { BODY, github, hookOf, standard, webhookSecret } from './deliveries';
import { doors, PUBLIC_URL, statusOf, type Call } from './door';

const open = doors();
const SECRET = webhookSecret();
const GITHUB = 'It’s a Secret to Everybody';

const openWith = (change: Parameters<typeof open>[0] = {}) =>
  open({
    hooks: () =>
      new Map([
        ['jenkins', hookOf('standardWebhooks', [SECRET])],
        ['github', hookOf('github', [GITHUB])],
      ]),
    ...change,
  });
const started = (calls: readonly Call[]) => calls.filter(([name]) => name === 'start').map(([, order]) => order);

test('a signed delivery starts a run without an API key: 202, the status document, Location', async () => {
  const door = await openWith();
  const answer = await door.post('/v1/hooks/ci/jenkins', BODY, undefined, standard(BODY, { secrets: [SECRET] }));
  expect(answer.status).toBe(202);
  const run = (await answer.json()) as { id: string; status: string };
  expect(run).toMatchObject({ status: 'RUNNING' });
  expect(run.id).toMatch(/^ci-jenkins-[0-9a-f]{32}$/);
  expect(answer.headers.get('location')).toBe(`${PUBLIC_URL}/v1/runs/${run.id}`);
  expect(started(door.calls)).toEqual([
    {
      key: run.id,
      credential: 'ci:jenkins',
      subject: null,
      once: `msg_1 ${createHash('sha256').update(BODY).digest('hex')}`,
      request: {
        line: 'golden',
        parameters: { packageVersion: '1.4' },
        requestedBy: 'ci:jenkins',
        source: { kind: 'ci', executionId: 'msg_1' },
      },
    },
  ]);
});

test('the examples of both descriptions are accepted, to the byte', async () => {
  // Standard Webhooks, "Signature scheme": libraries' common test vector.
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const body = '{"test": 2432232314}';
  const vector = {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  };
  const mapping = { parameters: {} };
  const standardDoor = await open({
    hooks: () => new Map([['x', hookOf('standardWebhooks', [secret], { mapping })]]),
    now: () => 1_614_265_330_000,
  });
  expect((await standardDoor.post('/v1/hooks/ci/x', body, undefined, vector)).status).toBe(202);
  // GitHub, "Testing the webhook payload validation".
  const hub = {
    'x-hub-signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
    'x-github-event': 'push',
    'x-github-delivery': 'd-1',
  };
  const hubDoor = await open({
    hooks: () => new Map([['x', hookOf('github', ["It's a Secret to Everybody"], { mapping })]]),
  });
  const answer = await hubDoor.post('/v1/hooks/ci/x', 'Hello, World!', undefined, hub);
  // Its signature fits; that its body is no JSON is told only then.
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ errors: [{ detail: 'the body is not valid JSON' }] });
});

describe('what is refused is refused with one answer, and starts nothing', () => {
  const good = (): Record<string, string> => standard(BODY, { secrets: [SECRET] });
  const without = (name: string): Record<string, string> => {
    const { [name]: _left, ...rest } = good();
    return rest;
  };
  const minutes = (n: number): Record<string, string> =>
    standard(BODY, { secrets: [SECRET], at: Date.now() + n * 60_000 });
  const cases: readonly [string, string, () => Record<string, string>, string?][] = [
    ['no headers', 'jenkins', () => ({})],
    ['no id', 'jenkins', () => without('webhook-id')],
    ['no time', 'jenkins', () => without('webhook-timestamp')],
    ['no signature', 'jenkins', () => without('webhook-signature')],
    ['another secret', 'jenkins', () => standard(BODY, { secrets: [webhookSecret()] })],
    ['another body', 'jenkins', good, `${BODY} `],
    ['another id', 'jenkins', () => ({ ...good(), 'webhook-id': 'msg_2' })],
    ['another time', 'jenkins', () => ({ ...good(), 'webhook-timestamp': String(Math.floor(Date.now() / 1000) + 1) })],
    ['six minutes ago', 'jenkins', () => minutes(-6)],
    ['in six minutes', 'jenkins', () => minutes(6)],
    ['a time that is none', 'jenkins', () => ({ ...good(), 'webhook-timestamp': 'now' })],
    [
      'a later version',
      'jenkins',
      () => ({ ...good(), 'webhook-signature': (good()['webhook-signature'] ?? '').replace('v1', 'v2') }),
    ],
    ['a half signature', 'jenkins', () => ({ ...good(), 'webhook-signature': 'v1,abcd' })],
    ['a signature of nothing', 'jenkins', () => ({ ...good(), 'webhook-signature': 'v1,' })],
    ['an id with a blank', 'jenkins', () => standard(BODY, { secrets: [SECRET], id: 'a b' })],
    ['an endless id', 'jenkins', () => standard(BODY, { secrets: [SECRET], id: 'a'.repeat(201) })],
    ['an unknown source', 'nobody', good],
    ['a name of Object’s', 'constructor', good],
    ['the other way of signing', 'github', good],
    ['GitHub, no headers', 'github', () => ({})],
    ['GitHub, another secret', 'github', () => github(BODY, { secret: 'x' })],
    ['GitHub, another body', 'github', () => github(BODY, { secret: GITHUB }), '{}'],
    [
      'GitHub, the old SHA-1',
      'github',
      () => ({
        ...github(BODY, { secret: 'x' }),
        'x-hub-signature': `sha1=${createHmac('sha1', GITHUB).update(BODY).digest('hex')}`,
      }),
    ],
    ['GitHub, no id', 'github', () => ({ ...github(BODY, { secret: GITHUB }), 'x-github-delivery': '' })],
    [
      'GitHub, in capitals',
      'github',
      () => ({
        ...github(BODY, { secret: GITHUB }),
        'x-hub-signature-256': (github(BODY, { secret: GITHUB })['x-hub-signature-256'] ?? '').toUpperCase(),
      }),
    ],
    ['no JSON, unsigned', 'jenkins', () => ({}), '{'],
  ];

  test('by both ways of signing and for a source that is not there', async () => {
    const door = await openWith();
    const answers = new Set<string>();
    for (const [name, source, headers, body = BODY] of cases) {
      const answer = await door.post(`/v1/hooks/ci/${source}`, body, undefined, headers());
      const text = await answer.text();
      if (answer.status !== 401) throw new Error(`${name}: ${answer.status} ${text}`);
      const told = [...answer.headers].filter(([header]) => !['x-request-id', 'date'].includes(header));
      answers.add(JSON.stringify([text, told]));
    }
    expect(answers.size).toBe(1);
    expect([...answers][0]).toContain('problems/unsigned');
    expect(door.calls).toEqual([]);
    // Why is for the operator, and the secret is for nobody.
    expect(door.logged()).toContain('more than five minutes from ours');
    expect(door.logged()).not.toContain(SECRET);
    expect(door.logged()).not.toContain(GITHUB);
  });

  test('an API key is no signature', async () => {
    const door = await openWith();
    expect((await door.post('/v1/hooks/ci/jenkins', BODY, 'ci-secret-0001')).status).toBe(401);
  });

  test('what is too large is not even hashed, and what asks too often waits', async () => {
    const door = await openWith({ rateLimit: { perSecond: 0.01, burst: 2 } });
    expect((await door.post('/v1/hooks/ci/jenkins', 'x'.repeat(256 * 1024 + 1))).status).toBe(413);
    expect((await door.post('/v1/hooks/ci/jenkins', BODY)).status).toBe(401);
    const answer = await door.post('/v1/hooks/ci/jenkins', BODY, undefined, good());
    expect(answer.status).toBe(429);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});

test('within five minutes either way a time is good', async () => {
  const door = await openWith();
  for (const [index, minutes] of [-4.9, 4.9].entries()) {
    const headers = standard(BODY, { secrets: [SECRET], id: `m${index}`, at: Date.now() + minutes * 60_000 });
    expect((await door.post('/v1/hooks/ci/jenkins', BODY, undefined, headers)).status).toBe(202);
  }
});

test('secrets are replaced without a gap: sender and receiver may each have two, and one that cannot be read stops nobody', async () => {
  const [old, next, other] = [webhookSecret(), webhookSecret(), webhookSecret()];
  const broken = (): string => {
    throw new Error('the environment variable NEXT is not set');
  };
  let secrets: (string | (() => string))[] = [old];
  const door = await openWith({ hooks: () => new Map([['x', hookOf('standardWebhooks', secrets)]]) });
  const send = async (by: readonly string[]): Promise<number> =>
    (await door.post('/v1/hooks/ci/x', BODY, undefined, standard(BODY, { secrets: by }))).status;
  expect(await send([old])).toBe(202);
  expect(await send([next])).toBe(401);
  secrets = [next, old];
  expect(await send([old])).toBe(202);
  expect(await send([next])).toBe(202);
  expect(await send([other, next])).toBe(202);
  secrets = [next];
  expect(await send([old])).toBe(401);
  secrets = [broken, next];
  expect(await send([next])).toBe(202);
  secrets = [broken];
  expect(await send([next])).toBe(401);
  expect(door.logged()).toContain('a secret of a hook cannot be used');
});

test.each(['whsec_', '', '\n\n', 'whsec_TODO', 'whsec_${UNSET}', 'change me, please!'])(
  'a secret that has become %j is none: whoever guesses its key signs nothing',
  async (secret) => {
    const key = secret.replace(/^whsec_/, '');
    const door = await openWith({ hooks: () => new Map([['x', hookOf('standardWebhooks', [() => secret])]]) });
    const answer = await door.post('/v1/hooks/ci/x', BODY, undefined, standard(BODY, { secrets: [`whsec_${key}`] }));
    expect(answer.status).toBe(401);
    expect(door.logged()).toContain('is no secret of Standard Webhooks');
  },
);

test.each(['\n', '   ', 'short'])('nor does GitHub sign with %j', async (secret) => {
  const door = await openWith({ hooks: () => new Map([['x', hookOf('github', [() => secret])]]) });
  const answer = await door.post('/v1/hooks/ci/x', BODY, undefined, github(BODY, { secret }));
  expect(answer.status).toBe(401);
  expect(door.logged()).toContain('is no secret: at least 16 characters');
});

test('a delivery that the settings ask nothing for answers 200 and says why', async () => {
  const when = [
    { what: 'event' as const, shown: 'event', anyOf: ['release'] },
    { what: parsePath('$.action') ?? [], shown: '$.action', anyOf: ['published'] },
  ];
  const door = await openWith({
    hooks: () => new Map([['github', hookOf('github', [GITHUB], { mapping: { when } })]]),
  });
  const send = (body: string, event?: string) =>
    door.post('/v1/hooks/ci/github', body, undefined, github(body, { secret: GITHUB, ...(event && { event }) }));
  expect((await send(BODY)).status).toBe(202);
  const push = await send(BODY, 'push');
  expect([push.status, await push.json()]).toEqual([200, { started: false, reason: 'event is not release' }]);
  const draft = await send('{"action":"${drafted}"}');
  expect([draft.status, await draft.json()]).toEqual([200, { started: false, reason: '$.action is not published' }]);
  expect(await (await send('{}', 'ping')).json()).toEqual({ started: false, reason: 'a ping starts nothing' });
  expect(started(door.calls)).toHaveLength(1);
});

test.each([
  ['no JSON', '{"a":'],
  ['no UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
  ['nothing', ''],
  ['a form', 'payload=%7B%7D'],
])('a signed body that is %s is refused', async (_name, body) => {
  const door = await openWith();
  const answer = await fetch(`${door.url}/v1/hooks/ci/github`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...github(body, { secret: GITHUB }) },
    body: typeof body === 'string' ? body : new Uint8Array(body),
  });
  expect([answer.status, door.calls]).toEqual([400, []]);
});

test('an expression is refused by its place and not repeated, and so is a text that is none', async () => {
  const settings = quickSettings();
  const door = await openWith({
    runs: {
      start: async ({ request, key }) => {
        const faults = requestFaults(request, settings.line, settings.spinnaker);
        if (faults.length > 0) throw new BadInput(faults);
        return statusOf(key ?? '');
      },
    },
  });
  const evil = JSON.stringify({ release: { tag_name: 'x${T(java.lang.Runtime)}' } });
  const answer = await door.post('/v1/hooks/ci/github', evil, undefined, github(evil, { secret: GITHUB }));
  const text = await answer.text();
  expect(answer.status).toBe(400);
  expect(text).toContain('#/parameters/packageVersion');
  expect(text + door.logged()).not.toContain('java.lang');
  for (const tag of [7, null, ['x'], { x: 'y' }, undefined]) {
    const body = JSON.stringify({ release: { tag_name: tag } });
    const refused = await door.post('/v1/hooks/ci/github', body, undefined, github(body, { secret: GITHUB }));
    expect([refused.status, await refused.json()]).toEqual([
      400,
      expect.objectContaining({
        errors: [{ pointer: '#/parameters/packageVersion', detail: 'the payload has no text at $.release.tag_name' }],
      }),
    ]);
  }
});

test('deep, wide and inherited payloads harm nobody', async () => {
  const door = await openWith();
  const bodies = [
    '['.repeat(100_000) + ']'.repeat(100_000),
    `{"release":{"__proto__":{"tag_name":"1"}}}`,
    `{"__proto__":{"release":{"tag_name":"1"}}}`,
    `{"release":"${'x'.repeat(200_000)}"}`,
  ];
  for (const body of bodies)
    expect((await door.post('/v1/hooks/ci/github', body, undefined, github(body, { secret: GITHUB }))).status).toBe(
      400,
    );
  expect((await door.get('/livez')).status).toBe(200);
});

test('only POST is there, under both paths', async () => {
  const door = await openWith();
  expect((await door.get('/v1/hooks/ci/jenkins')).status).toBe(405);
  const answer = await door.post('/assay/v1/hooks/ci/jenkins', BODY, undefined, standard(BODY, { secrets: [SECRET] }));
  expect(answer.status).toBe(202);
});

test('GitHub signs no id: a body that comes again under another one is a conflict, unless the config lets it start', async () => {
  const keys: (string | undefined)[] = [];
  let sameBodyAgain: 'refuse' | 'start' = 'refuse';
  const door = await openWith({
    hooks: () => new Map([['github', hookOf('github', [GITHUB], { sameBodyAgain })]]),
    runs: {
      start: async ({ key, request }) => {
        if (keys.includes(key) && request.source?.executionId !== 'a') throw new Conflict('the key is taken');
        keys.push(key);
        return statusOf(key ?? '');
      },
    },
  });
  const send = async (id: string): Promise<number> =>
    (await door.post('/v1/hooks/ci/github', BODY, undefined, github(BODY, { secret: GITHUB, id }))).status;
  expect([await send('a'), await send('a'), await send('b')]).toEqual([202, 202, 409]);
  expect(new Set(keys).size).toBe(1);
  sameBodyAgain = 'start';
  expect([await send('a'), await send('b')]).toEqual([202, 202]);
  expect(new Set(keys).size).toBe(3);
});

test('two sources never share a key, whatever their senders number', async () => {
  const hook = hookOf('standardWebhooks', [SECRET]);
  const door = await openWith({
    hooks: () =>
      new Map([
        ['a', hook],
        ['a-b', hook],
      ]),
  });
  for (const [source, id] of [
    ['a', 'b-c'],
    ['a-b', 'c'],
    ['a', 'c'],
  ] as const)
    await door.post(`/v1/hooks/ci/${source}`, BODY, undefined, standard(BODY, { secrets: [SECRET], id }));
  expect(new Set(started(door.calls).map((order) => (order as { key: string }).key)).size).toBe(3);
});

test('the example script sends a delivery that is accepted, the same one under the same id', async () => {
  const door = await openWith();
  const folder = tempDir();
  writeFileSync(join(folder, 'payload.json'), BODY);
  const send = async (env: Record<string, string>): Promise<{ id: string }> => {
    const { stdout } = await promisify(execFile)(
      join(__dirname, '../../examples/ci-hook.sh'),
      [join(folder, 'payload.json')],
      { env: { PATH: process.env['PATH'], ASSAY_URL: door.url, HOOK_SOURCE: 'jenkins', HOOK_SECRET: SECRET, ...env } },
    );
    return JSON.parse(stdout) as { id: string };
  };
  const first = await send({ HOOK_ID: 'build-7' });
  expect(first.id).toMatch(/^ci-jenkins-/);
  expect((await send({ HOOK_ID: 'build-7' })).id).toBe(first.id);
  expect((await send({})).id).not.toBe(first.id);
  await expect(send({ HOOK_SECRET: webhookSecret() })).rejects.toMatchObject({
    stdout: expect.stringContaining('unsigned'),
  });
}, 30_000);
